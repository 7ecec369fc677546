"""SQL of a card's timeline: one index scan for each kind of thing, newest first.

Functions take the connection of the caller's transaction. *below*: moment and id of the last item shown.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.audit.tables import AuditRow
from crm_core.calls.model import CallState, Direction, Outcome
from crm_core.calls.tables import CallRow
from crm_core.db.among import among
from crm_core.notes.card_store import of_cards
from crm_core.notes.model import TimelineCall, TimelineChange, TimelineStep
from crm_core.notes.step_store import as_step
from crm_core.notes.tables import NextStepRow
from crm_core.paging import Position
from crm_core.recordings import store as recordings
from crm_core.recordings.model import Recording
from crm_core.recordings.tables import RecordingRow

# Deeds that change nothing on the card: who somebody is when a number rings.
_NO_CHANGE = ("customer.chosen",)
_SHOWN = frozenset(
    {"title", "status", "owner", "office", "phones", "contact_points", "dropped", "merged_into"}
)


async def calls(
    connection: AsyncConnection,
    cards: Collection[UUID],
    readable: ColumnElement[bool],
    *,
    limit: int,
    below: Position | None,
) -> list[TimelineCall]:
    """Calls of the cards; *readable* says of each whether the reader may open it."""
    query = select(
        CallRow.id,
        CallRow.started_at.label("at"),
        CallRow.direction,
        CallRow.state,
        CallRow.outcome,
        CallRow.from_number,
        CallRow.to_number.label("to"),
        CallRow.queue,
        CallRow.agent,
        CallRow.talk_s,
        CallRow.disposition,
        readable.label("readable"),
    ).where(of_cards(CallRow.customer_id, cards), CallRow.merged_into.is_(None))
    if below is not None:
        query = query.where(tuple_(CallRow.started_at, CallRow.id) < below)
    rows = await connection.execute(query.order_by(CallRow.started_at.desc(), CallRow.id.desc()).limit(limit))
    return [_call(dict(row._mapping)) for row in rows]


def _call(values: dict[str, Any]) -> TimelineCall:
    values["direction"], values["state"] = Direction(values["direction"]), CallState(values["state"])
    values["outcome"] = None if values["outcome"] is None else Outcome(values["outcome"])
    return TimelineCall(**values)


async def changes(
    connection: AsyncConnection, cards: Collection[UUID], *, limit: int, below: Position | None
) -> list[TimelineChange]:
    """What was done to the cards, from the audit."""
    query = select(AuditRow.__table__).where(
        AuditRow.subject_kind == "customer",
        AuditRow.subject_id.in_(list(map(str, cards))),
        AuditRow.action.not_in(_NO_CHANGE),
    )
    if below is not None:
        query = query.where(tuple_(AuditRow.at, AuditRow.id) < below)
    rows = await connection.execute(query.order_by(AuditRow.at.desc(), AuditRow.id.desc()).limit(limit))
    return [
        TimelineChange(
            id=row.id,
            at=row.at,
            actor=row.actor,
            action=row.action,
            before=_shown(row.before),
            after=_shown(row.after),
        )
        for row in rows
    ]


def _shown(fields: dict[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (fields or {}).items() if name in _SHOWN}


async def steps(
    connection: AsyncConnection, cards: Collection[UUID], *, limit: int, below: Position | None
) -> list[TimelineStep]:
    """Next steps of the cards, by when they were planned."""
    query = select(NextStepRow.__table__).where(of_cards(NextStepRow.customer_id, cards))
    if below is not None:
        query = query.where(tuple_(NextStepRow.created_at, NextStepRow.id) < below)
    rows = await connection.execute(
        query.order_by(NextStepRow.created_at.desc(), NextStepRow.id.desc()).limit(limit)
    )
    return [TimelineStep(id=row.id, at=row.created_at, step=as_step(row)) for row in rows]


async def recordings_of(
    connection: AsyncConnection, calls: Collection[UUID], seen: ColumnElement[bool]
) -> dict[UUID, list[Recording]]:
    """Recordings of *calls* that satisfy *seen*, by call, newest first."""
    found: dict[UUID, list[Recording]] = {}
    if calls:
        where = [among(RecordingRow.call_id, calls), seen]
        for recording in await recordings.newest(connection, where, limit=2 * len(calls)):
            found.setdefault(recording.call_id, []).append(recording)
    return found
