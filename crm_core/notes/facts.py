"""A card in a few figures: its calls, what is open, what comes next."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, ScalarSelect, Subquery, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.missed_tables import MissedLineRow
from crm_core.calls.model import Outcome
from crm_core.calls.tables import CallRow
from crm_core.customers.tables import ContactPointRow, CustomerContactRow
from crm_core.notes.card_store import of_cards
from crm_core.notes.model import NextStep
from crm_core.notes.step_store import as_step
from crm_core.notes.tables import NextStepRow


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


async def facts_of(connection: AsyncConnection, cards: Collection[UUID], since: datetime) -> CardFacts:
    """Figures of *cards* as of one, in one statement. *since*: what was missed before it is no work any more.

    A row there always is: what is not there is null in it.
    """
    all_, talk, step = _calls(cards), _last_talk(cards), _step(cards)
    row = (
        await connection.execute(
            select(all_, talk, _missed(cards, since).label("missed"), *step.c).select_from(
                all_.outerjoin(talk, true()).outerjoin(step, true())
            )
        )
    ).one()
    return CardFacts(
        calls=row.calls,
        first_at=row.first_at,
        last_talk=_talk_of(row),
        missed=int(row.missed),
        step=None if row.id is None else as_step(row),
    )


def _calls(cards: Collection[UUID]) -> Subquery:
    return (
        select(func.count().label("calls"), func.min(CallRow.started_at).label("first_at"))
        .where(of_cards(CallRow.customer_id, cards), CallRow.merged_into.is_(None))
        .subquery()
    )


def _last_talk(cards: Collection[UUID]) -> Subquery:
    return (
        select(
            CallRow.started_at.label("talk_at"),
            CallRow.talk_s,
            CallRow.agent.label("talk_agent"),
            CallRow.disposition,
        )
        .where(
            of_cards(CallRow.customer_id, cards),
            CallRow.merged_into.is_(None),
            CallRow.outcome == Outcome.ANSWERED,
        )
        .order_by(CallRow.started_at.desc())
        .limit(1)
        .subquery()
    )


def _talk_of(row: Row[Any]) -> LastTalk | None:
    if row.talk_at is None:
        return None
    return LastTalk(at=row.talk_at, seconds=row.talk_s, agent=row.talk_agent, disposition=row.disposition)


def _missed(cards: Collection[UUID], since: datetime) -> ScalarSelect[Any]:
    """Found by the card's numbers, which have an index; a shared number's line may be of another card."""
    numbers = (
        select(ContactPointRow.value)
        .join(CustomerContactRow, CustomerContactRow.contact_point_id == ContactPointRow.id)
        .where(of_cards(CustomerContactRow.customer_id, cards))
    )
    return (
        select(func.coalesce(func.sum(MissedLineRow.calls), 0))
        .where(
            MissedLineRow.number.in_(numbers),
            MissedLineRow.last_at > since,
            or_(MissedLineRow.customer_id.is_(None), of_cards(MissedLineRow.customer_id, cards)),
        )
        .scalar_subquery()
    )


def _step(cards: Collection[UUID]) -> Subquery:
    return (
        select(NextStepRow.__table__)
        .where(of_cards(NextStepRow.customer_id, cards), NextStepRow.done_at.is_(None))
        .order_by(NextStepRow.due_at, NextStepRow.id)
        .limit(1)
        .subquery()
    )
