"""The card stands on the agent's screen before the phone rings: who is about to ring it waits for that.

A screen that is shown an offer is asked to say when it stands there. One that takes longer than a caller
should notice (a far network, a tab that sleeps) holds up one call: from then on it is asked, but not waited
for, until it is quick again.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from uuid import UUID

WITHIN_S = 0.1
ASKED = 16  # offers of one screen whose answer may still come
WANTED = 256  # offers nobody waits for, as where router and web are apart


@dataclass(slots=True, eq=False)
class _Wanted:
    screens: set[Hashable] = field(default_factory=set)  # of these, none has said it yet
    shown: asyncio.Event = field(default_factory=asyncio.Event)


class Showing:
    """Offers and the screens that are to show them. Belongs to one event loop."""

    def __init__(self) -> None:
        self._wanted: OrderedDict[UUID, _Wanted] = OrderedDict()
        self._asked: dict[Hashable, OrderedDict[UUID, float]] = {}  # screen -> offers, and when (loop's time)
        self._late: set[Hashable] = set()

    def ask(self, offer: UUID, screen: Hashable) -> None:
        """*screen* is told of *offer* now, and asked to say when it shows it."""
        asked = self._asked.setdefault(screen, OrderedDict())
        asked[offer] = asyncio.get_running_loop().time()
        if len(asked) > ASKED:
            asked.popitem(last=False)
        if screen in self._late:
            return
        self._wanted.setdefault(offer, _Wanted()).screens.add(screen)
        if len(self._wanted) > WANTED:
            self._wanted.popitem(last=False)

    def shown(self, offer: UUID, screen: Hashable) -> bool:
        """*screen* shows *offer*; False when it was not asked."""
        asked = self._asked.get(screen)
        at = asked.pop(offer, None) if asked is not None else None
        if at is None:
            return False
        if asyncio.get_running_loop().time() - at <= WITHIN_S:
            self._late.discard(screen)
        else:
            self._late.add(screen)
        self._no_more(offer, screen)
        return True

    def gone(self, screen: Hashable) -> None:
        """*screen* is closed: nobody waits for it."""
        for offer in self._asked.pop(screen, ()):
            self._no_more(offer, screen)
        self._late.discard(screen)

    def _no_more(self, offer: UUID, screen: Hashable) -> None:
        wanted = self._wanted.get(offer)
        if wanted is not None:
            wanted.screens.discard(screen)
            if not wanted.screens:
                wanted.shown.set()

    async def wait(self, offer: UUID, seconds: float = WITHIN_S) -> bool:
        """Return when all screens that are waited for show *offer*; False when *seconds* were not enough."""
        wanted = self._wanted.get(offer)
        if wanted is None:
            return True
        try:
            async with asyncio.timeout(seconds):
                await wanted.shown.wait()
        except TimeoutError:
            self._late |= wanted.screens
            return False
        finally:
            self._wanted.pop(offer, None)
        return True
