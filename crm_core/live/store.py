"""SQL of the live view: what its figures of the day start from."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.model import CallState, Direction, Outcome
from crm_core.calls.tables import CallRow
from crm_core.live.figures import CountedCall


async def counted_since(connection: AsyncConnection, pbx: str, since: datetime) -> tuple[CountedCall, ...]:
    """Ended inbound calls of queues that began since then: no more columns than counting needs."""
    rows = await connection.execute(
        select(CallRow.id, CallRow.queue, CallRow.started_at, CallRow.answered_at, CallRow.outcome).where(
            CallRow.pbx == pbx,
            CallRow.started_at >= since,
            CallRow.direction == Direction.IN.value,
            CallRow.queue.is_not(None),
            CallRow.merged_into.is_(None),
            CallRow.state == CallState.ENDED.value,
        )
    )
    return tuple(
        CountedCall(
            id=row.id,
            direction=Direction.IN,
            queue=row.queue,
            started_at=row.started_at,
            answered_at=row.answered_at,
            outcome=Outcome(row.outcome) if row.outcome is not None else None,
        )
        for row in rows
    )
