"""A disk that is full, fills up, or cannot be written: the call goes on, its recording says why."""

from __future__ import annotations

import ctypes
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from crm_core.bus.memory import MemoryBus
from crm_core.calls.events import CallAnswered, CallEnded
from crm_core.calls.model import Call, CallState
from crm_core.health import Health, HealthState
from crm_core.recordings.model import Recording, RecordingReason, RecordingState
from crm_core.recordings.service import RecordingService
from recordings import disk
from recordings.intake import Recorder
from tests.fakes.calls import answered_call
from tests.fakes.clock import FakeClock
from tests.fakes.pbx_files import MixMonitor
from tests.integration.recordings.conftest import of_call

pytestmark = pytest.mark.integration

S, R = RecordingState, RecordingReason
SIZE = 1 << 20
MS_RDONLY, MS_REMOUNT, MNT_DETACH = 1, 32, 2
libc = ctypes.CDLL(None, use_errno=True)


def mount(target: Path, flags: int, options: str) -> None:
    """mount(2) of a tmpfs. Raises OSError."""
    if libc.mount(b"tmpfs", os.fsencode(target), b"tmpfs", flags, options.encode()) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB."""
    target = tmp_path / "small"
    target.mkdir()
    try:
        mount(target, 0, f"size={SIZE}")
    except PermissionError:
        pytest.skip("mounting a small disk needs root")
    try:
        yield target
    finally:
        libc.umount2(os.fsencode(target), MNT_DETACH)


def fill(root: Path, leave: int = 0) -> Path:
    """Take all room but *leave* bytes."""
    path = root / "filler"
    path.write_bytes(bytes(disk.space(root).free - leave))
    return path


@pytest.fixture
def health(clock: FakeClock) -> Health:
    return Health(clock)


class NoCalls:
    """Nobody knows any call."""

    async def find(self, call_id: object) -> Call | None:
        return None


@pytest.fixture
async def recorder(
    service: RecordingService, small: Path, clock: FakeClock, health: Health
) -> AsyncIterator[Recorder]:
    made = Recorder(
        service=service, calls=NoCalls(), bus=MemoryBus(), root=small, clock=clock, health=health, close_s=0.1
    )
    yield made
    await made.stop()


async def answer(recorder: Recorder, clock: FakeClock) -> Call:
    call = answered_call(clock.now())
    await recorder.handle(CallAnswered(call=call, agent="anna"))
    return call


async def end(recorder: Recorder, call: Call, talk_s: float) -> None:
    ended = replace(call, state=CallState.ENDED, talk_s=talk_s)
    await recorder.handle(CallEnded(call=ended))
    await recorder.taking.take(call.id, ended)


async def look(recorder: Recorder, clock: FakeClock, seconds: int) -> None:
    """*seconds* pass, with a look each."""
    for _ in range(seconds):
        clock.advance(1.0)
        await recorder.watch.look()


async def one(service: RecordingService, call: Call) -> Recording:
    (found,) = await of_call(service, call.id)
    return found


def detail(health: Health) -> tuple[HealthState, str]:
    part = health.get("recordings")
    assert part is not None
    return part.state, part.detail


async def test_full_from_the_start(
    recorder: Recorder, service: RecordingService, small: Path, clock: FakeClock, health: Health
) -> None:
    filler = fill(small)
    call = await answer(recorder, clock)
    pbx = MixMonitor(small, call.id)
    pbx.talk(10.0)
    await look(recorder, clock, 10)
    found = await one(service, call)
    assert (found.state, found.reason) == (S.MISSING, R.DISK_FULL)
    assert detail(health) == (HealthState.DEGRADED, "not recorded: disk_full")
    pbx.close()
    await end(recorder, call, 12.0)
    found = await one(service, call)
    assert (found.state, found.reason, found.path) == (S.MISSING, R.DISK_FULL, None)
    filler.unlink()
    await look(recorder, clock, 1)
    assert "not recorded" not in detail(health)[1]


async def test_full_in_the_middle(
    recorder: Recorder, service: RecordingService, small: Path, clock: FakeClock, health: Health
) -> None:
    call = await answer(recorder, clock)
    pbx = MixMonitor(small, call.id)
    pbx.talk(7.0)
    await look(recorder, clock, 7)
    assert (await one(service, call)).state is S.RUNNING
    filler = fill(small)
    for _ in range(10):
        pbx.talk(1.0)
        await look(recorder, clock, 1)
    told = await one(service, call)
    assert (told.state, told.reason) == (S.TRUNCATED, R.DISK_FULL)
    pbx.close()
    await end(recorder, call, 17.0)
    found = await one(service, call)
    assert (found.state, found.reason, found.path) == (S.TRUNCATED, R.DISK_FULL, f"{call.id}.wav")
    assert found.duration_s is not None and 4.0 <= found.duration_s <= 7.0
    filler.unlink()
    await recorder.taking.take(call.id, None)
    found = await one(service, call)
    assert (found.reason, found.path) == (R.DISK_FULL, f"kept/2026-03/{call.id}.wav")
    assert [path.name for path in small.iterdir()] == ["kept"]


async def test_a_short_call_on_a_full_disk_says_why(
    recorder: Recorder, service: RecordingService, small: Path, clock: FakeClock
) -> None:
    """Over before the first look."""
    fill(small, leave=4096)
    call = await answer(recorder, clock)
    pbx = MixMonitor(small, call.id)
    pbx.talk(4.0)
    pbx.close()
    await end(recorder, call, 4.0)
    found = await one(service, call)
    assert (found.state, found.reason) in {(S.MISSING, R.DISK_FULL), (S.TRUNCATED, R.DISK_FULL)}


async def test_a_folder_that_cannot_be_written(
    recorder: Recorder, service: RecordingService, small: Path, clock: FakeClock, health: Health
) -> None:
    mount(small, MS_REMOUNT | MS_RDONLY, f"size={SIZE}")
    call = await answer(recorder, clock)
    pbx = MixMonitor(small, call.id)
    pbx.talk(6.0)
    await look(recorder, clock, 6)
    found = await one(service, call)
    assert (found.state, found.reason) == (S.MISSING, R.NOT_WRITABLE)
    assert detail(health) == (HealthState.DEGRADED, "not recorded: not_writable")
    await end(recorder, call, 6.0)
    assert (await one(service, call)).reason == R.NOT_WRITABLE
    mount(small, MS_REMOUNT, f"size={SIZE}")
    await look(recorder, clock, 1)
    assert "not recorded" not in detail(health)[1]


async def test_little_room_is_an_alarm_before_it_is_a_loss(
    recorder: Recorder, small: Path, clock: FakeClock, health: Health
) -> None:
    fill(small, leave=SIZE // 4)
    await look(recorder, clock, 1)
    assert detail(health) == (HealthState.DEGRADED, "disk 75% used, 0 MiB free")


def test_room_is_low_by_share_or_by_bytes() -> None:
    gib = 1 << 30
    assert not disk.Space(total=100 * gib, free=16 * gib).is_low
    assert disk.Space(total=100 * gib, free=15 * gib).is_low
    assert disk.Space(total=2 * gib, free=gib // 4).is_low


def test_probe_leaves_nothing(small: Path) -> None:
    assert disk.probe(small) is None
    assert list(small.iterdir()) == []
    fill(small)
    assert disk.probe(small) is R.DISK_FULL
    assert [path.name for path in small.iterdir()] == ["filler"]
    assert disk.probe(small / "filler") is R.NOT_WRITABLE
