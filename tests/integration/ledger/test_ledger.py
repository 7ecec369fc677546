"""The CEL file becomes settled calls in a real database: once, whatever happens on the way."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from callrouter.ledger.service import PART, Surroundings
from callrouter.tracking.facts import Settled
from callrouter.tracking.tracker import CallTracker
from crm_core.calls import store as calls
from crm_core.calls.events import CallEvent, CallMerged
from crm_core.calls.journal import CallJournal
from crm_core.calls.ledger_store import LedgerPlace, LedgerStore
from crm_core.calls.model import Call, Outcome
from crm_core.calls.service import CallService
from crm_core.calls.settlement import Settlement
from crm_core.db.embedded import EmbeddedPostgres
from crm_core.db.engine import Database
from crm_core.db.migrate import upgrade
from crm_core.db.spool import Spool
from crm_core.health import Health, HealthState
from tests.fakes.clock import FakeClock
from tests.integration.ledger.conftest import (
    PBX,
    Stand,
    dump,
    everything,
    fetch,
    following,
    outcomes,
    settled_count,
    settlement,
    until,
)
from tests.unit.callrouter.ledger.records import NAMES
from tests.unit.callrouter.tracking import streams

pytestmark = pytest.mark.integration

ALL = len(NAMES)
CONSULTS = sum(name.removeprefix("out_").startswith(("attended", "joined")) for name in NAMES)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "callcard.csv"


@pytest.fixture
def service(database: Database) -> CallService:
    return CallService(database, FakeClock())


async def found(service: CallService, name: str) -> Call:
    call = await service.find(settlement(name).call_id)
    assert call is not None
    return call


async def test_every_call_of_a_file_is_in_the_database_once_and_told_once(
    database: Database, path: Path
) -> None:
    path.write_bytes(everything())
    async with following(database, path) as stand:
        await stand.until_settled(ALL)
    stored = await fetch(database, "SELECT id::text, outcome FROM calls WHERE merged_into IS NULL")
    assert dict(stored) == outcomes()
    consults = await fetch(
        database, "SELECT merged_into FROM calls WHERE merged_into IS NOT NULL AND settled"
    )
    assert len(consults) == CONSULTS
    told = await fetch(database, "SELECT name, count(*) FROM outbox GROUP BY name")
    assert dict(told) == {"CallSettled": ALL, "CallMerged": CONSULTS}


async def test_a_call_only_the_ledger_saw_is_whole(
    database: Database, path: Path, service: CallService
) -> None:
    path.write_bytes(everything())
    async with following(database, path) as stand:
        await stand.until_settled(ALL)
    call = await found(service, "attended")
    assert (call.outcome, call.agent, call.from_raw, call.queue) == (
        Outcome.ANSWERED,
        "boris",
        "+79161234567",
        "sales",
    )
    assert [leg.agent for leg in call.legs] == [None, "anna", "anna", "boris"]
    assert [line.code for line in call.trace] == ["settled"]
    (consult,) = settlement("attended").merged
    assert await service.find(consult) == call


@pytest.mark.parametrize("seed", range(3))
async def test_stopped_anywhere_and_started_again_it_ends_the_same(
    database: Database, path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    data, written, rounds = everything(), 0, 0
    while written < len(data):
        cut = min(len(data), written + chance.randrange(1, 24_000))
        with path.open("ab") as file:
            file.write(data[written:cut])
        written = cut
        stand = Stand(database, path)
        await stand.ledger.start()
        for _ in range(chance.randrange(12)):
            stand.clock.advance(0.3)
            await fetch(database, "SELECT 1")
        await stand.ledger.stop()  # cancelled at whatever it waits for, a write included
        rounds += 1
    async with following(database, path) as stand:
        await stand.until_settled(ALL)
    assert rounds > 5
    stored = await fetch(database, "SELECT id::text, outcome FROM calls WHERE merged_into IS NULL")
    assert dict(stored) == outcomes()
    talks = await fetch(database, "SELECT id::text, talk_s FROM calls WHERE merged_into IS NULL")
    assert dict(talks) == {str(one.call_id): one.talk_s for one in map(settlement, NAMES)}


async def test_reading_it_all_again_changes_nothing(database: Database, path: Path) -> None:
    path.write_bytes(everything())
    async with following(database, path) as stand:
        await stand.until_settled(ALL)
    before = await fetch(database, "SELECT id, version, xmin::text FROM calls ORDER BY id")
    for offset in (0, everything().index(b"\n", 30_000) + 1):
        place = LedgerPlace(path.stat().st_ino, offset)
        async with following(database, path) as stand:
            await stand.store.settle((), place)
        async with following(database, path) as stand:
            await until_read(stand, path)
    assert await fetch(database, "SELECT id, version, xmin::text FROM calls ORDER BY id") == before
    assert await fetch(database, "SELECT count(*) FROM outbox") == [(ALL + CONSULTS,)]


async def until_read(stand: Stand, path: Path) -> None:
    """Wait until the whole file is read and no call is open."""

    async def read() -> bool:
        stand.clock.advance(0.2)
        part = stand.health.get(PART)
        return part is not None and part.detail.startswith("0 bytes behind, 0 calls open")

    await until(read, "the file to be read")


async def test_the_file_alone_rebuilds_an_empty_database(database: Database, path: Path) -> None:
    path.write_bytes(everything())
    async with following(database, path) as stand:
        await stand.until_settled(ALL)
    before = await dump(database)
    async with database.hot(timeout_s=10) as connection:
        await connection.execute("TRUNCATE calls, call_legs, call_offers, ledger_offsets, outbox")
    async with following(database, path) as stand:
        await stand.until_settled(ALL)
    assert await dump(database) == before


async def test_a_rotation_while_it_is_away_loses_nothing(database: Database, path: Path) -> None:
    data = everything()
    third, rest = (data.index(b"\n", len(data) * part // 3) + 1 for part in (1, 2))
    path.write_bytes(data[:third])
    async with following(database, path) as stand:
        await stand.until_settled(3)
    with path.open("ab") as file:
        file.write(data[third:rest])
    path.rename(path.with_name("callcard.csv.1"))
    path.write_bytes(data[rest:])
    async with following(database, path) as stand:
        await stand.until_settled(ALL)
    stored = await fetch(database, "SELECT id::text, outcome FROM calls WHERE merged_into IS NULL")
    assert dict(stored) == outcomes()


async def test_with_the_database_away_it_waits_and_loses_nothing(short_tmp: Path) -> None:
    path = short_tmp / "callcard.csv"
    server = EmbeddedPostgres(short_tmp / "pg", settings={"fsync": "off"})
    dsn = await server.start()
    await upgrade(dsn)
    database = await Database.open(dsn, connect_timeout_s=1.0)
    data = everything()
    half = data.index(b"\n", len(data) // 2) + 1
    path.write_bytes(data[:half])
    async with following(database, path) as stand:
        await stand.until_settled(5)
        await server.stop()
        with path.open("ab") as file:
            file.write(data[half:])

        async def waits() -> bool:
            stand.clock.advance(0.2)
            part = stand.health.get(PART)
            return part is not None and part.state is HealthState.DEGRADED

        await until(waits, "the ledger to notice")
        await server.start()
        await stand.until_settled(ALL)
        await until_read(stand, path)
        part = stand.health.get(PART)
        assert part is not None and part.state is HealthState.UP
    assert await fetch(database, "SELECT name, count(*) FROM outbox GROUP BY name ORDER BY name") == [
        ("CallMerged", CONSULTS),
        ("CallSettled", ALL),
    ]
    await database.close()
    await server.stop()


async def test_what_the_database_does_not_take_now_is_written_later(path: Path, database: Database) -> None:
    """Tables that are being changed, rights that were taken: the file waits, and nothing ends."""
    path.write_bytes(everything())
    await fetch(database, "ALTER TABLE ledger_offsets RENAME TO ledger_offsets_elsewhere")
    await fetch(database, "ALTER TABLE calls RENAME TO calls_elsewhere")
    async with following(database, path) as stand:

        async def refused() -> bool:
            stand.clock.advance(0.2)
            part = stand.health.get(PART)
            return part is not None and part.detail == f"not {what}: UndefinedTableError"

        for what, table in (("read", "ledger_offsets"), ("written", "calls")):
            await until(refused, f"the ledger to say that it was not {what}")
            await fetch(database, f"ALTER TABLE {table}_elsewhere RENAME TO {table}")
        await stand.until_settled(ALL)


def lived(name: str) -> tuple[CallTracker, list[CallEvent]]:
    """A tracker that saw one of the same calls by AMI, and what it said."""
    tracker = CallTracker(streams.OFFICE, PBX)
    return tracker, [event for item in streams.recorded(f"walked_{name}") for event in tracker.apply(item)]


@pytest.mark.parametrize(
    "name", ["plain", "declined", "attended", "attended_ringing_untaken", "overflow", "net"]
)
async def test_what_was_seen_live_stays_and_is_settled(
    database: Database, path: Path, tmp_path: Path, service: CallService, name: str
) -> None:
    tracker, events = lived(name)
    spool = await Spool.open(tmp_path / "spool")
    journal = CallJournal(database, spool, FakeClock(), Health(FakeClock()), pbx=PBX)
    await journal.record(events)
    before = await found(service, name)
    settlements: list[Settlement] = []
    path.write_bytes(everything())
    async with following(database, path, Surroundings(settled=settlements.append)) as stand:
        await stand.until_settled(ALL)
    call = await found(service, name)
    assert call.settled and not before.settled
    assert (call.outcome, call.agent, call.hangup_by) == (before.outcome, before.agent, before.hangup_by)
    assert (call.from_name, call.offers, call.queue) == (before.from_name, before.offers, before.queue)
    assert call.trace[:-1] == before.trace and call.trace[-1].code == "settled"
    assert call.talk_s == settlement(name).talk_s
    # The live side hears the same words and comes to the same call.
    (mine,) = (one for one in settlements if one.call_id == call.id)
    told = tracker.apply(Settled(at=stand.clock.now(), call_id=call.id, settlement=mine))
    live = next(event.call for event in told if event.call.id == call.id)
    assert (live.outcome, live.talk_s, live.legs, live.ended_at) == (
        call.outcome,
        call.talk_s,
        call.legs,
        call.ended_at,
    )
    await spool.close()


async def test_settlements_wait_for_older_facts_of_the_same_calls(database: Database, path: Path) -> None:
    path.write_bytes(everything())
    waiting = [True]
    async with following(database, path, Surroundings(must_wait=lambda: waiting[0])) as stand:

        async def said() -> bool:
            part = stand.health.get(PART)
            return part is not None and part.detail == "waits for the journal"

        await until(said, "the ledger to wait")
        assert await fetch(database, "SELECT count(*) FROM calls") == [(0,)]
        waiting[0] = False
        await stand.until_settled(ALL)


async def test_a_pbx_that_died_leaves_no_open_call(
    database: Database, path: Path, service: CallService
) -> None:
    data = everything()
    lines = [line for line in data.splitlines(keepends=True) if b'"CHAN_END"' not in line]
    path.write_bytes(b"".join(lines))
    last = max(settlement(name).ended_at for name in NAMES)
    async with following(database, path) as stand:
        stand.ledger.pbx_restarted(last.replace(year=last.year + 1), alive_at=last)
        await stand.until_settled(ALL)
    call = await found(service, "plain")
    assert (call.outcome, call.ended_at) == (Outcome.PBX_LOST, last)
    assert [line.code for line in call.trace] == ["pbx_lost", "settled"]


async def test_channels_without_a_record_of_their_end_are_found_absent(
    database: Database, path: Path, service: CallService
) -> None:
    lost = [line for line in everything().splitlines(keepends=True) if b'"CHAN_END"' not in line]
    path.write_bytes(b"".join(lost))
    known: list[set[str] | None] = [None]
    async with following(database, path, Surroundings(channels=lambda: known[0])) as stand:
        plain = settlement("plain")
        there = {leg.channel for name in NAMES for leg in settlement(name).legs}
        known[0] = there - {leg.channel for leg in plain.legs}

        async def gone() -> bool:
            stand.clock.advance(11)
            return bool(await fetch(database, "SELECT 1 FROM calls WHERE settled AND id = $1", plain.call_id))

        await until(gone, "the call without an end")
    assert (await found(service, "plain")).outcome is Outcome.ANSWERED
    assert await settled_count(database) == 1  # all others are still up


async def test_a_settlement_nobody_can_store_holds_up_no_other(database: Database) -> None:
    store = LedgerStore(database, FakeClock(), pbx=PBX)
    poison = replace(settlement("hold"), from_name="nul \x00 in it")
    place = LedgerPlace(7, 1234)
    await store.settle([settlement("plain"), poison, settlement("net")], place)
    stored = await fetch(database, "SELECT id FROM calls")
    assert {one for (one,) in stored} == {settlement("plain").call_id, settlement("net").call_id}
    assert (store.poisoned, await store.place()) == (1, place)


async def test_the_call_the_live_side_kept_is_the_one_that_is_settled(
    database: Database, service: CallService
) -> None:
    store = LedgerStore(database, FakeClock(), pbx=PBX)
    word = settlement("attended")
    (consult,) = word.merged
    swapped = replace(word, call_id=consult, merged=(word.call_id,))
    _, events = lived("attended")
    assert any(isinstance(event, CallMerged) and event.into == word.call_id for event in events)
    async with database.hot(timeout_s=10) as connection:
        await calls.write(connection, list({event.call.id: event.call for event in events}.values()))
    await store.settle([swapped], LedgerPlace(1, 2))
    call = await service.find(consult)
    assert call is not None
    assert (call.id, call.settled, call.talk_s) == (word.call_id, True, word.talk_s)
