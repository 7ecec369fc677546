"""The bus: two adapters (in-process, Redis Streams), one contract, one shared test-suite.

At least once, in order per publisher; consumers dedupe by event id. A subscription is a bounded
queue: when its reader is too slow the oldest are dropped, `lost` is counted and the reader finds
`Lagged` in its place, so that it takes a fresh snapshot instead of guessing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from crm_core.bus.event import Event, register


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class Lagged(Event):
    """Handed to a subscriber in place of events it was too slow for: take a fresh snapshot."""

    lost: int = 0


class Subscription(Protocol):
    """One reader's bounded queue of events."""

    def __aiter__(self) -> AsyncIterator[Event]: ...

    async def close(self) -> None:
        """Stop receiving; ends the iteration."""
        ...


class Bus(Protocol):
    """Where siblings meet."""

    async def publish(self, *events: Event) -> None:
        """Hand *events* to every present subscriber. Bounded in time; raises Unavailable."""
        ...

    async def subscribe(self, *classes: type[Event], name: str, limit: int = 10_000) -> Subscription:
        """Receive events of *classes* (all, when none is named) published from now on."""
        ...

    async def close(self) -> None:
        """End all subscriptions."""
        ...
