"""The bus inside one process."""

from __future__ import annotations

from crm_core.bus.event import Event
from crm_core.bus.subscription import QueueSubscription, require_registered
from crm_core.errors import Unavailable
from crm_core.i18n import N_


class MemoryBus:
    """Hands events over by reference: they are immutable. Implements `crm_core.bus.port.Bus`."""

    def __init__(self) -> None:
        self._subscriptions: list[QueueSubscription] = []
        self._closed = False

    async def publish(self, *events: Event) -> None:
        """Put *events* into every subscriber's queue. Raises BadInput for an unregistered one."""
        if self._closed:
            raise Unavailable(N_("The bus is closed."))
        require_registered(events)
        for event in events:
            for subscription in self._subscriptions:
                subscription.offer(event)

    async def subscribe(self, *classes: type[Event], name: str, limit: int = 10_000) -> QueueSubscription:
        """Receive events of *classes* (all, when none is named) published from now on."""
        if self._closed:
            raise Unavailable(N_("The bus is closed."))
        subscription = QueueSubscription(classes, name, limit, self._forget)
        # A new list each time: publish may be iterating over the old one.
        self._subscriptions = [*self._subscriptions, subscription]
        return subscription

    async def close(self) -> None:
        """End all subscriptions."""
        self._closed = True
        for subscription in self._subscriptions:
            await subscription.close()

    def _forget(self, closed: QueueSubscription) -> None:
        self._subscriptions = [one for one in self._subscriptions if one is not closed]
