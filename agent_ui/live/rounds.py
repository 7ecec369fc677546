"""Who is told when: all sockets in turn, in small portions between which calls are routed.

A round visits every socket once and begins again as long as one of them is behind. Screens are visited at
a steady pace: what happened since the last visit goes into one message, so two hundred desks cost no more
in a busy second than in a quiet one. What a round tells is fixed when it begins: all whom it finds in the
same place get the same message, put together once. A program's feed is told at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from agent_ui.live.socket import LiveSocket
from crm_core.clock import Clock

# For readers at a time, while calls wait to be routed on the same loop: as long as all else on it took since
# their last turn, within these bounds. So a busy loop is shared, and what a call waits for them stays short.
SHORTEST_S = 0.001
LONGEST_S = 0.004
PACE_S = 0.05  # between the beginnings of two rounds of screens


class Rounds:
    """*visit* brings one socket forward to an event of the stream, *behind* says whether it has to, *last* is
    the number of the newest, *done* is called after a round that left nobody behind.
    """

    def __init__(
        self,
        clock: Clock,
        visit: Callable[[LiveSocket, int], None],
        behind: Callable[[LiveSocket], bool],
        last: Callable[[], int],
        *,
        pace_s: float = 0.0,
        done: Callable[[], None] = lambda: None,
    ) -> None:
        self.sockets: set[LiveSocket] = set()
        self._clock = clock
        self._visit = visit
        self._is_behind = behind
        self._last = last
        self._done = done
        self._pace_s = pace_s
        self._line: deque[LiveSocket] = deque()
        self._until = 0
        self._next: asyncio.Handle | None = None
        self._not_before = 0.0
        self._paused_at = 0.0

    def begin(self) -> None:
        """Something happened: visit all, as soon as the pace allows, unless that is under way."""
        if self._next is not None:
            return
        if not self.sockets:
            self._done()
            return
        self._next = self._when_due(self._round)

    def _when_due(self, act: Callable[[], None]) -> asyncio.Handle:
        loop = asyncio.get_running_loop()
        if self._not_before <= loop.time():
            return loop.call_soon(act)
        return loop.call_at(self._not_before, act)

    def _round(self) -> None:
        self._not_before = asyncio.get_running_loop().time() + self._pace_s
        self._line, self._until = deque(self.sockets), self._last()
        self._paused_at = self._clock.monotonic()
        self._portion()

    def _portion(self) -> None:
        """Visit for a moment; the loop gets its turn before the rest."""
        self._next = None
        now = self._clock.monotonic()
        until = now + min(max(SHORTEST_S, now - self._paused_at), LONGEST_S)
        while self._line:
            self._visit(self._line.popleft(), self._until)
            now = self._clock.monotonic()
            if now >= until and self._line:
                self._paused_at = now
                self._next = asyncio.get_running_loop().call_soon(self._portion)
                return
        if any(map(self._is_behind, self.sockets)):
            self._next = self._when_due(self._round)  # something happened since the round began
            return
        self._done()
