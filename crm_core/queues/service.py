"""Queues and numbers as they are in force. They change only with the office file."""

from __future__ import annotations

from crm_core.db.engine import Database
from crm_core.queues import store
from crm_core.queues.model import Number, Queue


class QueueService:
    """Reads queues and numbers of one PBX."""

    def __init__(self, database: Database, *, pbx: str = "main") -> None:
        self._database = database
        self._pbx = pbx

    async def queues(self) -> tuple[Queue, ...]:
        """The queues in force, by name. Raises Unavailable."""
        async with self._database.transaction() as connection:
            return await store.load_queues(connection, self._pbx)

    async def numbers(self) -> tuple[Number, ...]:
        """The numbers in force, by E.164. Raises Unavailable."""
        async with self._database.transaction() as connection:
            return await store.load_numbers(connection, self._pbx)
