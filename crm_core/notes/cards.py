"""What stands behind calls moves with a card that becomes part of another."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.bus.event import Event
from crm_core.calls.missed_tables import MissedLineRow
from crm_core.customers.model import Customer
from crm_core.notes.tables import NextStepRow


class StepsOfCards:
    """Follows merges: next steps, and lines of missed calls. Notes belong to their calls."""

    async def count(self, connection: AsyncConnection, cards: Collection[UUID]) -> int:
        """None: calls are counted by their own subject."""
        return 0

    async def merged(
        self, connection: AsyncConnection, kept: Customer, dropped: UUID, at: datetime
    ) -> Sequence[Event]:
        """Move what *dropped* has to *kept*; the merge itself is said by the card."""
        for row in (NextStepRow, MissedLineRow):
            moved = update(row).where(row.customer_id == dropped).values(customer_id=kept.id)
            await connection.execute(moved)
        return ()
