"""Where calls are kept: PostgreSQL, or a spool on disk while it is away.

`record` returns when what happened is durable. The first write that PostgreSQL does not take within
`WRITE_S` goes to the spool, and so does everything after it until the spool has been replayed: with a
frozen database nothing waits twice. Nobody on a call waits here at all (events reach the bus before us);
the bound says how much a worker killed at that moment could lose, which the ledger then fills in.

Replay is idempotent: a row only moves forward, an event is in the outbox once. Of several states of one
call only the newest is written.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg
import structlog

from crm_core.bus.event import decode, encode
from crm_core.calls import missed_store, owing, store
from crm_core.calls.events import CallAnswered, CallChanged, CallEvent
from crm_core.calls.model import Call, CallState
from crm_core.clock import Clock
from crm_core.db import outbox
from crm_core.db.engine import Database
from crm_core.db.failures import unavailable
from crm_core.db.spool import Spool
from crm_core.errors import BadInput, Unavailable
from crm_core.health import Health, HealthState

log = structlog.get_logger(__name__)

PART = "journal"
WRITE_S = 0.25
OWED_FOR = timedelta(days=1)
REPLAY_S = 10.0  # a slow database may take its time for what is safe on disk already
AGAIN_S = 0.5
_BATCH = 200
_REACHED = 2000  # answered calls of this life: more than are up at a time


class CallJournal:
    """One per worker that routes. `start`, `record`, `stop`; owns the replaying task and the spool."""

    def __init__(self, database: Database, spool: Spool, clock: Clock, health: Health, *, pbx: str) -> None:
        self.poisoned = 0  # calls the database would not take in any form
        self._database = database
        self._spool = spool
        self._clock = clock
        self._health = health
        self._pbx = pbx
        self._behind = asyncio.Event()
        self._reached: OrderedDict[UUID, None] = OrderedDict()  # answered, and missed lines brought up to it
        self._replaying = asyncio.Lock()  # two would acknowledge the same records, and then others' too
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Go on with what an earlier life left in the spool."""
        self._mark()
        self._task = asyncio.create_task(self._run(), name="journal-replay")

    async def stop(self) -> None:
        """End the replaying; what is in the spool stays there for the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None
        await self._spool.close()

    @property
    def spooled(self) -> int:
        """Records on disk that the database does not have yet."""
        return self._spool.pending

    async def record(self, events: Sequence[CallEvent], *, heard: bool = False) -> None:
        """Keep what happened. Raises Unavailable when neither database nor disk can take it.

        *heard*: the bus has all of *events* already: then the outbox has nothing to say, and rows will do.
        """
        kept = _worth_keeping(events)
        if not kept:
            return
        if not self._spool.pending:
            try:
                await self._write(kept, WRITE_S, heard=heard)
                return
            except Unavailable:
                pass  # to the disk, then
        await self._spool.append([encode(event) for event in kept])
        self._mark()

    async def open_calls(self) -> list[Call]:
        """Calls that had not ended when this process began, the spool's newer word included.

        Raises Unavailable while the database is away.
        """
        await self.replay()
        async with self._database.transaction() as connection:
            return await store.unfinished(connection, self._pbx)

    async def owing_calls(self) -> list[Call]:
        """Finished calls of late that a worker killed behind them may owe a card, or their card an owner.

        Raises Unavailable while the database is away.
        """
        since = self._clock.now() - OWED_FOR
        async with self._database.reading() as connection:
            return await owing.find(connection, self._pbx, since)

    async def spooled_calls(self) -> list[Call]:
        """Calls that had not ended as far as the spool tells: for a start while the database is away.

        Only of its oldest segment: the PBX's snapshot tells which calls are up in any case, this how they
        came about.
        """
        records = await self._spool.read(self._spool.pending)
        calls = _newest([event for record in records if (event := _read(record)) is not None])
        going_on = {call.id for call in calls if call.state is not CallState.ENDED}
        return [call for call in calls if call.id in going_on or call.merged_into in going_on]

    async def replay(self) -> None:
        """Bring the whole spool into the database. Raises Unavailable; what was not taken stays."""
        async with self._replaying:
            while self._spool.pending:
                records = await self._spool.read(_BATCH)
                events = [event for record in records if (event := _read(record)) is not None]
                await self._write(_worth_keeping(events), REPLAY_S)
                await self._spool.acknowledge(len(records))
            self._mark()

    async def _run(self) -> None:
        while True:
            await self._behind.wait()
            try:
                await self.replay()
            except Unavailable:
                await asyncio.sleep(AGAIN_S)

    async def _write(self, events: Sequence[CallEvent], timeout_s: float, *, heard: bool = False) -> None:
        """Calls, and the outbox unless *heard*. A batch with a poisonous call is written call by call."""
        newest = _newest(events)
        try:
            await self._transact(newest, events, timeout_s, heard)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            if len(newest) == 1:
                self.poisoned += 1
                log.error("call cannot be stored", call=str(newest[0].id), reason=type(error).__name__)
                return
            for call in newest:
                mine = [one for one in events if one.call.id == call.id]
                await self._write(mine, timeout_s, heard=heard)
        except asyncpg.PostgresError as error:
            # Nothing is wrong with the calls (rights were taken, tables are being changed): to the disk.
            log.error("calls are not taken by the database", reason=type(error).__name__)
            raise unavailable(error) from error

    async def _transact(
        self, calls: Sequence[Call], events: Sequence[CallEvent], timeout_s: float, heard: bool
    ) -> None:
        telling = [one.call for one in events if self._tells_of_missed(one)]
        if heard and not telling:
            async with self._database.hot(timeout_s=timeout_s) as connection:
                await store.write(connection, calls)
            return
        async with self._database.hot(timeout_s=timeout_s) as connection, connection.transaction():
            await store.write(connection, calls)
            await missed_store.refresh(connection, telling, self._clock.now())
            if not heard:
                # A change of detail is for the screens of now; whoever was away reads the row.
                await outbox.add_hot(connection, [one for one in events if not isinstance(one, CallChanged)])
        self._reached.update(dict.fromkeys(call.id for call in telling if call.answered_at is not None))
        while len(self._reached) > _REACHED:
            self._reached.popitem(last=False)

    def _tells_of_missed(self, event: CallEvent) -> bool:
        """Whether it can open or close a line. The end of a talk does neither when its begin was told."""
        if isinstance(event, CallAnswered):
            return True
        return event.call.state is CallState.ENDED and event.call.id not in self._reached

    def _mark(self) -> None:
        if self._spool.pending:
            self._behind.set()
            self._health.set(PART, HealthState.DEGRADED, f"{self._spool.pending} records on disk")
        else:
            self._behind.clear()
            self._health.set(PART, HealthState.UP)


def _newest(events: Sequence[CallEvent]) -> list[Call]:
    newest: dict[UUID, Call] = {}
    for event in events:
        known = newest.get(event.call.id)
        if known is None or event.call.version >= known.version:
            newest[event.call.id] = event.call
    return list(newest.values())


def _worth_keeping(events: Sequence[CallEvent]) -> list[CallEvent]:
    """All but changes of detail that a later event of the same call includes."""
    last = {event.call.id: event for event in events}
    return [event for event in events if not isinstance(event, CallChanged) or last[event.call.id] is event]


def _read(record: bytes) -> CallEvent | None:
    """The event of a spooled record; None, and a line in the log, when it is not one any more."""
    try:
        event = decode(record)
    except BadInput as error:
        log.error("spooled record is unreadable", reason=error.message)
        return None
    return event if isinstance(event, CallEvent) else None
