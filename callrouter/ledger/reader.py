"""Reads the CEL file as it grows: record by record, from a byte offset, over rotations.

Asterisk opens the file for every record and appends. A rotation renames it (another inode appears under
the name; what is left of the old one is read first) or truncates it (fewer bytes than were read: from the
start again). The files of earlier rotations, `<name>*` beside it, are read when the place to go on from
lies in one of them.

Where one record ends: hostile text may hold line breaks, but in a quoted field every quote is doubled, so
a line break with an even number of quotes before it ends the record. A record that was torn (full disk,
power cut) breaks that count; it ends where a line break is followed by a quote and a capital, or where a new
record begins in its midst: neither can stand inside a field. So a bad record takes no good one with it.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

import structlog

from callrouter.ledger.rows import MAX_RECORD, BadRow, CelRow, read_row

log = structlog.get_logger(__name__)

T = TypeVar("T")
_CHUNK = 32 * 1024  # the event loop folds what one look brings in a few milliseconds
_NEXT = re.compile(rb'\n(?="[A-Z])')
_GLUED = re.compile(rb'"[A-Z_]{4,24}","[0-9]{10}\.[0-9]{6}",')
_PACKED = (".gz", ".xz", ".bz2", ".zst")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a record begins. *number* grows with every record and file of one reader: places compare."""

    number: int
    inode: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one look at the file brought. *end* is the place after the last record taken."""

    rows: tuple[tuple[Place, CelRow], ...]
    end: Place
    skipped: int  # records that could not be read
    behind: int  # bytes of the file that are not read yet
    all_read: bool  # no whole record is left at this moment


class CelReader:
    """`await read()` again and again, `await close()` once. One thread of its own does the reading."""

    def __init__(self, path: Path, *, chunk: int = _CHUNK) -> None:
        self._path = path
        self._chunk = max(chunk, MAX_RECORD)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._file: BinaryIO | None = None
        self._later: list[Path] = []  # rotated files still to be read, oldest first
        self._wanted: tuple[int, int] | None = None
        self._inode = 0
        self._offset = 0  # of the first byte that is in no record taken
        self._number = 0
        self._drained = False  # an old file was found at its end once before

    def go_on_from(self, inode: int, offset: int) -> None:
        """Begin there instead of at the start; before the first `read`."""
        self._wanted = (inode, offset)

    async def read(self) -> Batch:
        """The next records, in the order of the file; none at its end. Raises OSError."""
        return await self._do(self._read)

    async def close(self) -> None:
        """Close the file after what is under way."""
        await self._do(self._close)
        self._thread.shutdown(wait=False)

    async def _do(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    # -- in the thread ----------------------------------------------------------------------------

    def _read(self) -> Batch:
        if self._file is None:
            self._open_first()
        if self._file is None:
            return self._batch([], 0, 0, all_read=True)
        size = self._check_size()
        self._file.seek(self._offset)
        data = self._file.read(self._chunk)
        rows, skipped, used = self._take(data)
        self._offset += used
        if used:
            return self._batch(rows, skipped, size, all_read=False)
        return self._at_end(data, size)

    def _batch(self, rows: list[tuple[Place, CelRow]], skipped: int, size: int, *, all_read: bool) -> Batch:
        return Batch(
            rows=tuple(rows),
            end=self._place(self._offset),
            skipped=skipped,
            behind=max(0, size - self._offset),
            all_read=all_read,
        )

    def _place(self, offset: int) -> Place:
        self._number += 1
        return Place(self._number, self._inode, offset)

    def _take(self, data: bytes) -> tuple[list[tuple[Place, CelRow]], int, int]:
        """Whole records of *data*, which begins with one; how many were bad; bytes used."""
        rows: list[tuple[Place, CelRow]] = []
        skipped = used = 0
        while (end := _record_end(data, used)) is not None:
            try:
                row = read_row(data[used:end])
                if row is not None:
                    rows.append((self._place(self._offset + used), row))
            except BadRow as error:
                skipped += 1
                self._report(str(error), self._offset + used)
                if (glued := _GLUED.search(data, used + 1, end)) is not None:
                    end = glued.start()
            used = end
        return rows, skipped, used

    def _report(self, reason: str, offset: int) -> None:
        log.warning("ledger record skipped", reason=reason, offset=offset, file=self._path.name)

    def _at_end(self, data: bytes, size: int) -> Batch:
        """No whole record: pass over what never becomes one, go to the next file, or wait for more."""
        if len(data) >= MAX_RECORD:
            self._report("no end", self._offset)
            self._offset += len(data)
            return self._batch([], 1, size, all_read=False)
        if not self._replaced():
            self._drained = False
            return self._batch([], 0, size, all_read=True)
        if not self._drained:
            # A write that was under way at the rename may still come to the old file.
            self._drained = True
            return self._batch([], 0, size, all_read=True)
        if data:
            self._report("torn", self._offset)
        self._next_file()
        return self._batch([], 1 if data else 0, 0, all_read=False)

    def _check_size(self) -> int:
        """Bytes of the file now; back to its start when it was truncated."""
        assert self._file is not None
        size = os.fstat(self._file.fileno()).st_size
        if size < self._offset:
            log.warning("ledger file was truncated", file=self._path.name, size=size, read=self._offset)
            self._offset = 0
        return size

    def _replaced(self) -> bool:
        """Another file stands where ours was, or waits to be read after ours."""
        if self._later:
            return True
        try:
            return self._path.stat().st_ino != self._inode
        except FileNotFoundError:
            return False  # renamed, and nothing was written since

    def _next_file(self) -> None:
        self._close()
        self._open(self._later.pop(0) if self._later else self._path, 0)

    def _open_first(self) -> None:
        """The file the wanted place lies in, which may have been rotated; else ours from its start."""
        if self._wanted is None:
            self._open(self._path, 0)
            return
        inode, offset = self._wanted
        files = self._files()
        for index, path in enumerate(files):
            if path.stat().st_ino == inode:
                self._later = files[index + 1 :]
                self._open(path, offset)
                break
        else:
            if not files:
                return  # nothing written yet; look again
            log.warning("ledger file of the last run is gone", file=self._path.name)
            self._open(self._path, 0)
        self._wanted = None

    def _files(self) -> list[Path]:
        """Ours and those of earlier rotations, oldest first."""
        rotated = [
            path for path in self._path.parent.glob(f"{self._path.name}?*") if path.suffix not in _PACKED
        ]
        rotated.sort(key=lambda path: path.stat().st_mtime_ns)
        return [*rotated, self._path] if self._path.exists() else rotated

    def _open(self, path: Path, offset: int) -> None:
        try:
            self._file = path.open("rb", buffering=0)
        except FileNotFoundError:
            return  # the PBX has written nothing yet
        self._inode = os.fstat(self._file.fileno()).st_ino
        self._drained = False
        self._offset = offset if self._fits(offset) else 0

    def _fits(self, offset: int) -> bool:
        """*offset* is where a record ends: else it is another file that got the inode of ours."""
        assert self._file is not None
        if offset == 0:
            return True
        self._file.seek(offset - 1)
        if self._file.read(1) == b"\n":
            return True
        log.warning("ledger file is not the one of the last run", file=self._path.name)
        return False

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _record_end(data: bytes, start: int) -> int | None:
    """Where the record that begins at *start* ends; None when it is not whole yet."""
    quotes = 0
    at = start
    while (newline := data.find(b"\n", at)) >= 0:
        quotes += data.count(b'"', at, newline)
        at = newline + 1
        if quotes % 2 == 0 or _NEXT.match(data, newline):
            return at
    return None
