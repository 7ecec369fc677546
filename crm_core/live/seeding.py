"""What the live view starts from, read from the database: office, open calls, agents, the day's counts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from sqlalchemy import text

from crm_core.calls import store as calls
from crm_core.calls.model import Call, CallState, LegState
from crm_core.clock import Clock
from crm_core.db.engine import Database
from crm_core.live import store
from crm_core.live.agents import KnownAgent
from crm_core.live.directory import Directory
from crm_core.live.projection import Seed
from crm_core.office import store as offices
from crm_core.office.reading import read_once
from crm_core.people import store as people
from crm_core.permissions import Scope
from crm_core.presence import store as presence
from crm_core.presence.model import AgentState, Presence, shown_state
from crm_core.queues import store as queues

_TODAY = timedelta(hours=25)  # since local midnight, wherever the office is and whatever its clocks do
_WRAP_UP = timedelta(hours=4)  # the longest wrap-up that an office file allows, after a very long talk


class Seeding:
    """`await load()` gives the hub its start. Raises Unavailable while the database is away."""

    def __init__(self, database: Database, clock: Clock, *, pbx: str = "main") -> None:
        self._database = database
        self._clock = clock
        self._pbx = pbx

    async def load(self) -> Seed:
        """The database's view of now, of one moment: no call ends between two of the statements."""
        now = self._clock.now()
        outgoing = await self._outgoing()
        async with self._database.transaction() as connection:
            await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            directory = Directory(
                offices=await people.load_offices(connection),
                people=await people.load_people(connection, people.visible(Scope(all=True))),
                queues=await queues.load_queues(connection, self._pbx),
                numbers=await queues.load_numbers(connection, self._pbx),
                outgoing=outgoing,
                pbx=self._pbx,
            )
            unfinished = await calls.unfinished(connection, self._pbx)
            rows = await presence.load_all(connection)
            today = await store.counted_since(connection, self._pbx, now - _TODAY)
            talks = await store.talks_since(connection, self._pbx, now - _TODAY)
            wrapping = [name for name, row in rows.items() if row.wrap_up_until and row.wrap_up_until > now]
            just_left = await store.just_left(connection, self._pbx, wrapping, now - _WRAP_UP)
        going_on = tuple(call for call in unfinished if call.merged_into is None)
        over = (call for call in just_left if call.state is CallState.ENDED)
        agents = tuple(known_agents(rows, going_on, now))
        return Seed(directory=directory, calls=(*over, *going_on), agents=agents, today=today, talks=talks)

    async def _outgoing(self) -> tuple[str, ...]:
        """Beginnings of the numbers that the office calls."""
        async with self._database.transaction() as connection:
            applied = await offices.latest(connection, self._pbx)
        if applied is None:
            return ()
        office = await asyncio.to_thread(read_once, applied.text)
        return tuple(office.outgoing_prefixes())


def known_agents(
    rows: Mapping[str, Presence], going_on: Iterable[Call], now: datetime
) -> Iterator[KnownAgent]:
    """The state to show for each agent until the router says the next: from rows and open legs."""
    busy: dict[str, KnownAgent] = {}
    for call in going_on:
        for leg in call.legs:
            if leg.agent is None or leg.state in (LegState.ENDED, LegState.NEW):
                continue
            rings = leg.state is LegState.RINGING
            if rings and leg.agent in busy:
                continue  # talking on another line is what is shown
            busy[leg.agent] = KnownAgent(
                name=leg.agent,
                state=AgentState.RINGING if rings else AgentState.TALKING,
                reason=None,
                since=(leg.ringing_at if rings else leg.answered_at) or leg.started_at,
                call_id=call.id,
            )
    yield from busy.values()
    for agent, row in rows.items():
        if agent not in busy:
            state = shown_state(row, ringing=False, talking=False, now=now)
            reason = row.reason if state is AgentState.BREAK else None
            until = row.wrap_up_until if state is AgentState.WRAP_UP else None
            yield KnownAgent(name=agent, state=state, reason=reason, since=row.since, until=until)
