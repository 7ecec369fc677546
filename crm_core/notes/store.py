"""SQL of notes. Functions take the connection of the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.tables import CallLegRow, CallRow
from crm_core.db.among import among
from crm_core.notes.keeping import keep_both
from crm_core.notes.model import Note
from crm_core.notes.tables import NoteRow


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedCall:
    """What notes need to know of a call."""

    id: UUID
    pbx: str
    customer_id: UUID | None


async def call(connection: AsyncConnection, call_id: UUID, seen: ColumnElement[bool]) -> NotedCall | None:
    """The call that satisfies *seen*; for one that became part of another, that one."""
    into = select(CallRow.merged_into).where(CallRow.id == call_id).scalar_subquery()
    found = await connection.execute(
        select(CallRow.id, CallRow.pbx, CallRow.customer_id)
        .where(CallRow.id == func.coalesce(into, call_id), seen)
        .limit(1)
    )
    row = found.first()
    return None if row is None else NotedCall(id=row.id, pbx=row.pbx, customer_id=row.customer_id)


# Said by the calls as they are now, so that it is also right for calls that were written late.
_FINAL = or_(
    CallRow.disposition.is_not(None),
    exists().where(
        CallLegRow.agent == NoteRow.author,
        CallLegRow.started_at > CallRow.started_at,
        CallLegRow.answered_at > CallRow.ended_at,
    ),
)


async def of_calls(
    connection: AsyncConnection, calls: Collection[UUID], author: str | None = None
) -> dict[UUID, list[Note]]:
    """Notes of *calls* and of calls that became part of them, by the call that is left, oldest first."""
    found: dict[UUID, list[Note]] = {}
    if not calls:
        return found
    whole = func.coalesce(CallRow.merged_into, CallRow.id).label("whole")
    query = (
        select(NoteRow.__table__, whole, _FINAL.label("final"))
        .join(CallRow, CallRow.id == NoteRow.call_id)
        .where(or_(among(CallRow.id, calls), among(CallRow.merged_into, calls)))
        .order_by(NoteRow.created_at, NoteRow.author)
    )
    if author is not None:
        query = query.where(NoteRow.author == author)
    for row in await connection.execute(query):
        found.setdefault(row.whole, []).append(_note(row, row.whole, final=row.final))
    return found


async def final(connection: AsyncConnection, call_id: UUID, author: str) -> bool:
    """Whether the note is a draft no more."""
    query = select(_FINAL).select_from(NoteRow).join(CallRow, CallRow.id == NoteRow.call_id)
    found = await connection.execute(query.where(NoteRow.call_id == call_id, NoteRow.author == author))
    return bool(found.scalar_one_or_none())


async def locked(connection: AsyncConnection, call_id: UUID, author: str, at: datetime) -> Row[Any]:
    """The row of the note, made (empty, version 0) when there is none, for this transaction alone.

    Notes of calls that became part of this one are taken into it; two that become one get a version
    nobody has seen.
    """
    fresh = insert(NoteRow).values(
        call_id=call_id, author=author, text="", version=0, created_at=at, saved_at=at, corrected=False
    )
    await connection.execute(fresh.on_conflict_do_nothing())
    parts = await connection.execute(select(CallRow.id).where(CallRow.merged_into == call_id))
    rows = await connection.execute(
        select(NoteRow.__table__)
        .where(NoteRow.author == author, NoteRow.call_id.in_([call_id, *parts.scalars()]))
        .order_by(NoteRow.call_id)
        .with_for_update()
    )
    of_call = {row.call_id: row for row in rows}
    row: Row[Any] = of_call.pop(call_id)
    if not of_call:
        return row
    written = [one for one in (row, *of_call.values()) if one.version]
    text = reduce(keep_both, (one.text for one in written))
    version = max(one.version for one in written) + (len(written) > 1)
    gone = delete(NoteRow).where(NoteRow.author == author, NoteRow.call_id.in_(of_call))
    await connection.execute(gone)
    return await write(
        connection,
        row,
        text=text,
        version=version,
        created_at=min(one.created_at for one in written),
        saved_at=max(one.saved_at for one in written),
        corrected=any(one.corrected for one in written),
    )


async def write(connection: AsyncConnection, row: Row[Any], **values: Any) -> Row[Any]:
    """Set columns of a note that this transaction has locked; the row after it."""
    written = await connection.execute(
        update(NoteRow)
        .where(NoteRow.call_id == row.call_id, NoteRow.author == row.author)
        .values(**values)
        .returning(NoteRow.__table__)
    )
    found: Row[Any] = written.one()
    return found


def as_note(row: Row[Any], *, final: bool) -> Note:
    """A row of notes as a value."""
    return _note(row, row.call_id, final=final)


def _note(row: Row[Any], call_id: UUID, *, final: bool) -> Note:
    return Note(
        call_id=call_id,
        author=row.author,
        text=row.text,
        version=row.version,
        saved_at=row.saved_at,
        final=final,
    )
