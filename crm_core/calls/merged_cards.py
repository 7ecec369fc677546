"""Calls follow a card that became part of another."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.bus.event import Event
from crm_core.calls.tables import CallRow
from crm_core.customers.model import Customer


class CallsOfCards:
    """Implements `crm_core.customers.merging.Follower` for rows; calls of now follow `CustomerMerged`."""

    async def count(self, connection: AsyncConnection, cards: Collection[UUID]) -> int:
        """How many calls *cards* have; a consult call counts with the one it became part of."""
        asked = select(func.count()).where(CallRow.customer_id.in_(cards), CallRow.merged_into.is_(None))
        return int((await connection.execute(asked)).scalar_one())

    async def merged(
        self, connection: AsyncConnection, kept: Customer, dropped: UUID, at: datetime
    ) -> Sequence[Event]:
        """Give the calls of *dropped* to *kept*. Who owned the card at the time of a call stays."""
        await connection.execute(
            update(CallRow)
            .where(CallRow.customer_id == dropped)
            .values(customer_id=kept.id, customer_title=kept.title)
        )
        return ()
