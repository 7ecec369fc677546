"""What the live view starts from, read from the database: the office, open calls, agents, today's counts."""

from __future__ import annotations

from datetime import timedelta

from crm_core.calls.queries import CallQueries
from crm_core.clock import Clock
from crm_core.db.engine import Database
from crm_core.live.directory import Directory
from crm_core.live.projection import KnownAgent, Seed
from crm_core.people import store as people
from crm_core.people.store import visible
from crm_core.permissions import Scope
from crm_core.presence import store as presence
from crm_core.presence.model import shown_state
from crm_core.queues import store as queues

_TODAY = timedelta(hours=26)  # a local day, wherever the office is


class LiveSeed:
    """`await load()` gives the hub its start. Raises Unavailable while the database is away."""

    def __init__(self, database: Database, calls: CallQueries, clock: Clock, *, pbx: str) -> None:
        self._database = database
        self._calls = calls
        self._clock = clock
        self._pbx = pbx

    async def load(self) -> Seed:
        """The database's view of now."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            directory = Directory(
                offices=await people.load_offices(connection),
                people=await people.load_people(connection, visible(Scope(all=True))),
                queues=await queues.load_queues(connection, self._pbx),
                numbers=await queues.load_numbers(connection, self._pbx),
            )
            rows = await presence.load_all(connection)
        known = tuple(
            KnownAgent(
                name=row.agent,
                state=shown_state(row, ringing=False, talking=False, now=now),
                reason=row.reason,
                since=row.since,
            )
            for row in rows.values()
        )
        open_calls = await self._calls.open_calls()
        today = await self._calls.counted_since(now - _TODAY)
        return Seed(directory=directory, calls=tuple(open_calls), agents=known, today=tuple(today))
