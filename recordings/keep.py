"""Puts files where they are kept: temporary name, fsync, rename, hash. Blocking: run in a thread."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from recordings.naming import PARTIAL

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file on its final place. *path* is relative to the root."""

    path: str
    size_bytes: int
    sha256: str


def keep(root: Path, relative: str, write: Callable[[BinaryIO], object]) -> KeptFile:
    """Make *relative* below *root* from what *write* writes: whole or not at all. Raises OSError."""
    final, partial = _prepare(root, relative)
    try:
        with partial.open("wb") as file:
            write(file)
        return _finish(root, relative, partial, final)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def keep_made(root: Path, relative: str, make: Callable[[Path], object]) -> KeptFile:
    """As `keep`, where *make* gets the path and opens it itself. What *make* raises is passed on."""
    final, partial = _prepare(root, relative)
    try:
        make(partial)
        return _finish(root, relative, partial, final)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def copy(source: Path, out: BinaryIO) -> None:
    """All bytes of *source*. Raises OSError."""
    with source.open("rb") as file:
        while block := file.read(_BLOCK):
            out.write(block)


def sha256(path: Path) -> str:
    """Hex digest of the file at *path*. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _prepare(root: Path, relative: str) -> tuple[Path, Path]:
    final = root / relative
    final.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    return final, final.with_name(final.name + PARTIAL)


def _finish(root: Path, relative: str, partial: Path, final: Path) -> KeptFile:
    partial.chmod(0o640)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    kept = KeptFile(relative, partial.stat().st_size, sha256(partial))
    partial.replace(final)
    folder = os.open(final.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)  # the new name itself must survive a power cut
    finally:
        os.close(folder)
    return kept
