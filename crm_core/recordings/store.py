"""SQL of recordings. Functions take the connection of the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Table, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.model import Call
from crm_core.calls.visibility import held_by
from crm_core.permissions import Scope
from crm_core.recordings.model import Recording, RecordingKind, RecordingState
from crm_core.recordings.tables import RecordingRow

_TABLE: Table = RecordingRow.__table__  # type: ignore[assignment]  # declared as FromClause
_FIELDS = tuple(Recording.__dataclass_fields__)
_COLUMNS: tuple[Column[Any], ...] = tuple(_TABLE.c[name] for name in _FIELDS)


def visible(scope: Scope) -> ColumnElement[bool]:
    """Recordings that *scope* holds: of its agents' calls, and of calls to numbers of its office."""
    return held_by(scope, agents=RecordingRow.agents, did=RecordingRow.did, pbx=RecordingRow.pbx)


async def locked(connection: AsyncConnection, recording_id: UUID) -> Recording | None:
    """The recording, for this transaction alone to change."""
    found = select(*_COLUMNS).where(RecordingRow.id == recording_id).with_for_update()
    row = (await connection.execute(found)).one_or_none()
    return None if row is None else _recording(row)


async def write(connection: AsyncConnection, recording: Recording) -> None:
    """Store *recording* over its row."""
    values = asdict(recording)
    del values["id"]
    await connection.execute(update(_TABLE).where(_TABLE.c.id == recording.id).values(values))


async def one(connection: AsyncConnection, where: ColumnElement[bool]) -> Recording | None:
    """The recording that satisfies *where*."""
    row = (await connection.execute(select(*_COLUMNS).where(where))).one_or_none()
    return None if row is None else _recording(row)


async def newest(
    connection: AsyncConnection, where: Sequence[ColumnElement[bool]], *, limit: int
) -> tuple[Recording, ...]:
    """At most *limit* recordings, newest first."""
    rows = await connection.execute(
        select(*_COLUMNS).where(*where).order_by(RecordingRow.id.desc()).limit(limit)
    )
    return tuple(map(_recording, rows))


async def oldest_kept(
    connection: AsyncConnection, pbx: str, before: datetime, limit: int
) -> tuple[Recording, ...]:
    """At most *limit* recordings with a file begun before *before*, oldest first."""
    rows = await connection.execute(
        select(*_COLUMNS)
        .where(
            RecordingRow.pbx == pbx,
            RecordingRow.started_at < before,
            RecordingRow.path.is_not(None),
        )
        .order_by(RecordingRow.started_at)
        .limit(limit)
    )
    return tuple(map(_recording, rows))


def talkers(call: Call) -> frozenset[str]:
    """Agents who talked in *call*: whoever was only rung is not in its recording."""
    names = {leg.agent for leg in call.legs if leg.talk_s > 0 or leg.answered_at is not None} | {call.agent}
    return frozenset(name for name in names if name is not None)


def _recording(row: Any) -> Recording:
    values = dict(row._mapping)
    values["kind"], values["state"] = RecordingKind(values["kind"]), RecordingState(values["state"])
    return Recording(**values)
