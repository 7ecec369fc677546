"""What the router needs of the database, in memory: customers, presence, calls. Can be away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from crm_core.calls.events import CallEvent
from crm_core.calls.model import Call
from crm_core.clock import SystemClock
from crm_core.customers.model import Identity
from crm_core.errors import Unavailable
from crm_core.ids import new_id
from crm_core.presence.model import ChosenState, Presence, after_choice


@dataclass
class Rows:
    """Customers, presence and calls in memory; all of it away when told so."""

    away: bool = False
    rows: dict[str, Presence] = field(default_factory=dict)
    cards: dict[str, Identity] = field(default_factory=dict)
    recorded: list[CallEvent] = field(default_factory=list)
    owing: list[Call] = field(default_factory=list)

    def _there(self) -> None:
        if self.away:
            raise Unavailable

    async def identify(self, e164: str | None, *, office: str | None, via: str | None) -> Identity:
        self._there()
        assert e164 is not None
        made = Identity(e164=e164, customer_id=new_id(), title=e164, provisional=True)
        return self.cards.setdefault(e164, made)

    async def set_owner_once(self, customer_id: UUID, agent: str) -> bool:
        self._there()
        return True

    async def count_provisional(self) -> dict[str, int]:
        self._there()
        return {"boris": 2}

    async def load_all(self) -> dict[str, Presence]:
        self._there()
        return dict(self.rows)

    async def save(self, presence: Presence) -> None:
        self._there()
        self.rows[presence.agent] = presence

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
        self._there()
        before = self.rows.get(agent)
        if before is not None and over is not None and before.since > over:
            return before
        now = at or SystemClock().now()
        row = after_choice(before, agent=agent, chosen=chosen, reason=reason, now=now)
        self.rows[agent] = row
        return row

    async def record(self, events: Sequence[CallEvent], *, heard: bool = False) -> None:
        self._there()
        self.recorded.extend(events)

    async def open_calls(self) -> Sequence[Call]:
        self._there()
        return ()

    async def owing_calls(self) -> Sequence[Call]:
        self._there()
        return tuple(self.owing)

    async def spooled_calls(self) -> Sequence[Call]:
        return ()
