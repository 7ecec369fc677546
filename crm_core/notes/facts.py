"""A card in a few figures: its calls, what is open, what comes next."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.missed_service import KEPT
from crm_core.calls.missed_tables import MissedLineRow
from crm_core.calls.model import Outcome
from crm_core.calls.tables import CallRow
from crm_core.clock import Clock
from crm_core.customers import store as customers
from crm_core.customers.tables import ContactPointRow, CustomerContactRow
from crm_core.db.engine import Database
from crm_core.notes import timeline_store
from crm_core.notes.model import NextStep
from crm_core.notes.step_store import as_step
from crm_core.notes.tables import NextStepRow
from crm_core.notes.timeline import require_card
from crm_core.people.model import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class LastTalk:
    """The last call that was answered and is over. *disposition*: what was said of it."""

    at: datetime
    seconds: float
    agent: str | None
    disposition: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """*calls*: of all agents; *missed*: calls of the worklist that are open; *step*: the one due first."""

    calls: int
    first_at: datetime | None
    last_talk: LastTalk | None
    missed: int
    step: NextStep | None


class FactService:
    """Reads figures of cards. Raises Unavailable when the database is away."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def facts(self, reader: Reader, customer_id: UUID) -> CardFacts:
        """Of one card, or of the one it became part of. Raises NotFound for one that may not be seen."""
        async with self._database.transaction() as connection:
            customer_id = await customers.merged_into(connection, customer_id) or customer_id
            await require_card(connection, reader, customer_id)
            cards = await timeline_store.cards_of(connection, customer_id)
            calls, first_at = await _calls(connection, cards)
            return CardFacts(
                calls=calls,
                first_at=first_at,
                last_talk=await _last_talk(connection, cards),
                missed=await _missed(connection, cards, self._clock.now() - KEPT),
                step=await _step(connection, cards),
            )


async def _calls(connection: AsyncConnection, cards: Collection[UUID]) -> tuple[int, datetime | None]:
    found = await connection.execute(
        select(func.count(), func.min(CallRow.started_at)).where(
            CallRow.customer_id.in_(cards), CallRow.merged_into.is_(None)
        )
    )
    count, first = found.one()
    return count, first


async def _last_talk(connection: AsyncConnection, cards: Collection[UUID]) -> LastTalk | None:
    found = await connection.execute(
        select(CallRow.started_at, CallRow.talk_s, CallRow.agent, CallRow.disposition)
        .where(
            CallRow.customer_id.in_(cards),
            CallRow.merged_into.is_(None),
            CallRow.outcome == Outcome.ANSWERED,
        )
        .order_by(CallRow.started_at.desc())
        .limit(1)
    )
    row = found.one_or_none()
    return None if row is None else LastTalk(at=row[0], seconds=row[1], agent=row[2], disposition=row[3])


async def _missed(connection: AsyncConnection, cards: Collection[UUID], since: datetime) -> int:
    """Found by the card's numbers, which have an index; a shared number's line may be of another card."""
    numbers = (
        select(ContactPointRow.value)
        .join(CustomerContactRow, CustomerContactRow.contact_point_id == ContactPointRow.id)
        .where(CustomerContactRow.customer_id.in_(cards))
    )
    found = await connection.execute(
        select(func.coalesce(func.sum(MissedLineRow.calls), 0)).where(
            MissedLineRow.number.in_(numbers),
            MissedLineRow.last_at > since,
            or_(MissedLineRow.customer_id.is_(None), MissedLineRow.customer_id.in_(cards)),
        )
    )
    return int(found.scalar_one())


async def _step(connection: AsyncConnection, cards: Collection[UUID]) -> NextStep | None:
    rows = await connection.execute(
        select(NextStepRow.__table__)
        .where(NextStepRow.customer_id.in_(cards), NextStepRow.done_at.is_(None))
        .order_by(NextStepRow.due_at, NextStepRow.id)
        .limit(1)
    )
    row = rows.one_or_none()
    return None if row is None else as_step(row)
