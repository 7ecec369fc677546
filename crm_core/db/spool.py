"""Records kept on disk while PostgreSQL is away: append-only, bounded, acknowledged from the oldest.

Files below the spool's directory:

    <number of its first record, 20 digits>.spool    a segment: frames one after another
    acknowledged                                     number of the oldest record still needed
    lock                                             flock: one owner

A frame is length (u32, little-endian), CRC-32 of length and record (u32), record. `append` returns when
the batch is on the disk (fsync). What a crash leaves half-written is cut off at the next open; that was
never reported as written. Acknowledging is not synced: after a power cut records may come again, never
be missing, so replay is idempotent (keys made by the writer).

All work is done by one thread of its own: the event loop never waits for the disk, operations keep
their order, and one whose caller was cancelled is still done whole.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import struct
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import structlog

from crm_core.errors import StartRefused, Unavailable
from crm_core.i18n import N_, Message

log = structlog.get_logger(__name__)

T = TypeVar("T")
_HEAD = struct.Struct("<II")
_RECORD_LIMIT = 1 << 20
_SUFFIX = ".spool"
_ACKNOWLEDGED = "acknowledged"


class SpoolFull(Unavailable):
    """The spool is at its limit, or its disk is full."""

    code = "spool_full"


def frame(record: bytes) -> bytes:
    """*record* as it stands in a segment."""
    length = len(record).to_bytes(4, "little")
    return length + zlib.crc32(length + record).to_bytes(4, "little") + record


def scan(data: bytes, start: int = 0, limit: int | None = None) -> tuple[list[bytes], int]:
    """Whole records of *data* from offset *start*, at most *limit*, and the offset after the last one."""
    records: list[bytes] = []
    while limit is None or len(records) < limit:
        if start + _HEAD.size > len(data):
            break
        length, checksum = _HEAD.unpack_from(data, start)
        end = start + _HEAD.size + length
        if length > _RECORD_LIMIT or end > len(data):
            break
        record = data[start + _HEAD.size : end]
        if zlib.crc32(data[start : start + 4] + record) != checksum:
            break
        records.append(record)
        start = end
    return records, start


@dataclass(slots=True)
class _Segment:
    path: Path
    first: int  # number of its first record
    count: int
    size: int  # bytes of whole frames


class Spool:
    """`await Spool.open(directory)`; then `append`, `read`, `acknowledge`, `close`."""

    def __init__(self, directory: Path, limit_bytes: int, segment_bytes: int) -> None:
        """Use `open`."""
        self._directory = directory
        self._limit = limit_bytes
        self._segment_bytes = segment_bytes
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._lock = -1
        self._segments: list[_Segment] = []
        self._next = 0  # number of the next record to be written
        self._tail = -1  # descriptor of the last segment, -1 when a new one is to be begun
        self._done = 0  # records of the first segment that are acknowledged …
        self._offset = 0  # … and where the next one begins

    @classmethod
    async def open(
        cls, directory: Path, *, limit_bytes: int = 256 << 20, segment_bytes: int = 4 << 20
    ) -> Spool:
        """Open the spool in *directory*, which is made; cut a torn end off.

        Raises StartRefused when another process has it open or the directory cannot be used.
        """
        self = cls(directory, limit_bytes, segment_bytes)
        try:
            await self._do(self._open)
        except BaseException as error:
            self._thread.submit(self._close)
            self._thread.shutdown(wait=False)
            if isinstance(error, OSError):
                raise StartRefused(f"CALLCARD_DATA: {directory}: {error.strerror}") from error
            raise
        return self

    @property
    def pending(self) -> int:
        """Records written and not acknowledged."""
        return sum(segment.count for segment in self._segments) - self._done

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(segment.size for segment in self._segments)

    async def append(self, batch: Sequence[bytes]) -> None:
        """Write *batch*, all or nothing; on the disk when this returns.

        Raises SpoolFull at the size limit or when the disk is full, Unavailable for other disk errors,
        ValueError for a record above 1 MiB.
        """
        if any(len(record) > _RECORD_LIMIT for record in batch):
            raise ValueError("a record of more than 1 MiB")
        if batch:
            await self._do(lambda: self._append(batch))

    async def read(self, limit: int = 500) -> list[bytes]:
        """The oldest pending records, at most *limit*; all of one segment, so perhaps fewer."""
        return await self._do(lambda: self._read(limit))

    async def acknowledge(self, count: int) -> None:
        """The *count* oldest pending records are safe elsewhere: never read them again."""
        await self._do(lambda: self._acknowledge(count))

    async def close(self) -> None:
        """Close the files after what is under way."""
        await self._do(self._close)
        self._thread.shutdown(wait=False)

    async def _do(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _open(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self._directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartRefused(f"CALLCARD_DATA: {self._directory} is in use by another process") from None
        acknowledged = self._next = _read_number(self._directory / _ACKNOWLEDGED)
        for path in sorted(self._directory.glob(f"*{_SUFFIX}")):
            segment = _take_in(path)
            self._next = max(self._next, segment.first + segment.count)
            if segment.first + segment.count <= acknowledged:
                path.unlink()
            else:
                self._segments.append(segment)
        if self._segments:
            self._skip(max(acknowledged - self._segments[0].first, 0))

    def _append(self, batch: Sequence[bytes]) -> None:
        data = b"".join(map(frame, batch))
        if self.size + len(data) > self._limit:
            raise SpoolFull(Message("The spool holds its limit of {limit} bytes.", limit=self._limit))
        try:
            segment = self._segment_to_write()
            try:
                _write_all(self._tail, data)
                os.fsync(self._tail)
            except OSError:
                self._give_up(segment)
                raise
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise SpoolFull(N_("The disk of the spool is full.")) from error
            raise Unavailable(N_("The spool cannot be written.")) from error
        segment.size += len(data)
        segment.count += len(batch)
        self._next += len(batch)

    def _segment_to_write(self) -> _Segment:
        if self._tail >= 0 and self._segments[-1].size < self._segment_bytes:
            return self._segments[-1]
        self._close_tail()
        path = self._directory / f"{self._next:020}{_SUFFIX}"
        # O_TRUNC: a file of that name is left of an attempt that failed; nothing whole is in it.
        self._tail = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        _sync_directory(self._directory)
        if not self._segments or self._segments[-1].path != path:
            self._segments.append(_Segment(path, self._next, 0, 0))
        return self._segments[-1]

    def _give_up(self, segment: _Segment) -> None:
        """Take half a batch back. After a failed fsync the file is not trusted with more."""
        try:
            os.ftruncate(self._tail, segment.size)
        except OSError:
            pass  # the next open cuts it off
        self._close_tail()

    def _read(self, limit: int) -> list[bytes]:
        if self.pending == 0:
            return []
        return self._scan_first(limit)[0]

    def _acknowledge(self, count: int) -> None:
        if not 0 <= count <= self.pending:
            raise ValueError(f"{count} of {self.pending} pending records")
        while self._segments and count >= self._segments[0].count - self._done:
            count -= self._segments[0].count - self._done
            self._drop_first()
        if count:
            self._skip(count)
        number = self._segments[0].first + self._done if self._segments else self._next
        _write_number(self._directory / _ACKNOWLEDGED, number)

    def _skip(self, count: int) -> None:
        self._offset = self._scan_first(count)[1]
        self._done += count

    def _scan_first(self, limit: int) -> tuple[list[bytes], int]:
        first = self._segments[0]
        return scan(first.path.read_bytes()[: first.size], self._offset, limit)

    def _drop_first(self) -> None:
        gone = self._segments.pop(0)
        if not self._segments:
            self._close_tail()
        gone.path.unlink(missing_ok=True)
        self._done = self._offset = 0

    def _close_tail(self) -> None:
        if self._tail >= 0:
            os.close(self._tail)
            self._tail = -1

    def _close(self) -> None:
        self._close_tail()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _take_in(path: Path) -> _Segment:
    """What *path* holds; what is torn is cut off."""
    data = path.read_bytes()
    records, good = scan(data)
    if good < len(data):
        log.warning("spool segment has a torn end", segment=path.name, bytes=len(data) - good)
        os.truncate(path, good)
    return _Segment(path, int(path.stem), len(records), good)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_number(path: Path) -> int:
    try:
        return int(path.read_text())
    except (FileNotFoundError, ValueError):
        return 0  # records may come again


def _write_number(path: Path, number: int) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(str(number))
    fresh.rename(path)
