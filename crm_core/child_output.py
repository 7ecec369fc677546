"""What a child program prints: read at once, kept for the report of a failure, logged within a bound."""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque

import msgspec
import structlog

from crm_core.clock import Clock

log = structlog.get_logger(__name__)

_LINE_LIMIT = 2_000  # bytes of one line that are kept
_OWN_LINE_LIMIT = 64_000  # of one of our own programs: a traceback is of use only whole
_LINES_PER_SECOND = 100  # more are read and counted, not logged: a flood must not fill our log
_TAIL = 20  # last lines kept


class ChildOutput:
    """A pipe of our own, not asyncio's: grandchildren may hold its other end open after the child is
    gone, and `asyncio.subprocess.Process.wait` would wait for them.

    *ours*: the program logs as this one does, an event as JSON a line. Such a line is logged as the event
    it is, at its own level; from anybody else it would be taken for our word.
    """

    def __init__(self, name: str, clock: Clock, *, quiet: bool = False, ours: bool = False) -> None:
        self.tail: deque[str] = deque(maxlen=_TAIL)
        self._name = name
        self._level = logging.DEBUG if quiet else logging.INFO
        self._ours = ours
        self._limit = _OWN_LINE_LIMIT if ours else _LINE_LIMIT
        self._clock = clock
        self._rest = b""
        self._window = clock.monotonic()
        self._count = 0
        self._read_end, self.write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        self._open = True
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._read_end, self._read)

    def close(self) -> None:
        """Take what is still in the pipe, then let go of it."""
        while self._open and self._read():
            pass
        self._end()

    def _read(self) -> bool:
        """Read on whatever comes: a full pipe would stop the program. False when nothing is there."""
        try:
            data = os.read(self._read_end, 65_536)
        except BlockingIOError:
            return False
        if not data:
            self._end()
            return False
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[: self._limit]
        for line in lines:
            self._take(line)
        return True

    def _end(self) -> None:
        if self._open:
            self._open = False
            self._loop.remove_reader(self._read_end)
            os.close(self._read_end)
            if self._rest:
                self._take(self._rest)

    def _take(self, raw: bytes) -> None:
        line = raw[: self._limit].decode(errors="replace").rstrip()
        self.tail.append(line)
        now = self._clock.monotonic()
        if now - self._window >= 1.0:
            dropped = self._count - _LINES_PER_SECOND
            if dropped > 0:
                log.warning("child lines dropped", child=self._name, lines=dropped)
            self._window, self._count = now, 0
        self._count += 1
        if self._count <= _LINES_PER_SECOND:
            self._log(line)

    def _log(self, line: str) -> None:
        said = _event(line) if self._ours else None
        if said is None:
            log.log(self._level, "child says", child=self._name, line=line)
        else:
            level = logging.getLevelNamesMapping().get(str(said.pop("level")).upper(), logging.INFO)
            said.pop("timestamp", None)  # ours is a moment later, and in order with the rest
            log.log(level, str(said.pop("event")), **{**said, "child": self._name})


def _event(line: str) -> dict[str, object] | None:
    """The event a line of our own log tells; None for any other line."""
    try:
        said = msgspec.json.decode(line, type=dict[str, object])
    except msgspec.MsgspecError:
        return None
    if not {"event", "level", "logger"} <= said.keys():
        return None
    said["part"] = said.pop("logger")  # whose log line it was; `logger` is ours
    return said
