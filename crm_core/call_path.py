"""Who answers a call goes first: work that no call waits for gives way while a question is open.

One process routes, records, journals and shows, in one loop. A step of the work behind takes a millisecond
or two; a dozen of them begun at the wrong moment are what a caller would wait for.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

_APART_S = 0.001  # between two that gave way: a question that comes meanwhile goes before the second


class CallPath:
    """Questions being answered, and who waits until there is none. Belongs to one event loop."""

    def __init__(self) -> None:
        self._open = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._letting_go: asyncio.TimerHandle | None = None

    @contextmanager
    def answering(self) -> Iterator[None]:
        """A question is open inside."""
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1
            self._let_go()

    async def give_way(self, at_most_s: float) -> None:
        """Return when no question is open, one that waits a millisecond; after *at_most_s* in any case."""
        if not self._open and not self._waiting:
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._let_go()
        try:
            async with asyncio.timeout(at_most_s):
                await turn
        except TimeoutError:
            pass  # it has waited long enough: what is behind must be done too

    def _let_go(self) -> None:
        """Give the next its turn, and see to the one after it a moment later."""
        if self._open or self._letting_go is not None:
            return
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                self._letting_go = asyncio.get_running_loop().call_later(_APART_S, self._next)
                return

    def _next(self) -> None:
        self._letting_go = None
        self._let_go()
