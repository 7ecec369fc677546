"""The in-process bus with a tap: one reader that must have an event before its publisher goes on."""

from __future__ import annotations

from collections.abc import Callable

from crm_core.bus.event import Event
from crm_core.bus.memory import MemoryBus


class TappedBus(MemoryBus):
    """What is published reaches the tap at once, subscriptions when their readers come to it.

    So an offer is on its agent's socket before the dialplan is told to ring the phone. The tap must not
    block or raise, and knows events by their id: it also subscribes.
    """

    def __init__(self) -> None:
        super().__init__()
        self._tap: Callable[[Event], None] | None = None

    def tap(self, tap: Callable[[Event], None]) -> None:
        """Let *tap* hear everything first."""
        self._tap = tap

    async def publish(self, *events: Event) -> None:
        """Hand *events* to the tap, then to every subscription."""
        if self._tap is not None:
            for event in events:
                self._tap(event)
        await super().publish(*events)
