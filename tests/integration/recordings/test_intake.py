"""The recorder on a real database, with files written as Asterisk writes them."""

from __future__ import annotations

import asyncio
import os
import wave
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from crm_core.bus.memory import MemoryBus
from crm_core.calls.events import CallAnswered, CallEnded, CallSettled
from crm_core.calls.model import Call, CallState, Outcome
from crm_core.db.engine import Database
from crm_core.errors import Unavailable
from crm_core.health import Health, HealthState
from crm_core.recordings.model import Recording, RecordingKind, RecordingReason, RecordingState
from crm_core.recordings.service import RecordingService
from recordings.intake import UNKNOWN_S, Recorder
from recordings.naming import Part
from tests.fakes import wav_files as files
from tests.fakes.calls import answered_call
from tests.fakes.clock import FakeClock
from tests.fakes.pbx_files import MixMonitor
from tests.integration.recordings.conftest import of_call

pytestmark = pytest.mark.integration

S, R = RecordingState, RecordingReason


class Calls(dict[UUID, Call]):
    """Calls by id, as the database would have them."""

    async def find(self, call_id: UUID) -> Call | None:
        return self.get(call_id)


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
def health(clock: FakeClock) -> Health:
    return Health(clock)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "recordings"
    path.mkdir()
    return path


@pytest.fixture
async def recorder(
    service: RecordingService, calls: Calls, root: Path, clock: FakeClock, health: Health
) -> AsyncIterator[Recorder]:
    """Not started: tests hand it events and let it look when they want."""
    made = Recorder(
        service=service,
        calls=calls,
        bus=MemoryBus(),
        root=root,
        clock=clock,
        health=health,
        close_s=0.1,
        moment_s=0.0,
    )
    yield made
    await made.stop()


async def answer(recorder: Recorder, clock: FakeClock) -> Call:
    """A call that an agent has just answered."""
    call = answered_call(clock.now())
    await recorder.handle(CallAnswered(call=call, agent="anna"))
    return call


async def end(recorder: Recorder, call: Call, talk_s: float, outcome: Outcome = Outcome.ANSWERED) -> Call:
    """The same call, ended and taken in."""
    ended = replace(call, state=CallState.ENDED, talk_s=talk_s, outcome=outcome)
    await recorder.handle(CallEnded(call=ended))
    await recorder.taking.take(call.id, ended)
    return ended


async def one(service: RecordingService, call: Call) -> Recording:
    """The only recording of *call*."""
    (found,) = await of_call(service, call.id)
    return found


async def test_a_good_call_is_kept_with_both_sides(
    recorder: Recorder, service: RecordingService, root: Path, clock: FakeClock, health: Health
) -> None:
    call = await answer(recorder, clock)
    pbx = MixMonitor(root, call.id)
    for _ in range(4):
        pbx.talk(3.0)
        clock.advance(3.0)
        await recorder.watch.look()
    assert (await one(service, call)).state is S.RUNNING
    pbx.close()
    await end(recorder, call, 12.0)
    found = await one(service, call)
    assert (found.state, found.reason, found.duration_s, found.expected_s) == (S.OK, None, 12.0, 12.0)
    assert found.path == f"kept/2026-03/{call.id}.wav"
    with wave.open(str(root / found.path)) as read:
        assert (read.getnchannels(), read.getnframes()) == (2, 96000)
    assert [path.name for path in root.iterdir()] == ["kept"]
    part = health.get("recordings")
    assert part is not None and not part.detail.startswith("not recorded")


async def test_a_call_without_a_file_is_told_within_ten_seconds(
    recorder: Recorder, service: RecordingService, root: Path, clock: FakeClock, health: Health
) -> None:
    lost = await answer(recorder, clock)
    clock.advance(4.0)
    await recorder.watch.look()
    assert (await one(service, lost)).state is S.RUNNING
    clock.advance(2.0)
    await recorder.watch.look()
    found = await one(service, lost)
    assert (found.state, found.reason) == (S.MISSING, R.NOT_FOUND)
    part = health.get("recordings")
    assert part is not None and (part.state, part.detail) == (HealthState.DEGRADED, "not recorded: not_found")
    await end(recorder, lost, 20.0)
    assert (await one(service, lost)).reason == R.NOT_FOUND
    well = await answer(recorder, clock)
    MixMonitor(root, well.id).talk(6.0)
    clock.advance(6.0)
    await recorder.watch.look()
    part = health.get("recordings")
    assert part is not None and not part.detail.startswith("not recorded")


async def test_silence_is_not_taken_for_a_fault(
    recorder: Recorder, service: RecordingService, root: Path, clock: FakeClock
) -> None:
    call = await answer(recorder, clock)
    pbx = MixMonitor(root, call.id)
    for _ in range(5):
        clock.advance(5.0)
        await recorder.watch.look()
    assert (await one(service, call)).state is S.RUNNING
    pbx.close()
    await end(recorder, call, 25.0)
    found = await one(service, call)
    assert (found.state, found.reason, found.path) == (S.NO_AUDIO, R.NO_PACKETS, None)
    assert list(root.iterdir()) == []


@pytest.mark.parametrize(
    ("customer", "agent", "reason"), [(True, False, R.AGENT_SILENT), (False, True, R.CUSTOMER_SILENT)]
)
async def test_one_side_missing_is_partial(
    recorder: Recorder,
    service: RecordingService,
    root: Path,
    clock: FakeClock,
    customer: bool,
    agent: bool,
    reason: RecordingReason,
) -> None:
    call = await answer(recorder, clock)
    pbx = MixMonitor(root, call.id)
    pbx.talk(5.0, customer=customer, agent=agent)
    pbx.close()
    await end(recorder, call, 5.0)
    found = await one(service, call)
    assert (found.state, found.reason) == (S.PARTIAL, reason) and found.path is not None


async def test_a_dead_pbx_leaves_a_playable_file(
    recorder: Recorder, service: RecordingService, root: Path, clock: FakeClock
) -> None:
    call = await answer(recorder, clock)
    MixMonitor(root, call.id).talk(10.0)
    await end(recorder, call, 10.0, Outcome.PBX_LOST)
    found = await one(service, call)
    assert (found.state, found.reason) == (S.RECOVERED, R.CRASH)
    assert found.duration_s is not None and 10.0 - found.duration_s <= 2.1
    assert found.path is not None
    with wave.open(str(root / found.path)) as read:
        assert read.getnframes() == round(found.duration_s * 8000)


async def test_a_file_still_written_is_not_taken(
    recorder: Recorder, service: RecordingService, root: Path, clock: FakeClock
) -> None:
    """The end was told wrongly (or early): the PBX goes on writing."""
    call = await answer(recorder, clock)
    pbx = MixMonitor(root, call.id)
    pbx.talk(4.0)
    ended = replace(call, state=CallState.ENDED, talk_s=4.0)
    taking = asyncio.create_task(recorder.taking.take(call.id, ended))
    await asyncio.sleep(0.03)
    pbx.talk(4.0)
    await taking
    assert (await one(service, call)).state is S.RUNNING
    pbx.close()
    await recorder.taking.take(call.id, replace(ended, talk_s=8.0))
    assert (await one(service, call)).state is S.OK


async def test_a_call_that_only_rang_leaves_nothing(
    recorder: Recorder, service: RecordingService, root: Path, clock: FakeClock
) -> None:
    call = replace(answered_call(clock.now()), answered_at=None, agent=None, legs=())
    MixMonitor(root, call.id).close()
    await end(recorder, call, 0.0, Outcome.ABANDONED)
    assert await of_call(service, call.id) == ()
    assert list(root.iterdir()) == []


async def test_voicemail_is_a_recording_of_its_own(
    recorder: Recorder, service: RecordingService, root: Path, clock: FakeClock
) -> None:
    call = replace(answered_call(clock.now()), answered_at=None, agent=None, legs=())
    MixMonitor(root, call.id).close()
    files.write(root, call.id, Part.VOICEMAIL, files.tone(4.0))
    await end(recorder, call, 0.0, Outcome.VOICEMAIL)
    found = await one(service, call)
    assert (found.kind, found.state, found.duration_s) == (RecordingKind.VOICEMAIL, S.OK, 4.0)


async def test_the_ledger_has_the_last_word_on_the_window(
    recorder: Recorder, service: RecordingService, root: Path, clock: FakeClock
) -> None:
    await recorder.start()
    call = await answer(recorder, clock)
    files.write_call(root, call.id, 5.0)
    ended = replace(call, state=CallState.ENDED, talk_s=5.0)
    await recorder.handle(CallEnded(call=ended))
    await recorder.idle()
    assert (await one(service, call)).expected_s == 5.0
    await recorder.handle(CallSettled(call=replace(ended, talk_s=25.0, settled=True)))
    found = await one(service, call)
    assert (found.state, found.reason, found.expected_s) == (S.TRUNCATED, R.ENDED_EARLY, 25.0)
    await recorder.handle(CallSettled(call=replace(ended, talk_s=5.2, settled=True)))
    found = await one(service, call)
    assert (found.state, found.reason, found.expected_s) == (S.OK, None, 5.2)


async def test_a_word_of_the_ledger_that_comes_in_time_is_judged_by_at_once(
    service: RecordingService, calls: Calls, root: Path, clock: FakeClock, health: Health, office: Database
) -> None:
    recorder = Recorder(
        service=service, calls=calls, bus=MemoryBus(), root=root, clock=clock, health=health, moment_s=0.2
    )
    await recorder.start()
    try:
        call = await answer(recorder, clock)
        files.write_call(root, call.id, 5.0)
        ended = replace(call, state=CallState.ENDED, talk_s=5.0)
        await recorder.handle(CallEnded(call=ended))
        await recorder.handle(CallSettled(call=replace(ended, talk_s=25.0, settled=True)))
        await recorder.idle()
    finally:
        await recorder.stop()
    found = await one(service, call)
    assert (found.state, found.reason, found.expected_s) == (S.TRUNCATED, R.ENDED_EARLY, 25.0)
    async with office.hot(timeout_s=5) as connection:
        said = await connection.fetchval("SELECT count(*) FROM outbox WHERE name = 'RecordingSettled'")
    assert said == 1


async def test_with_the_database_away_the_file_is_watched_and_taken_later(
    recorder: Recorder, service: RecordingService, calls: Calls, root: Path, clock: FakeClock, health: Health
) -> None:
    away = await Database.open("postgresql://nobody@/x?host=/nonexistent", require=False, health=health)
    cut_off = Recorder(
        service=RecordingService(away, clock),
        calls=calls,
        bus=MemoryBus(),
        root=root,
        clock=clock,
        health=health,
    )
    call = answered_call(clock.now())
    with pytest.raises(Unavailable):
        await cut_off.handle(CallAnswered(call=call, agent="anna"))
    assert call.id in cut_off.watch
    clock.advance(6.0)
    await cut_off.watch.look()
    pbx = MixMonitor(root, call.id)
    pbx.talk(6.0)
    pbx.close()
    await cut_off.stop()
    await away.close()
    calls[call.id] = replace(call, state=CallState.ENDED, talk_s=6.0)
    await recorder.taking.take(call.id, calls[call.id])
    assert (await one(service, call)).state is S.OK


async def test_a_restart_finds_what_was_left(
    recorder: Recorder, service: RecordingService, calls: Calls, root: Path, clock: FakeClock, health: Health
) -> None:
    ended, gone, live = [answered_call(clock.now()) for _ in range(3)]
    for call in (ended, gone, live):
        await service.expect(call)
    calls[ended.id] = replace(ended, state=CallState.ENDED, talk_s=5.0)
    calls[gone.id] = replace(gone, state=CallState.ENDED, talk_s=5.0)
    calls[live.id] = live
    for call in (ended, live):
        MixMonitor(root, call.id).talk(5.0)
    (root / f"{ended.id}.wav").write_bytes(files.wav(files.tone(5.0)))
    await recorder.start()
    await recorder.sweep()
    await recorder.idle()
    assert (await one(service, gone)).state is S.MISSING
    assert (await one(service, ended)).state is S.RECOVERED  # its two sides were never closed
    assert (await one(service, live)).state is S.RUNNING and live.id in recorder.watch


async def test_a_file_nobody_knows_is_adopted_in_time(
    recorder: Recorder, service: RecordingService, root: Path, clock: FakeClock
) -> None:
    call = answered_call(clock.now())
    MixMonitor(root, call.id).talk(5.0)
    for path in root.iterdir():
        os.utime(path, (clock.now().timestamp(),) * 2)
    await recorder.start()
    await recorder.sweep()
    await recorder.idle()
    assert await of_call(service, call.id) == ()
    clock.advance(UNKNOWN_S + 1)
    await recorder.sweep()
    await recorder.idle()
    found = await one(service, call)
    assert found.state is S.RECOVERED and found.path is not None
    assert [path.name for path in root.iterdir()] == ["kept"]


async def test_events_of_the_bus_lead_to_a_settled_row(
    service: RecordingService, calls: Calls, root: Path, clock: FakeClock, health: Health
) -> None:
    bus = MemoryBus()
    recorder = Recorder(service=service, calls=calls, bus=bus, root=root, clock=clock, health=health)
    await recorder.start()
    try:
        call = answered_call(clock.now())
        await bus.publish(CallAnswered(call=call, agent="anna"))
        pbx = MixMonitor(root, call.id)
        pbx.talk(5.0)
        ended = replace(call, state=CallState.ENDED, talk_s=5.0)
        await bus.publish(CallEnded(call=ended))
        await asyncio.sleep(0.1)
        pbx.close()  # as the PBX does, shortly after the last Hangup
        async with asyncio.timeout(20):
            while not (rows := await of_call(service, call.id)) or rows[0].state is S.RUNNING:
                await asyncio.sleep(0.02)
        assert rows[0].state is S.OK
    finally:
        await recorder.stop()


async def test_an_event_that_cannot_be_handled_does_not_end_the_recorder(
    service: RecordingService, calls: Calls, root: Path, clock: FakeClock, health: Health
) -> None:
    bus = MemoryBus()
    recorder = Recorder(service=service, calls=calls, bus=bus, root=root, clock=clock, health=health)
    await recorder.start()
    try:
        call = answered_call(clock.now())
        await bus.publish(CallAnswered(call=replace(call, id=uuid4(), queue="\0"), agent="anna"))
        await bus.publish(CallAnswered(call=call, agent="anna"))
        async with asyncio.timeout(20):
            while not await of_call(service, call.id):
                await asyncio.sleep(0.02)
        part = health.get("recordings")
        assert part is None or part.state is not HealthState.DOWN
    finally:
        await recorder.stop()


async def test_what_a_crash_of_ours_left_over_is_cleared(
    recorder: Recorder, service: RecordingService, root: Path, clock: FakeClock
) -> None:
    call = await answer(recorder, clock)
    pbx = MixMonitor(root, call.id)
    pbx.talk(5.0)
    pbx.close()
    ended = await end(recorder, call, 5.0)
    before = await one(service, call)
    files.write_call(root, call.id, 5.0)  # settled, but not yet deleted when we died
    await recorder.taking.take(call.id, ended)
    assert await one(service, call) == before
    assert [path.name for path in root.iterdir()] == ["kept"]


async def test_calls_of_another_pbx_are_not_ours(
    recorder: Recorder, service: RecordingService, clock: FakeClock
) -> None:
    call = answered_call(clock.now(), pbx="second")
    await recorder.handle(CallAnswered(call=call, agent="anna"))
    await recorder.handle(CallEnded(call=replace(call, state=CallState.ENDED)))
    async with asyncio.timeout(20):
        await recorder.idle()
    assert await of_call(service, call.id) == () and call.id not in recorder.watch


async def test_a_call_of_a_queue_that_is_not_recorded(
    recorder: Recorder, service: RecordingService, clock: FakeClock
) -> None:
    call = answered_call(clock.now(), queue="quiet")
    await recorder.handle(CallAnswered(call=call, agent="anna"))
    assert call.id not in recorder.watch
    await end(recorder, call, 9.0)
    assert await of_call(service, uuid4()) == () == await of_call(service, call.id)
