"""What others did to agents' states and to cards, and what the ledger settled: told to the dispatcher."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from callrouter.acd.behind import WorkBehind
from callrouter.acd.core import Core
from callrouter.acd.dispatcher import Dispatcher
from callrouter.given import Customers
from crm_core.bus.event import Event
from crm_core.bus.port import Bus, Lagged, Subscription
from crm_core.calls.events import CallSettled, CustomerChosen
from crm_core.customers.events import CustomerChanged, CustomerMerged, OwnerBecame, OwnerChanged
from crm_core.presence.events import AgentStateChosen

log = structlog.get_logger(__name__)

_OPEN_CARDS_S = 60.0
_OPEN_CARDS_SOON_S = 1.0


class News:
    """`subscribe`, then `run` until cancelled, then `close`. *reload* reads the chosen states anew."""

    def __init__(
        self,
        bus: Bus,
        dispatcher: Dispatcher,
        core: Core,
        customers: Customers,
        behind: WorkBehind,
        reload: Callable[[], Awaitable[None]],
        *,
        pbx: str,
    ) -> None:
        self._pbx = pbx
        self._bus = bus
        self._dispatcher = dispatcher
        self._core = core
        self._customers = customers
        self._behind = behind
        self._reload = reload
        self._heard: Subscription | None = None
        self._count_is_near = False

    async def subscribe(self) -> None:
        """Begin to listen; what is said from now on is kept for `run`."""
        self._heard = await self._bus.subscribe(
            *(AgentStateChosen, CallSettled, CustomerChosen, CustomerChanged, CustomerMerged),
            *(OwnerBecame, OwnerChanged),
            name=f"router-{self._pbx}",
        )

    async def run(self) -> None:
        """Tell the dispatcher, until cancelled."""
        assert self._heard is not None, "not subscribed"
        self._count_open_cards()
        async for event in self._heard:
            try:
                self._take(event)
            except Exception:  # what nobody foresaw of one event must not make us deaf to all others
                log.exception("news not taken", of=type(event).__name__)

    def _take(self, event: Event) -> None:
        match event:
            case AgentStateChosen():
                self._dispatcher.seats.chosen(event)
                self._dispatcher.settle()
            case CustomerChanged() | OwnerBecame() | OwnerChanged():
                self._dispatcher.card_changed(event.customer)
                self._count_open_cards_soon()
            case CustomerMerged():
                self._dispatcher.merged(event.customer, event.dropped)
                self._count_open_cards_soon()
            case CustomerChosen() if event.call.pbx == self._pbx:
                self._dispatcher.chosen(event.call)
            case CallSettled() if event.call.pbx == self._pbx:
                self._dispatcher.settled(event.call)
            case Lagged():
                self._behind.put(("load",), self._reload)

    async def close(self) -> None:
        """Listen no more."""
        if self._heard is not None:
            await self._heard.close()

    def _count_open_cards_soon(self) -> None:
        """Once for all that changes within a moment: each new caller's card does."""
        if not self._count_is_near:
            self._count_is_near = True
            self._core.deadlines.set(("open cards",), _OPEN_CARDS_SOON_S, self._count_open_cards)

    def _count_open_cards(self) -> None:
        self._count_is_near = False
        self._behind.put(("open cards",), self._read_open_cards)
        self._core.deadlines.set(("open cards",), _OPEN_CARDS_S, self._count_open_cards)

    async def _read_open_cards(self) -> None:
        self._core.agents.open_cards(await self._customers.count_provisional())
        self._dispatcher.settle()
