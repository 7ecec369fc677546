"""The bounded queue behind every subscription, whatever carries the events to it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

from crm_core.bus.event import Event, event_class, event_name
from crm_core.bus.port import Lagged
from crm_core.errors import BadInput
from crm_core.i18n import N_


class QueueSubscription:
    """One reader's queue. When it is full the oldest event goes, and `Lagged` stands in its place."""

    def __init__(
        self,
        classes: tuple[type[Event], ...],
        name: str,
        limit: int,
        on_close: Callable[[QueueSubscription], None],
    ) -> None:
        self.name = name
        self._classes = classes
        self._limit = limit
        self._on_close = on_close
        self._events: deque[Event] = deque()
        self._lost = 0
        self._lagged = False
        self._closed = False
        self._ready = asyncio.Event()

    def offer(self, event: Event) -> None:
        """Take *event* when it is of our classes. Never blocks."""
        if self._closed or (self._classes and not isinstance(event, self._classes)):
            return
        if len(self._events) >= self._limit:
            self._events.popleft()
            self._lost += 1
            self._lagged = True
        self._events.append(event)
        self._ready.set()

    def lag(self, lost: int = 0) -> None:
        """Events were missed on the way here; *lost* of them when that is known.

        What still waits is older than a fresh snapshot and is dropped, so that `Lagged` comes next.
        """
        if self._closed:
            return
        self._lost += lost + len(self._events)
        self._events.clear()
        self._lagged = True
        self._ready.set()

    async def close(self) -> None:
        """Stop receiving; ends the iteration at once."""
        if not self._closed:
            self._closed = True
            self._events.clear()
            self._ready.set()
            self._on_close(self)

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        while True:
            if self._closed:
                raise StopAsyncIteration
            if self._lagged:
                lagged = Lagged(lost=self._lost)
                self._lagged, self._lost = False, 0
                return lagged
            if self._events:
                return self._events.popleft()
            self._ready.clear()
            await self._ready.wait()


def require_registered(events: tuple[Event, ...]) -> None:
    """Raise BadInput when an event has no name on the wire: no other process could read it."""
    for event in events:
        if event_class(event_name(event)) is not type(event):
            raise BadInput(N_("Another event has this name."), field="type")
