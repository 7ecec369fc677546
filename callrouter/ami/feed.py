"""Events of one PBX link to one ordered consumer, with the snapshots standing at their place in the order."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from callrouter.ami.frames import Fields
from callrouter.ami.session import Incomplete, Session
from callrouter.reading.observations import Observation
from callrouter.reading.read import Unreadable, read_event, read_snapshot
from crm_core.clock import Clock
from crm_core.errors import Unavailable

log = structlog.get_logger(__name__)

Handler = Callable[[Sequence[Observation]], Awaitable[None]]

_BATCH: Final = 256
# The switch tells a step of a call in several writes: what comes within this is folded, and told, as one.
_TOGETHER_S: Final = 0.003
_LISTS: Final = ("CoreShowChannels", "QueueStatus", "DeviceStateList")


@dataclass(frozen=True, slots=True)
class _Resync:
    """A place in the queue: ask this session for everything; what stands behind is newer than the answer.

    *booted* is the FullyBooted frame of a fresh login, None for a quiet resync.
    """

    session: Session
    booted: Fields | None


class Feed:
    """A bounded queue and the task that empties it. Its overflow is the link's to answer: see `put`."""

    def __init__(
        self, handler: Handler, clock: Clock, counts: Counter[str], *, limit: int, list_timeout: float
    ) -> None:
        self.doubted = False  # something was refused or lost since the last snapshot was asked for
        self._counts = counts
        self._handler = handler
        self._clock = clock
        self._limit = limit
        self._list_timeout = list_timeout
        self._queue: deque[tuple[datetime, Fields] | _Resync] = deque()
        self._filled = asyncio.Event()
        self._asked = False
        self._closed = False

    def put(self, fields: Fields) -> bool:
        """Append one event, stamped now. False when the queue is full: the session must be dropped."""
        if len(self._queue) >= self._limit:
            return False
        self._queue.append((self._clock.now(), fields))
        self._filled.set()
        return True

    def ask_resync(self, session: Session, booted: Fields | None = None) -> None:
        """Put a resync at the end of the queue. A quiet one is enough once until it is done."""
        if booted is None and self._asked:
            return
        self._asked = True
        self._queue.append(_Resync(session, booted))
        self._filled.set()

    def clear(self) -> None:
        """Forget what waits: after an overflow the next snapshot tells it all."""
        self._queue.clear()
        self._asked = False

    def close(self) -> None:
        """Let `run` end once all that waits is handed over."""
        self._closed = True
        self._filled.set()

    async def run(self) -> None:
        """Hand observations over, in order, until closed or cancelled."""
        while not self._closed:
            await self._filled.wait()
            await asyncio.sleep(_TOGETHER_S)
            self._filled.clear()
            while self._queue:
                first = self._queue[0]
                if isinstance(first, _Resync):
                    self._queue.popleft()
                    await self._resync(first)
                else:
                    await self._hand_over(self._read_batch())

    def _read_batch(self) -> list[Observation]:
        observations: list[Observation] = []
        for _ in range(min(_BATCH, len(self._queue))):
            item = self._queue[0]
            if isinstance(item, _Resync):
                break
            self._queue.popleft()
            try:
                observation = read_event(item[1], item[0])
            except Unreadable as error:
                self._counts["unreadable"] += 1
                self.doubted = True
                log.warning("ami frame unreadable", reason=str(error))
                continue
            if observation is not None:
                observations.append(observation)
        return observations

    async def _hand_over(self, observations: Sequence[Observation]) -> None:
        if not observations:
            return
        self._counts["observations"] += len(observations)
        try:
            await self._handler(observations)
        except Exception:
            # One batch that cannot be handled must not stop all that follow it: the next snapshot heals.
            self._counts["handler_failed"] += 1
            self.doubted = True
            log.exception("observations not handled", first=type(observations[0]).__name__)

    async def _resync(self, resync: _Resync) -> None:
        self._asked = self.doubted = False
        session = resync.session
        if session.lost.is_set():
            return
        if resync.booted is not None:
            await self._hand_over(self._read_boot(resync.booted))
        try:
            rows = [await session.list_action(name, timeout=self._list_timeout) for name in _LISTS]
            await self._hand_over(self._read_lists(rows))
        except (Incomplete, Unreadable) as error:
            # Rows are missing: taking the rest for everything would end live calls. Asked again later.
            self._counts["resync_incomplete"] += 1
            self.doubted = True
            log.warning("resync incomplete", reason=str(error))
        except Unavailable as error:
            self._counts["resync_failed"] += 1
            log.warning("resync failed", reason=error.message)
            session.drop("resync failed")
        else:
            self._counts["resync"] += 1

    def _read_boot(self, booted: Fields) -> list[Observation]:
        try:
            observation = read_event(booted, self._clock.now())
        except Unreadable:
            self._counts["unreadable"] += 1
            return []
        return [] if observation is None else [observation]

    def _read_lists(self, rows: list[list[Fields]]) -> list[Observation]:
        channels, queues, devices = rows
        at = self._clock.now()
        seen = [read_event(row, at) for row in devices]
        return [*(one for one in seen if one is not None), read_snapshot(channels, queues, at)]
