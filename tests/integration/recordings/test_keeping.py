"""Kept recordings: compressed, played by those who may, deleted when their time is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import soundfile
from sqlalchemy import text

from crm_core.db.engine import Database
from crm_core.errors import NotFound
from crm_core.recordings.model import Recording, RecordingState
from crm_core.recordings.service import RecordingService
from recordings.archive import Archive, BadCopy, Format
from recordings.finish import finish, settled
from recordings.keep import sha256
from recordings.naming import Part, spooled_name
from recordings.playback import Playback
from recordings.retention import Retention
from tests.fakes import wav_files as files
from tests.fakes.calls import answered_call
from tests.fakes.clock import FakeClock
from tests.integration.recordings.conftest import PEOPLE, reader

pytestmark = pytest.mark.integration


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "recordings"
    path.mkdir()
    return path


@pytest.fixture
async def archive(service: RecordingService, root: Path) -> AsyncIterator[Archive]:
    made = Archive(service=service, root=root)
    yield made
    await made.stop()


async def kept(service: RecordingService, root: Path, clock: FakeClock, seconds: float = 3.0) -> Recording:
    """A call of anna's, finished and kept as stereo WAV."""
    call = answered_call(clock.now())
    row = await service.expect(call)
    assert row is not None
    files.write_call(root, call.id, seconds)
    done = finish(root, row, seconds)
    await service.settle(settled(row, done.verdict, done.kept, seconds), call)
    for path in root.glob("*.wav"):
        path.unlink()
    return await service.get(reader("root"), row.id)


# -- archive -----------------------------------------------------------------------------------


async def test_compressed_after_verification_then_the_wav_goes(
    archive: Archive, service: RecordingService, root: Path, clock: FakeClock
) -> None:
    before = await kept(service, root, clock, 12.0)
    await archive.archive(before)
    after = await service.get(reader("root"), before.id)
    assert (after.format, after.path) == ("mp3", f"kept/2026-03/{before.call_id}.mp3")
    assert (after.state, after.duration_s) == (RecordingState.OK, 12.0)
    path = root / (after.path or "")
    assert (after.size_bytes, after.sha256) == (path.stat().st_size, sha256(path))
    assert before.size_bytes is not None and after.size_bytes is not None
    assert after.size_bytes < before.size_bytes / 3
    heard = soundfile.info(str(path))
    assert heard.channels == 2 and abs(heard.duration - 12.0) < 0.25
    assert [found for found in root.rglob("*") if found.is_file()] == [path]


async def test_start_compresses_what_was_left_and_what_comes(
    archive: Archive, service: RecordingService, root: Path, clock: FakeClock
) -> None:
    left = await kept(service, root, clock)
    await archive.start()
    new = await kept(service, root, clock)
    archive.submit(new)
    async with asyncio.timeout(20):
        for recording in (left, new):
            while (await service.get(reader("root"), recording.id)).format != "mp3":
                await asyncio.sleep(0.02)
    await archive.idle()
    assert {path.suffix for path in root.rglob("*") if path.is_file()} == {".mp3"}


async def test_a_file_that_cannot_be_read_stays_as_it_is(
    archive: Archive, service: RecordingService, root: Path, clock: FakeClock
) -> None:
    recording = await kept(service, root, clock)
    path = root / (recording.path or "")
    path.write_bytes(b"not audio")
    with pytest.raises(BadCopy):
        await archive.archive(recording)
    path.unlink()
    with pytest.raises(NotFound):
        await archive.archive(recording)
    assert await service.get(reader("root"), recording.id) == recording
    assert [found for found in root.rglob("*") if found.is_file()] == []


async def test_expired_while_it_was_compressed(
    archive: Archive, service: RecordingService, root: Path, clock: FakeClock
) -> None:
    recording = await kept(service, root, clock)
    await service.expire(recording)
    await archive.archive(recording)
    assert (await service.get(reader("root"), recording.id)).path is None
    assert not (root / f"kept/2026-03/{recording.call_id}.mp3").exists()


async def test_wav_stays_wav_when_that_is_asked(
    service: RecordingService, root: Path, clock: FakeClock
) -> None:
    recording = await kept(service, root, clock)
    plain = Archive(service=service, root=root, format=Format.WAV)
    await plain.start()
    plain.submit(recording)
    await plain.idle()
    await plain.stop()
    assert await service.get(reader("root"), recording.id) == recording


# -- playback ----------------------------------------------------------------------------------


async def test_those_who_may_hear_it_and_nobody_else(
    archive: Archive, service: RecordingService, office: Database, root: Path, clock: FakeClock
) -> None:
    recording = await kept(service, root, clock)
    await archive.archive(recording)
    playback = Playback(service, root)
    heard = []
    for person in PEOPLE:
        try:
            audio = await playback.open(recording.id, reader(person))
        except NotFound:
            continue
        heard.append(person)
        assert (audio.mime, audio.size) == ("audio/mpeg", audio.path.stat().st_size)
        assert audio.etag == sha256(audio.path)
    assert heard == ["anna", "sergey", "root"]
    async with office.transaction() as connection:
        written = (await connection.execute(text("SELECT actor FROM audit ORDER BY id"))).scalars().all()
    assert written == heard
    with pytest.raises(NotFound):
        await playback.open(uuid4(), reader("root"))


@pytest.mark.parametrize(
    "path", ["../secret.wav", "/etc/passwd", "kept/2026-03/../../../secret.wav", "kept/2026-03/x.wav", "link"]
)
async def test_no_row_leads_out_of_the_root(
    service: RecordingService, root: Path, clock: FakeClock, path: str
) -> None:
    """Even a row that somebody has tampered with."""
    recording = await kept(service, root, clock)
    secret = root.parent / "secret.wav"
    secret.write_bytes(b"secret")
    if path == "link":
        path = spooled_name(recording.call_id, Part.MIX)
        (root / path).symlink_to(secret)
    await service.settle(replace(recording, path=path))
    with pytest.raises(NotFound):
        await Playback(service, root).open(recording.id, reader("root"))


async def test_listed_but_deleted_is_not_found(
    service: RecordingService, root: Path, clock: FakeClock
) -> None:
    recording = await kept(service, root, clock)
    (root / (recording.path or "")).unlink()
    with pytest.raises(NotFound):
        await Playback(service, root).open(recording.id, reader("anna"))


# -- retention ---------------------------------------------------------------------------------


async def test_only_what_is_old_goes(
    service: RecordingService, office: Database, root: Path, clock: FakeClock
) -> None:
    old = await kept(service, root, clock)
    clock.advance(timedelta(days=179).total_seconds())
    new = await kept(service, root, clock)
    retention = Retention(service=service, root=root, clock=clock)
    assert await retention.round() == 0
    clock.advance(timedelta(days=1, seconds=1).total_seconds())
    assert await retention.round() == 1
    assert await retention.round() == 0
    gone = await service.get(reader("root"), old.id)
    assert (gone.state, gone.path, gone.duration_s) == (RecordingState.EXPIRED, None, 3.0)
    assert await service.get(reader("root"), new.id) == new
    assert [found for found in root.rglob("*") if found.is_file()] == [root / (new.path or "")]
    async with office.transaction() as connection:
        rows = await connection.execute(text("SELECT actor, action, subject_id FROM audit"))
        assert [tuple(row) for row in rows] == [("system", "recording.expired", str(old.id))]


async def test_a_file_that_is_gone_already_does_not_hold_up_the_rest(
    service: RecordingService, root: Path, clock: FakeClock
) -> None:
    first, second = await kept(service, root, clock), await kept(service, root, clock)
    (root / (first.path or "")).unlink()
    clock.advance(timedelta(days=31).total_seconds())
    assert await Retention(service=service, root=root, clock=clock, keep_days=30).round() == 2
    assert (await service.get(reader("root"), second.id)).state is RecordingState.EXPIRED


async def test_a_tampered_row_deletes_nothing_else(
    service: RecordingService, root: Path, clock: FakeClock
) -> None:
    recording = await kept(service, root, clock)
    outside = root.parent / f"{uuid4()}.wav"
    outside.write_bytes(b"precious")
    await service.settle(replace(recording, path=f"../{outside.name}"))
    clock.advance(timedelta(days=181).total_seconds())
    assert await Retention(service=service, root=root, clock=clock).round() == 1
    assert outside.read_bytes() == b"precious"
