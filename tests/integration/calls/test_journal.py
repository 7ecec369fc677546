"""Calls reach the database whole, forward only, and through its absence."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from crm_core.bus.event import encode
from crm_core.calls.events import CallChanged, CallSettled
from crm_core.calls.journal import PART, CallJournal
from crm_core.calls.model import CallState
from crm_core.calls.service import CallService
from crm_core.db.embedded import EmbeddedPostgres
from crm_core.db.engine import Database
from crm_core.db.migrate import upgrade
from crm_core.db.spool import Spool
from crm_core.health import Health, HealthState
from tests.fakes.clock import FakeClock
from tests.integration.calls.conftest import keep, open_journal, told
from tests.unit.callrouter.tracking.streams import STREAMS

pytestmark = pytest.mark.integration


async def rows(database: Database, sql: str, *values: Any) -> list[Any]:
    async with database.hot(timeout_s=10) as connection:
        return [tuple(row) for row in await connection.fetch(sql, *values)]


@pytest.mark.parametrize("name", STREAMS)
async def test_a_call_comes_back_as_it_was_written(
    name: str, journal: CallJournal, service: CallService
) -> None:
    events = told(name)
    for event in events:
        await keep(journal, [event])
    for call in {event.call.id: event.call for event in events}.values():
        if call.merged_into is None:
            found = await service.find(call.id)
            assert found is not None
            assert set(found.legs) == set(call.legs)
            assert replace(found, legs=call.legs) == call


async def test_any_order_ends_in_the_newest(journal: CallJournal, service: CallService) -> None:
    events = told("attended_transfer")
    await keep(journal, events[::-1])
    for event in events:
        await keep(journal, [event])
    last = {event.call.id: event.call for event in events}
    (call,) = (call for call in last.values() if call.merged_into is None)
    found = await service.find(call.id)
    assert found is not None and found.version == call.version
    assert len(found.legs) == len(call.legs)


async def test_a_merged_call_leads_to_the_one_it_became_part_of(
    journal: CallJournal, service: CallService, database: Database
) -> None:
    events = told("attended_transfer")
    await keep(journal, events)
    (merged,) = {event.call.id for event in events if event.call.merged_into is not None}
    found = await service.find(merged)
    assert found is not None and found.id != merged
    assert await rows(database, "SELECT count(*) FROM call_legs WHERE call_id = $1", merged) == [(0,)]


async def test_the_outbox_has_each_event_once_and_no_change_of_detail(
    journal: CallJournal, database: Database
) -> None:
    events = told("plain_call")
    await keep(journal, events)
    await keep(journal, events)
    told_of = [event for event in events if not isinstance(event, CallChanged)]
    stored = await rows(database, "SELECT event_id, name FROM outbox ORDER BY seq")
    assert stored == [(event.id, type(event).__name__) for event in told_of]


async def test_what_is_settled_stays_settled(journal: CallJournal, service: CallService) -> None:
    events = told("plain_call")
    last = events[-1].call
    settled = replace(last, settled=True, talk_s=9.5)
    await keep(journal, [CallSettled(call=settled)])
    await keep(journal, events)
    await keep(journal, [CallChanged(call=replace(last, version=last.version + 5))])
    found = await service.find(last.id)
    assert found is not None and (found.settled, found.talk_s) == (True, 9.5)


async def test_open_calls_are_those_that_had_not_ended(journal: CallJournal) -> None:
    events = told("attended_while_ringing")
    merged = next(i for i, event in enumerate(events) if event.call.merged_into is not None)
    await keep(journal, events[: merged + 1])
    calls = await journal.open_calls()
    assert {call.state for call in calls} == {CallState.ENDED, CallState.OFFERED}
    assert [call.merged_into for call in calls if call.state is CallState.ENDED] == [
        call.id for call in calls if call.state is CallState.OFFERED
    ]
    await keep(journal, events[merged:])
    assert await journal.open_calls() == []


async def test_a_call_nobody_can_store_holds_up_no_other(journal: CallJournal, service: CallService) -> None:
    good, bad = told("plain_call")[-1], told("hold")[-1]
    poison = replace(bad, call=replace(bad.call, from_name="nul \x00 in it"))
    await keep(journal, [poison, good])
    assert await service.find(good.call.id) is not None
    assert await service.find(bad.call.id) is None
    assert journal.poisoned == 1


async def test_what_a_database_that_is_there_does_not_take_is_kept_on_disk(
    journal: CallJournal, service: CallService, database: Database
) -> None:
    """Tables that are being changed, rights that were taken: nothing is wrong with the call."""
    call = told("plain_call")[-1]
    await rows(database, "ALTER TABLE calls RENAME TO calls_elsewhere")
    await journal.record([call])
    assert (journal.spooled, journal.poisoned) == (1, 0)
    await asyncio.sleep(0.6)  # it is tried again, in vain
    await rows(database, "ALTER TABLE calls_elsewhere RENAME TO calls")
    async with asyncio.timeout(20):
        while journal.spooled:
            await asyncio.sleep(0.05)
    assert await service.find(call.call.id) is not None


@asynccontextmanager
async def own_server(home: Path) -> AsyncIterator[tuple[EmbeddedPostgres, Database]]:
    """A PostgreSQL of this test's own, to be mistreated."""
    server = EmbeddedPostgres(home / "pg", settings={"fsync": "off"})
    dsn = await server.start()
    await upgrade(dsn)
    database = await Database.open(dsn, statement_timeout_s=5.0)
    try:
        yield server, database
    finally:
        await database.close()
        await server.stop()


def signal_all(server: EmbeddedPostgres, number: int) -> None:
    """To the postmaster and every process it made: a frozen machine, not a frozen accept()."""
    assert server.pid is not None
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    for pid in (server.pid, *map(int, children)):
        os.kill(pid, number)


async def test_a_frozen_database_loses_and_doubles_nothing(short_tmp: Path) -> None:
    health = Health(FakeClock())
    async with own_server(short_tmp) as (server, database):
        journal = await open_journal(database, short_tmp / "spool", health)
        await journal.start()
        service = CallService(database, FakeClock())
        streams = [told(name) for name in ("plain_call", "hold", "blind_transfer", "attended_transfer")]
        await journal.record(streams[0])
        signal_all(server, signal.SIGSTOP)
        loop = asyncio.get_running_loop()
        began = loop.time()
        for events in streams[1:]:
            for event in events:
                await journal.record([event])
        took = loop.time() - began
        part = health.get(PART)
        assert took < 9, "only the first write may wait for the database"
        assert journal.spooled > 0 and part is not None and part.state is HealthState.DEGRADED
        signal_all(server, signal.SIGCONT)
        async with asyncio.timeout(30):
            while journal.spooled:
                await asyncio.sleep(0.05)
        for events in streams:
            for call in {event.call.id: event.call for event in events}.values():
                if call.merged_into is None:
                    found = await service.find(call.id)
                    assert found is not None and found.version == call.version
        assert await rows(database, "SELECT count(*) - count(DISTINCT event_id) FROM outbox") == [(0,)]
        assert await rows(database, "SELECT count(*) FROM calls") == [(5,)]
        part = health.get(PART)
        assert part is not None and part.state is HealthState.UP
        await journal.stop()


WRITER = """
import asyncio, sys
from dataclasses import replace
from pathlib import Path
from crm_core.calls.events import CallStarted
from crm_core.db.engine import Database
from crm_core.ids import new_id
from tests.integration.calls.conftest import open_journal, told

async def main(dsn, directory):
    journal = await open_journal(await Database.open(dsn, require=False), Path(directory))
    await journal.start()
    call = told("plain_call")[0].call
    while True:
        mine = replace(call, id=new_id())
        await journal.record([CallStarted(call=mine)])
        print(mine.id, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("away", [False, True])
async def test_a_killed_writer_loses_nothing_it_called_durable(
    away: bool, database: Database, database_dsn: str, tmp_path: Path
) -> None:
    dsn = "postgresql://callcard@127.0.0.1:1/away" if away else database_dsn
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, dsn, str(tmp_path / "spool"), stdout=asyncio.subprocess.PIPE
    )
    assert writer.stdout is not None
    said = [(await writer.stdout.readline()).decode().strip() for _ in range(40)]
    writer.kill()
    rest = (await writer.stdout.read()).decode()
    said += rest[: rest.rfind("\n") + 1].split()  # a torn last line was not said
    await writer.wait()
    journal = await open_journal(database, tmp_path / "spool")
    await journal.replay()
    stored = {str(row[0]) for row in await rows(database, "SELECT id FROM calls")}
    assert set(said) <= stored
    await journal.stop()


async def test_spooled_rubbish_is_passed_over(database: Database, tmp_path: Path) -> None:
    journal = await open_journal(database, tmp_path / "spool")
    await journal._spool.append([b"not json", msgspec.json.encode({"type": "Nothing", "body": {}})])
    good = told("plain_call")[-1]
    await journal.record([good])
    await journal.replay()
    assert journal.spooled == 0
    assert await CallService(database, FakeClock()).find(good.call.id) is not None
    await journal.stop()


async def test_two_who_replay_at_once_acknowledge_once(database: Database, tmp_path: Path) -> None:
    journal = await open_journal(database, tmp_path / "spool")
    events = told("plain_call")
    await journal._spool.append([encode(event) for event in events])
    await asyncio.gather(journal.replay(), journal.open_calls(), journal.replay())
    assert journal.spooled == 0
    assert await CallService(database, FakeClock()).find(events[0].call.id) is not None
    await journal.stop()


async def test_calls_that_go_on_are_known_from_the_spool_while_the_database_is_away(
    journal: CallJournal, tmp_path: Path
) -> None:
    events = told("attended_while_ringing")
    merged = next(i for i, event in enumerate(events) if event.call.merged_into is not None)
    await keep(journal, events[: merged + 1])
    stored = await journal.open_calls()
    away = await Database.open("postgresql://nobody@127.0.0.1:1/none", require=False)
    spool = await Spool.open(tmp_path / "alone")
    alone = CallJournal(away, spool, FakeClock(), Health(), pbx="main")
    await alone.record(events[: merged + 1])
    found = {call.id: call for call in await alone.spooled_calls()}
    assert found.keys() == {call.id for call in stored}
    assert {call.version for call in found.values()} == {call.version for call in stored}
    await alone.record(events[merged + 1 :])
    assert await alone.spooled_calls() == []
    await spool.close()
    await away.close()
