"""Outlines on a real database: for those who may hear, made once, gone with the sound; and one playback."""

from __future__ import annotations

import asyncio
import gc
import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from crm_core.db.engine import Database
from crm_core.errors import NotFound
from crm_core.ids import new_id
from crm_core.recordings.model import Recording, RecordingState
from crm_core.recordings.service import ONE_PLAYBACK, RecordingService
from recordings.archive import Format, compress
from recordings.naming import kept_name
from recordings.peaks import Peaks, peaks_path
from recordings.retention import Retention
from tests.fakes import wav_files as files
from tests.fakes.calls import answered_call
from tests.fakes.clock import FakeClock
from tests.integration.recordings.conftest import reader

pytestmark = pytest.mark.integration


@pytest.fixture
async def peaks(service: RecordingService, tmp_path: Path) -> AsyncIterator[Peaks]:
    made = Peaks(service, tmp_path)
    yield made
    made.close()


async def kept(service: RecordingService, root: Path, clock: FakeClock) -> Recording:
    """A recording of anna's call whose file is kept."""
    call = answered_call(clock.now())
    expected = await service.expect(call)
    assert expected is not None and expected.started_at is not None
    path = kept_name(call.id, expected.kind, expected.started_at, "wav")
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(files.wav(files.tone(2)))
    done = replace(expected, state=RecordingState.OK, path=path, format="wav", duration_s=2.0)
    await service.settle(done, call)
    return done


async def test_it_is_for_those_who_may_hear_and_made_once(
    service: RecordingService, office: Database, peaks: Peaks, clock: FakeClock, tmp_path: Path
) -> None:
    recording = await kept(service, tmp_path, clock)
    for stranger in ("boris", "leyla"):
        with pytest.raises(NotFound):
            await peaks.of(recording.id, reader(stranger))
    with pytest.raises(NotFound):
        await peaks.of(new_id(), reader("root"))
    first, second = await asyncio.gather(*(peaks.of(recording.id, reader("anna")) for _ in range(2)))
    assert first == second
    made = json.loads(first)
    assert (made["seconds"], len(made["channels"])) == (2.0, 1)
    beside = peaks_path(tmp_path / (recording.path or ""))
    assert beside.read_bytes() == first
    beside.write_bytes(b"{}")  # what is kept is what is given
    assert await peaks.of(recording.id, reader("sergey")) == b"{}"
    async with office.transaction() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM audit")) == 0


async def test_it_is_made_anew_of_another_file_and_goes_with_it(
    service: RecordingService, peaks: Peaks, clock: FakeClock, tmp_path: Path
) -> None:
    recording = await kept(service, tmp_path, clock)
    await peaks.of(recording.id, reader("anna"))
    beside = peaks_path(tmp_path / (recording.path or ""))
    mp3 = await asyncio.to_thread(compress, tmp_path, recording, Format.MP3)
    (tmp_path / (recording.path or "")).unlink()
    await service.settle(replace(recording, path=mp3.path, format="mp3"))
    beside.write_bytes(b"{}")
    old = (tmp_path / mp3.path).stat().st_mtime_ns
    os.utime(beside, ns=(old - 10_000_000, old - 10_000_000))
    made = json.loads(await peaks.of(recording.id, reader("anna")))
    assert made["seconds"] == pytest.approx(2.0, abs=0.3)
    assert max(made["channels"][0]) == pytest.approx(25, abs=3)
    clock.advance(timedelta(days=181).total_seconds())
    assert await Retention(service=service, root=tmp_path, clock=clock).round() == 1
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


async def test_a_file_that_cannot_be_read_has_none(
    service: RecordingService, peaks: Peaks, clock: FakeClock, tmp_path: Path
) -> None:
    recording = await kept(service, tmp_path, clock)
    (tmp_path / (recording.path or "")).write_bytes(b"not a sound")
    with pytest.raises(NotFound):
        await peaks.of(recording.id, reader("anna"))
    assert not list(tmp_path.rglob("*.peaks"))


async def test_who_left_before_it_could_not_be_made_leaves_no_error_behind(
    service: RecordingService, peaks: Peaks, clock: FakeClock, tmp_path: Path
) -> None:
    recording = await kept(service, tmp_path, clock)
    (tmp_path / (recording.path or "")).write_bytes(b"not a sound")
    unheard: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, about: unheard.append(about["message"]))
    asking = asyncio.create_task(peaks.of(recording.id, reader("anna")), name="asking")
    while not (making := [task for task in asyncio.all_tasks() if task.get_name().startswith("peaks-")]):
        await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait([asking, *making])
    await asyncio.sleep(0)
    del asking, making
    gc.collect()
    assert unheard == []


async def test_all_pieces_that_one_session_asks_for_are_one_playback(
    service: RecordingService, office: Database, clock: FakeClock, tmp_path: Path
) -> None:
    recording = await kept(service, tmp_path, clock)
    here = replace(reader("anna"), token_id="session-1")
    there = replace(reader("anna"), token_id="session-2")
    await asyncio.gather(*(service.play(here, recording.id) for _ in range(4)))
    await service.play(there, recording.id)
    await service.play(replace(reader("sergey"), token_id="session-1"), recording.id)
    clock.advance(ONE_PLAYBACK.total_seconds() - 1)
    await service.play(here, recording.id)
    clock.advance(2)
    await service.play(here, recording.id)
    async with office.transaction() as connection:
        rows = await connection.execute(
            text("SELECT actor, after->>'token' AS session, count(*) FROM audit GROUP BY 1, 2 ORDER BY 1, 2")
        )
        assert [tuple(row) for row in rows] == [
            ("anna", "session-1", 2),
            ("anna", "session-2", 1),
            ("sergey", "session-1", 1),
        ]
