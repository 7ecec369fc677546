"""SQL of next steps. Functions take the connection of the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, false, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.notes.model import NextStep
from crm_core.notes.tables import NextStepRow
from crm_core.people.tables import PersonRow
from crm_core.permissions import Scope


def visible(scope: Scope) -> ColumnElement[bool]:
    """Next steps that *scope* holds: one's own, and those of people of the office or team."""
    if scope.all:
        return true()
    where: list[ColumnElement[bool]] = []
    if scope.person is not None:
        where.append(NextStepRow.agent == scope.person)
    for column, name in ((PersonRow.office, scope.office), (PersonRow.team, scope.team)):
        if name is not None:
            where.append(NextStepRow.agent.in_(select(PersonRow.name).where(column == name)))
    return or_(*where) if where else false()


async def add(connection: AsyncConnection, step: NextStep) -> NextStep | None:
    """Write *step*, unless its agent has one that is open for this call: then that one."""
    values = {name: getattr(step, name) for name in NextStep.__dataclass_fields__}
    written = await connection.execute(
        insert(NextStepRow)
        .values(**values)
        .on_conflict_do_nothing(
            index_elements=[NextStepRow.call_id, NextStepRow.agent], index_where=NextStepRow.done_at.is_(None)
        )
        .returning(NextStepRow.id)
    )
    if written.first() is not None:
        return None
    there = await connection.execute(
        select(NextStepRow.__table__).where(
            NextStepRow.call_id == step.call_id,
            NextStepRow.agent == step.agent,
            NextStepRow.done_at.is_(None),
        )
    )
    return as_step(there.one())


async def locked(connection: AsyncConnection, step_id: UUID, seen: ColumnElement[bool]) -> NextStep | None:
    """The step that satisfies *seen*, for this transaction alone to change."""
    query = select(NextStepRow.__table__).where(NextStepRow.id == step_id, seen).with_for_update()
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else as_step(row)


async def write(connection: AsyncConnection, step: NextStep) -> None:
    """Put *step* over its row."""
    values = {name: getattr(step, name) for name in ("text", "due_at", "done_at", "version")}
    await connection.execute(update(NextStepRow).where(NextStepRow.id == step.id).values(**values))


async def unfinished(
    connection: AsyncConnection, agent: str, seen: ColumnElement[bool], *, limit: int
) -> Sequence[NextStep]:
    """Steps of *agent* that are not done, the most urgent first."""
    rows = await connection.execute(
        select(NextStepRow.__table__)
        .where(NextStepRow.agent == agent, NextStepRow.done_at.is_(None), seen)
        .order_by(NextStepRow.due_at, NextStepRow.id)
        .limit(limit)
    )
    return tuple(map(as_step, rows))


async def of_call(
    connection: AsyncConnection, call_id: UUID, seen: ColumnElement[bool]
) -> Sequence[NextStep]:
    """Steps of a call, oldest first."""
    rows = await connection.execute(
        select(NextStepRow.__table__)
        .where(NextStepRow.call_id == call_id, seen)
        .order_by(NextStepRow.created_at, NextStepRow.id)
    )
    return tuple(map(as_step, rows))


def as_step(row: Row[Any]) -> NextStep:
    """A row of next steps as a value."""
    return NextStep(**{name: getattr(row, name) for name in NextStep.__dataclass_fields__})
