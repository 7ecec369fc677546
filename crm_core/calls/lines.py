"""The journal: one line for each call, without its legs and trace, narrowed by what people remember.

Whoever seeks by a part of a number seeks among the numbers first, where an index knows the parts: the calls
of those few numbers are then found by index too. A part that very many numbers have is met soon on the way
down the list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.missed import MISSED_OUTCOMES
from crm_core.calls.model import CallState, Direction, Outcome
from crm_core.calls.tables import CallRow
from crm_core.customers.model import ContactKind
from crm_core.customers.tables import ContactPointRow

MANY = 200  # numbers that have a part


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFilter:
    """What the journal is narrowed to.

    *since* and *until* (not included) by start; *parts*: digits, one of which the other side's number has;
    *agent* took part or was rung; *going_on*: not over; *missed*: from outside, over, answered by nobody.
    """

    since: datetime | None = None
    until: datetime | None = None
    parts: tuple[str, ...] = ()
    agent: str | None = None
    queue: str | None = None
    outcome: Outcome | None = None
    going_on: bool = False
    missed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLine:
    """A call as the journal lists it; fields as in crm_core.calls.model.Call."""

    id: UUID
    pbx: str
    direction: Direction
    state: CallState
    outcome: Outcome | None
    started_at: datetime
    answered_at: datetime | None
    from_number: str | None
    from_name: str
    to: str | None
    customer_id: UUID | None
    customer_title: str | None
    queue: str | None
    agent: str | None
    wait_s: float
    talk_s: float
    disposition: str | None


_COLUMNS = tuple(
    CallRow.to_number if name == "to" else getattr(CallRow, name) for name in CallLine.__dataclass_fields__
)


async def find(
    connection: AsyncConnection,
    asked: LineFilter,
    seen: ColumnElement[bool],
    *,
    limit: int,
    below: tuple[datetime, UUID] | None,
) -> list[CallLine]:
    """At most *limit* calls that *seen* holds, newest first, after the one *below* stands for."""
    where = [CallRow.merged_into.is_(None), seen, *_narrowed(asked)]
    if asked.parts:
        where.append(await _of_numbers(connection, asked.parts))
    if below is not None:
        where.append(tuple_(CallRow.started_at, CallRow.id) < below)
    newest = (CallRow.started_at.desc(), CallRow.id.desc())
    rows = await connection.execute(select(*_COLUMNS).where(*where).order_by(*newest).limit(limit))
    return [_line(row) for row in rows]


def _narrowed(asked: LineFilter) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if asked.since is not None:
        where.append(CallRow.started_at >= asked.since)
    if asked.until is not None:
        where.append(CallRow.started_at < asked.until)
    if asked.agent is not None:
        where.append(CallRow.agents.contains([asked.agent]))
    if asked.queue is not None:
        where.append(CallRow.queue == asked.queue)
    if asked.outcome is not None:
        where.append(CallRow.outcome == asked.outcome.value)
    if asked.going_on:
        where.append(CallRow.state != CallState.ENDED.value)
    if asked.missed:
        where += [
            CallRow.direction == Direction.IN.value,
            CallRow.answered_at.is_(None),
            CallRow.outcome.in_([outcome.value for outcome in MISSED_OUTCOMES]),
        ]
    return where


async def _of_numbers(connection: AsyncConnection, parts: Sequence[str]) -> ColumnElement[bool]:
    """Calls whose other side has one of *parts* in its number; an extension is given whole."""
    alike = or_(*(ContactPointRow.value.contains(part, autoescape=True) for part in parts))
    of_phone = ContactPointRow.kind == ContactKind.PHONE.value
    found = (
        await connection.scalars(select(ContactPointRow.value).where(of_phone, alike).limit(MANY + 1))
    ).all()
    if len(found) <= MANY:
        numbers = [*found, *parts]
        return _other_side(CallRow.from_number.in_(numbers), CallRow.to_number.in_(numbers))
    return _other_side(
        or_(*(CallRow.from_number.contains(part, autoescape=True) for part in parts)),
        or_(*(CallRow.to_number.contains(part, autoescape=True) for part in parts)),
    )


def _other_side(by_from: ColumnElement[bool], by_to: ColumnElement[bool]) -> ColumnElement[bool]:
    """What callers dialled is our own number, and no other side."""
    return or_(by_from, and_(by_to, CallRow.direction != Direction.IN.value))


def _line(row: Row[Any]) -> CallLine:
    values = dict(row._mapping)
    values["to"] = values.pop("to_number")
    values["direction"], values["state"] = Direction(values["direction"]), CallState(values["state"])
    values["outcome"] = Outcome(values["outcome"]) if values["outcome"] is not None else None
    return CallLine(**values)
