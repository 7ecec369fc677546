"""SQL of the live view: what its figures of the day and its seats start from."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, case, extract, func, not_, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls import store as calls
from crm_core.calls.model import Call, CallState, Direction, Outcome
from crm_core.calls.store import CallFilter
from crm_core.calls.tables import CallLegRow, CallRow
from crm_core.live.figures import CountedCall
from crm_core.live.seats import Talk


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


async def talks_since(connection: AsyncConnection, pbx: str, since: datetime) -> tuple[Talk, ...]:
    """Who talked in which call since then: one row for each agent and call that is one of its own.

    As crm_core.live.seats counts them: to the outside, from the customer's answer on.
    """
    outgoing = CallRow.direction == Direction.OUT.value
    begun = case(
        (outgoing, func.greatest(CallLegRow.answered_at, CallRow.answered_at)), else_=CallLegRow.answered_at
    )
    length = extract("epoch", CallLegRow.ended_at - begun)
    over = func.bool_and(CallLegRow.ended_at.is_not(None))
    rows = await connection.execute(
        select(
            CallLegRow.call_id,
            CallLegRow.agent,
            func.min(begun).label("at"),
            case((over, func.sum(length))).label("talk_s"),
        )
        .join(CallRow, and_(CallRow.id == CallLegRow.call_id, CallRow.pbx == CallLegRow.pbx))
        .where(
            CallLegRow.pbx == pbx,
            CallLegRow.agent.is_not(None),
            CallLegRow.answered_at >= since,
            CallRow.started_at >= since,
            CallRow.merged_into.is_(None),
            or_(not_(outgoing), CallRow.answered_at.is_not(None)),
        )
        .group_by(CallLegRow.call_id, CallLegRow.agent)
    )
    return tuple(
        Talk(
            call_id=row.call_id,
            agent=row.agent,
            at=row.at,
            talk_s=round(float(row.talk_s), 3) if row.talk_s is not None else None,
        )
        for row in rows
    )


async def just_left(
    connection: AsyncConnection, pbx: str, agents: Collection[str], since: datetime
) -> list[Call]:
    """The call that each of *agents*, who are in wrap-up after it, talked in last; oldest first.

    It may go on without them. *since*: no call of theirs began before.
    """
    if not agents:
        return []
    last = (
        select(CallLegRow.call_id)
        .where(
            CallLegRow.pbx == pbx,
            CallLegRow.agent.in_(agents),
            CallLegRow.started_at >= since,
            CallLegRow.answered_at.is_not(None),
            CallLegRow.ended_at.is_not(None),
        )
        .ext(distinct_on(CallLegRow.agent))
        .order_by(CallLegRow.agent, CallLegRow.ended_at.desc())
    )
    found = await calls.find(connection, CallFilter(), CallRow.id.in_(last), limit=len(agents), below=None)
    return found[::-1]
