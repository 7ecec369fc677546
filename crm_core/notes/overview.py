"""A card as people see it: itself, with the customer's time, in figures, and the newest of what happened.

One look at the database for all of it: a call that rings waits for its card.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from crm_core.calls.missed_service import KEPT
from crm_core.clock import Clock
from crm_core.customers.local_time import certain_zone
from crm_core.customers.model import CardDetails, ContactKind
from crm_core.db.engine import Database
from crm_core.notes.card_store import SeenCard, seen_card
from crm_core.notes.facts import CardFacts, facts_of
from crm_core.notes.model import TimelineItem
from crm_core.notes.timeline import piece
from crm_core.people.model import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class CardOverview:
    """*history*: the newest of the timeline, as many as were asked for; *older*: cursor of what is before."""

    details: CardDetails
    facts: CardFacts
    history: Sequence[TimelineItem] = ()
    older: str | None = None


class OverviewService:
    """Reads cards for people. Raises Unavailable when the database is away."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def overview(
        self, reader: Reader, customer_id: UUID, *, met: bool = False, history: int = 0
    ) -> CardOverview:
        """One card, or the one it became part of, with at most *history* items of its timeline.

        Raises NotFound for a card that may not be seen: neither itself nor a call of it. *met*: the reader
        is known to see a call of it, which may not be written yet.
        """
        async with self._database.reading() as connection:
            seen = await seen_card(connection, reader, customer_id, met=met)
            facts = await facts_of(connection, seen.ids, self._clock.now() - KEPT)
            items, older = await piece(connection, reader, seen.ids, limit=history) if history else ((), None)
        return CardOverview(details=self._details(seen), facts=facts, history=items, older=older)

    def _details(self, seen: SeenCard) -> CardDetails:
        of_number = certain_zone(p.value for p in seen.card.contact_points if p.kind is ContactKind.PHONE)
        timezone = of_number or seen.timezone
        return CardDetails(
            card=seen.card,
            timezone=timezone,
            of_number=of_number is not None,
            local_time=self._clock.now().astimezone(ZoneInfo(timezone)),
        )
