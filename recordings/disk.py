"""The disk that recordings go to: how full it is, and whether one can write there at all."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path

from crm_core.recordings.model import RecordingReason
from recordings.naming import PROBE

LOW_SHARE = 0.85
LOW_FREE_BYTES = 512 << 20
PROBE_BYTES = 128 << 10  # what a PBX flushes at once for the three files of a call, and some
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True, slots=True)
class Space:
    """Room on the disk, as an ordinary user sees it."""

    total: int
    free: int

    @property
    def used_share(self) -> float:
        """0..1; 1 where nothing is known of the size."""
        return 1 - self.free / self.total if self.total else 1.0

    @property
    def is_low(self) -> bool:
        """Time to make room: 85 % used, or less than 512 MiB left."""
        return self.used_share >= LOW_SHARE or self.free < LOW_FREE_BYTES


def space(root: Path) -> Space:
    """Room on the disk of *root*. Raises OSError."""
    facts = os.statvfs(root)
    return Space(total=facts.f_blocks * facts.f_frsize, free=facts.f_bavail * facts.f_frsize)


def probe(root: Path) -> RecordingReason | None:
    """Why nothing can be written into *root*, found by writing; None when it can."""
    path = root / PROBE
    try:
        try:
            with path.open("wb") as file:
                file.write(bytes(PROBE_BYTES))
        finally:
            path.unlink(missing_ok=True)
    except OSError as error:
        return RecordingReason.DISK_FULL if error.errno in _FULL else RecordingReason.NOT_WRITABLE
    return None
