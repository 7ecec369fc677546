"""A card in a few figures: its calls, what is open, what comes next."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Row,
    ScalarSelect,
    Select,
    Subquery,
    Uuid,
    any_,
    bindparam,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from crm_core.calls.missed_tables import MissedLineRow
from crm_core.calls.model import Outcome
from crm_core.calls.tables import CallRow
from crm_core.customers.tables import ContactPointRow, CustomerContactRow
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
    one = len(cards) == 1
    asked = {"cards": next(iter(cards)) if one else list(cards), "since": since}
    row = (await connection.execute(_OF_ONE if one else _OF_SEVERAL, asked)).one()
    return CardFacts(
        calls=row.calls,
        first_at=row.first_at,
        last_talk=_talk_of(row),
        missed=int(row.missed),
        step=None if row.id is None else as_step(row),
    )


def _talk_of(row: Row[Any]) -> LastTalk | None:
    if row.talk_at is None:
        return None
    return LastTalk(at=row.talk_at, seconds=row.talk_s, agent=row.talk_agent, disposition=row.disposition)


Of = Callable[[InstrumentedAttribute[Any]], ColumnElement[bool]]  # whether a column names one of the cards


def _facts(of: Of) -> Select[*tuple[Any, ...]]:
    all_, talk, step = _calls(of), _last_talk(of), _step(of)
    return select(all_, talk, _missed(of).label("missed"), *step.c).select_from(
        all_.outerjoin(talk, true()).outerjoin(step, true())
    )


def _calls(of: Of) -> Subquery:
    return (
        select(func.count().label("calls"), func.min(CallRow.started_at).label("first_at"))
        .where(of(CallRow.customer_id), CallRow.merged_into.is_(None))
        .subquery()
    )


def _last_talk(of: Of) -> Subquery:
    return (
        select(
            CallRow.started_at.label("talk_at"),
            CallRow.talk_s,
            CallRow.agent.label("talk_agent"),
            CallRow.disposition,
        )
        .where(of(CallRow.customer_id), CallRow.merged_into.is_(None), CallRow.outcome == Outcome.ANSWERED)
        .order_by(CallRow.started_at.desc())
        .limit(1)
        .subquery()
    )


def _missed(of: Of) -> ScalarSelect[Any]:
    """Found by the card's numbers, which have an index; a shared number's line may be of another card."""
    numbers = (
        select(ContactPointRow.value)
        .join(CustomerContactRow, CustomerContactRow.contact_point_id == ContactPointRow.id)
        .where(of(CustomerContactRow.customer_id))
    )
    return (
        select(func.coalesce(func.sum(MissedLineRow.calls), 0))
        .where(
            MissedLineRow.number.in_(numbers),
            MissedLineRow.last_at > bindparam("since", type_=DateTime(timezone=True)),
            or_(MissedLineRow.customer_id.is_(None), of(MissedLineRow.customer_id)),
        )
        .scalar_subquery()
    )


def _step(of: Of) -> Subquery:
    return (
        select(NextStepRow.__table__)
        .where(of(NextStepRow.customer_id), NextStepRow.done_at.is_(None))
        .order_by(NextStepRow.due_at, NextStepRow.id)
        .limit(1)
        .subquery()
    )


# Made once: that takes longer than what PostgreSQL does with them. Nearly always it is one card, and then an
# index gives its calls in their order.
_OF_ONE = _facts(lambda column: column == bindparam("cards", type_=Uuid()))
_OF_SEVERAL = _facts(lambda column: column == any_(bindparam("cards", type_=ARRAY(Uuid()))))
