"""Finished calls that were never looked up, or whose card nobody owns though somebody answered.

A router sees to both behind its calls. One that is killed takes such work with it; the next one begins here.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, not_, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls import store
from crm_core.calls.model import Call, Direction
from crm_core.calls.tables import CallRow
from crm_core.calls.trace import LOOKED_UP

MOST = 500  # the newest; older ones get theirs when their number rings again


async def find(connection: AsyncConnection, pbx: str, since: datetime) -> list[Call]:
    """Settled calls of *pbx* with the world outside that began after *since*, newest first."""
    looked_up = or_(*(CallRow.trace.contains([{"code": code}]) for code in sorted(LOOKED_UP)))
    no_card = CallRow.customer_id.is_(None) & not_(looked_up)
    no_owner = CallRow.customer_id.is_not(None) & CallRow.owner.is_(None) & CallRow.answered_at.is_not(None)
    return await store.load(
        connection,
        and_(
            CallRow.pbx == pbx,
            CallRow.merged_into.is_(None),
            CallRow.started_at > since,
            CallRow.direction != Direction.INTERNAL.value,
            CallRow.settled,
            no_card | no_owner,
        ),
        limit=MOST,
    )
