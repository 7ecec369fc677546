"""Where events leave the router, in order: to the bus at once, to the journal behind it.

The bus comes first because a screen must not wait for a database. An event goes out at least once, and
carries its id; whoever hears it twice (here and from the outbox) knows it by that.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from crm_core.bus.event import Event
from crm_core.bus.port import Bus
from crm_core.call_path import CallPath
from crm_core.calls.events import CallEvent, CallSettled
from crm_core.errors import Unavailable

log = structlog.get_logger(__name__)

Send = Callable[[Sequence[Event]], Awaitable[None]]
Linger = Callable[[], Awaitable[None]]


class Record(Protocol):
    """The journal: keeps *events*. *heard*: the bus has all of them. Raises Unavailable."""

    async def __call__(self, events: Sequence[CallEvent], /, *, heard: bool) -> None: ...


_BATCH = 200
_JOURNAL_LINGER_S = 0.05  # a call changes several times in a moment, and its row holds the last of it
_JOURNAL_WAITS_S = 0.2  # for questions that are being answered


class Stream:
    """A bounded line of events and whoever takes them. Overflow drops the oldest, counted and logged."""

    def __init__(
        self, name: str, send: Send, *, limit: int, pause_s: float = 0.5, linger: Linger | None = None
    ) -> None:
        """*linger*: waits in `run` while more may come, before it sends."""
        self.dropped = 0
        self.refused = 0
        self._linger = linger
        self._name = name
        self._send = send
        self._limit = limit
        self._pause_s = pause_s
        self._line: deque[Event] = deque()
        self._more = asyncio.Event()
        self._sending = asyncio.Lock()

    def holds(self, events: Sequence[Event]) -> bool:
        """Whether any of *events* still waits here."""
        if not self._line:
            return False
        asked = {event.id for event in events}
        return any(event.id in asked for event in self._line)

    def put(self, events: Sequence[Event]) -> None:
        """Append; never waits."""
        self._line.extend(events)
        while len(self._line) > self._limit:
            self._line.popleft()
            self.dropped += 1
            if self.dropped % 1000 == 1:
                log.error("events dropped", stream=self._name, dropped=self.dropped)
        self._more.set()

    async def drain(self) -> None:
        """Send everything that waits, in order. Raises Unavailable; what was not taken stays in line."""
        async with self._sending:
            while self._line:
                batch = tuple(self._line)[:_BATCH]
                await self._hand_over(batch)
                sent = {event.id for event in batch}
                while self._line and self._line[0].id in sent:
                    self._line.popleft()

    async def _hand_over(self, batch: Sequence[Event]) -> None:
        """Send; what nobody foresaw of one event costs that one, and holds up no other."""
        try:
            await self._send(batch)
        except Unavailable:
            raise
        except Exception:
            if len(batch) > 1:
                for event in batch:
                    await self._hand_over((event,))
                return
            self.refused += 1
            log.exception("event not taken", stream=self._name, of=type(batch[0]).__name__)

    async def run(self) -> None:
        """Drain whenever something waits, until cancelled."""
        while True:
            await self._more.wait()
            if self._linger is not None:
                await self._linger()
            self._more.clear()
            try:
                await self.drain()
            except Unavailable:
                await asyncio.sleep(self._pause_s)
                self._more.set()

    async def finish(self, seconds: float) -> None:
        """At the end: send what waits, at most *seconds*."""
        try:
            async with asyncio.timeout(seconds):
                await self.drain()
        except (TimeoutError, Unavailable):
            log.error("events left unsent", stream=self._name, events=len(self._line))


class EventOutlet:
    """Implements `callrouter.acd.ports.Outlet` over the bus and the journal of calls."""

    def __init__(
        self, bus: Bus, record: Record, *, limit: int = 50_000, path: CallPath | None = None
    ) -> None:
        path = path or CallPath()

        async def linger() -> None:
            await asyncio.sleep(_JOURNAL_LINGER_S)
            await path.give_way(_JOURNAL_WAITS_S)

        async def publish(events: Sequence[Event]) -> None:
            await bus.publish(*events)

        async def write(events: Sequence[Event]) -> None:
            calls = [event for event in events if isinstance(event, CallEvent)]
            await record(calls, heard=not self.bus.holds(calls))

        self.bus = Stream("bus", publish, limit=limit)
        self.journal = Stream("journal", write, limit=limit, linger=linger)

    def put(self, *events: Event) -> None:
        """Hand over without waiting. What the ledger settled is in the database already."""
        self.bus.put(events)
        calls = [
            event for event in events if isinstance(event, CallEvent) and not isinstance(event, CallSettled)
        ]
        if calls:
            self.journal.put(calls)

    async def handed(self, seconds: float) -> bool:
        """Wait until the bus has all that was put; False when *seconds* were not enough, or it is away."""
        try:
            async with asyncio.timeout(seconds):
                await self.bus.drain()
        except (TimeoutError, Unavailable):
            return False
        return True
