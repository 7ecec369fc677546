"""All deadlines of the router in one heap: one scheduler, no task per offer."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Hashable
from itertools import count

import structlog

from crm_core.clock import Clock

log = structlog.get_logger(__name__)


class Deadlines:
    """Named deadlines on the monotonic clock. Setting a name again moves it; cancelling is cheap."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Hashable, Callable[[], None]]] = []
        self._current: dict[Hashable, int] = {}
        self._numbers = count()
        self._sooner = asyncio.Event()
        self.failed = 0  # actions that raised
        self.afterwards: Callable[[], None] = lambda: None  # run once after a batch of due actions

    def __len__(self) -> int:
        return len(self._current)

    def set(self, name: Hashable, seconds: float, action: Callable[[], None]) -> None:
        """Run *action* once, *seconds* from now, unless *name* is set again or cancelled before."""
        number = next(self._numbers)
        due = self._clock.monotonic() + seconds
        self._current[name] = number
        heapq.heappush(self._heap, (due, number, name, action))
        if self._heap[0][1] == number:
            self._sooner.set()

    def cancel(self, name: Hashable) -> None:
        """Forget *name*; nothing happens when it is not set."""
        self._current.pop(name, None)
        if len(self._heap) > 64 and len(self._heap) > 4 * len(self._current):
            self._heap = [item for item in self._heap if self._current.get(item[2]) == item[1]]
            heapq.heapify(self._heap)

    def run_due(self) -> int:
        """Run everything whose time has come; an action that fails does not stop the others."""
        ran = 0
        now = self._clock.monotonic()
        while self._heap and self._heap[0][0] <= now:
            _, number, name, action = heapq.heappop(self._heap)
            if self._current.get(name) != number:
                continue
            del self._current[name]
            ran += 1
            self._try(action, str(name))
        if ran:
            self._try(self.afterwards, "afterwards")
        return ran

    def _try(self, action: Callable[[], None], name: str) -> None:
        """What nobody foresaw of one action must not end the scheduler of all."""
        try:
            action()
        except Exception:
            self.failed += 1
            log.exception("deadline action failed", name=name)

    def next_in(self) -> float | None:
        """Seconds until the next entry of the heap; None when it is empty."""
        if not self._heap:
            return None
        return max(0.0, self._heap[0][0] - self._clock.monotonic())

    async def run(self) -> None:
        """Run deadlines as they come due, until cancelled. The owner is whoever made the task."""
        while True:
            self._sooner.clear()
            self.run_due()
            try:
                async with asyncio.timeout(self.next_in()):
                    await self._sooner.wait()
            except TimeoutError:
                continue
