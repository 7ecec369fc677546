"""Writing the audit: in the transaction of the deed, so that neither exists without the other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, null, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.audit.tables import AuditRow
from crm_core.ids import new_id

SYSTEM = "system"  # the actor when nobody is behind a deed; no person can have this name


async def record(
    connection: AsyncConnection,
    *,
    actor: str,
    action: str,
    kind: str,
    subject: object,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write that *actor* did *action* (`customer.updated`, `recording.played`) to *kind* *subject*.

    *before* and *after* hold the fields that changed, as JSON values; never secrets.
    """
    await connection.execute(
        insert(AuditRow).values(
            id=new_id(),
            at=at,
            actor=actor,
            action=action,
            subject_kind=kind,
            subject_id=str(subject),
            before=null() if before is None else dict(before),
            after=null() if after is None else dict(after),
        )
    )


async def record_once(
    connection: AsyncConnection,
    *,
    actor: str,
    action: str,
    kind: str,
    subject: object,
    at: datetime,
    after: Mapping[str, Any],
    within: timedelta,
) -> bool:
    """As `record`, unless just this deed was written in the time *within* before *at*; whether it was now.

    For what a program does many times when a person does it once. Two at the same moment write one row.
    """
    written = (
        select(AuditRow.id)
        .where(
            AuditRow.subject_kind == kind,
            AuditRow.subject_id == str(subject),
            AuditRow.actor == actor,
            AuditRow.action == action,
            AuditRow.after == dict(after),
            AuditRow.at > at - within,
        )
        .limit(1)
    )
    if await connection.scalar(written) is not None:
        return False
    await connection.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(f"{action} {subject} {actor}", 0)))
    )
    if await connection.scalar(written) is not None:
        return False
    await record(connection, actor=actor, action=action, kind=kind, subject=subject, at=at, after=after)
    return True


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Only the fields of *after* that differ from *before*, as they were and as they are."""
    keys = [key for key, value in after.items() if before.get(key) != value]
    return {key: before.get(key) for key in keys}, {key: after[key] for key in keys}
