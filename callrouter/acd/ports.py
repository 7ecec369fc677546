"""What the dispatcher needs of others, as narrow as it needs it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Iterable
from datetime import datetime
from typing import Protocol
from uuid import UUID

from callrouter.reading.observations import Observation
from callrouter.tracking.facts import Fact
from crm_core.bus.event import Event
from crm_core.calls.events import CallEvent
from crm_core.calls.model import Call
from crm_core.customers.model import Identity
from crm_core.presence.model import ChosenState, Presence


class AgentLegs(Protocol):
    """Calls an agent has a live channel in."""

    @property
    def ringing(self) -> tuple[UUID, ...]: ...
    @property
    def talking(self) -> tuple[UUID, ...]: ...
    @property
    def held(self) -> tuple[UUID, ...]: ...


class Tracker(Protocol):
    """Folds observations and facts into calls; synchronous and pure."""

    def apply_all(self, items: Iterable[Observation | Fact]) -> tuple[CallEvent, ...]:
        """Fold items that came together; what changed, each call as it stands after the last."""
        ...

    def call(self, call_id: UUID) -> Call | None:
        """The call as it is known now."""
        ...

    def live_calls(self) -> Iterable[Call]:
        """Calls that have not ended."""
        ...

    def agent_legs(self, agent: str) -> AgentLegs:
        """Where the agent has live channels."""
        ...


class Outlet(Protocol):
    """Where events leave the router: the bus first, the journal behind it. Keeps their order."""

    def put(self, *events: Event) -> None:
        """Hand over without waiting."""
        ...

    async def handed(self, seconds: float) -> bool:
        """Wait until all put so far is with the bus' subscribers; False when *seconds* were not enough."""
        ...


class Switch(Protocol):
    """What the dispatcher does to live channels. Returns at once; the fact comes from the switch."""

    def pull(self, channel: str, refused: Callable[[], None]) -> bool:
        """Redirect a waiting caller to `cc-offer`. Calls *refused* when the switch says no.

        False when the actor's link is away: nothing was sent.
        """
        ...

    def hang_up(self, channel: str) -> bool:
        """End one dialled leg. False when the actor's link is away."""
        ...


class Probes(Protocol):
    """Asks devices that were counted out for a sign of life. Returns at once."""

    def begin(self, endpoint: str, answered: Callable[[], None]) -> None:
        """Ask again and again until `end`; *answered* is called once, when the device has answered."""
        ...

    def end(self, endpoint: str) -> None:
        """Ask no more; nothing happens when it was not asked."""
        ...


class Callers(Protocol):
    """Who rings. Raises Unavailable when the database is away; may take as long as it likes."""

    async def identify(self, raw: str, presentation: str, did: str | None) -> Identity:
        """Find the card, or make a provisional one."""
        ...

    async def own(self, customer_id: UUID, agent: str) -> bool:
        """Make *agent* the owner of a card without one; False when it has one by now."""
        ...


class PresenceKeeper(Protocol):
    """The rows behind the agents' states."""

    async def save(self, presence: Presence) -> None:
        """Write the row. Raises Unavailable."""
        ...

    async def choose(
        self,
        agent: str,
        chosen: ChosenState,
        reason: str | None,
        *,
        by: str,
        at: datetime | None = None,
        over: datetime | None = None,
    ) -> Presence:
        """Write what was chosen *at* that moment, with audit, unless the row is later than *over*.

        The row as it is now. Raises Unavailable.
        """
        ...


class Behind(Protocol):
    """Work that no call waits for: done in order, again and again while the database is away."""

    def put(self, key: Hashable, job: Callable[[], Awaitable[None]]) -> None:
        """Do *job* soon; a later job of the same key replaces it."""
        ...
