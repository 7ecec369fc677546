"""Small files of our own: replaced as a whole, for their owner alone to read."""

from __future__ import annotations

import os
from pathlib import Path


def write_private(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Let *path* hold *data* (0600): who reads sees the old file or the new one. Blocking. Raises OSError.

    *durable*: it is on the disk when this returns; without it, a power cut may take it.
    """
    fresh = path.with_suffix(".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    fresh.replace(path)
