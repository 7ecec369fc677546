"""From the PBX's files to one kept recording."""

from __future__ import annotations

import wave
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from crm_core.recordings.model import Recording, RecordingKind, RecordingReason, RecordingState
from recordings.finish import clear, explain, finish, has_sound, look, parts
from recordings.keep import sha256
from recordings.naming import Part
from recordings.verify import Verdict
from tests.fakes import wav_files as files

pytestmark = pytest.mark.unit

CALL = UUID("2b1c6a52-7a30-4a6e-9f1a-0c8e6a1f2d3b")
S, R, K = RecordingState, RecordingReason, RecordingKind


def recording(kind: RecordingKind = K.CALL) -> Recording:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    return Recording(id=CALL, call_id=CALL, kind=kind, state=S.RUNNING, started_at=at)


def test_both_sides_become_one_stereo_file(tmp_path: Path) -> None:
    files.write_call(tmp_path, CALL, 3.0)
    done = finish(tmp_path, recording(), 3.0)
    assert done.verdict == Verdict(S.OK, None, 3.0) and done.kept is not None
    path = tmp_path / done.kept.path
    assert done.kept.path == f"kept/2026-03/{CALL}.wav"
    assert (done.kept.size_bytes, done.kept.sha256) == (path.stat().st_size, sha256(path))
    with wave.open(str(path)) as read:
        assert (read.getnchannels(), read.getnframes()) == (2, 24000)
    assert finish(tmp_path, recording(), 3.0) == done
    clear(tmp_path, CALL, K.CALL, but=None)
    assert [found.name for found in tmp_path.rglob("*") if found.is_file()] == [f"{CALL}.wav"]


def test_without_the_sides_the_mix_is_kept(tmp_path: Path) -> None:
    mix = files.write(tmp_path, CALL, Part.MIX, files.tone(2.0))
    done = finish(tmp_path, recording(), 2.0)
    assert done.kept is not None and (tmp_path / done.kept.path).read_bytes() == mix.read_bytes()


def test_a_killed_pbx_leaves_what_was_flushed(tmp_path: Path) -> None:
    files.write_call(tmp_path, CALL, 4.0, closed=False)
    assert not look(tmp_path, CALL, K.CALL)[1]
    done = finish(tmp_path, recording(), 6.0)
    assert done.verdict == Verdict(S.RECOVERED, R.CRASH, 4.0) and done.kept is not None
    assert look(tmp_path, CALL, K.CALL)[1]


def test_no_sound_is_not_kept(tmp_path: Path) -> None:
    for part in (Part.MIX, Part.CUSTOMER, Part.AGENT):
        files.write(tmp_path, CALL, part, b"")
    assert not has_sound(tmp_path, CALL, K.CALL)
    done = finish(tmp_path, recording(), 9.0)
    assert (done.verdict.state, done.verdict.reason, done.kept) == (S.NO_AUDIO, R.NO_PACKETS, None)


def test_what_is_no_wav_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / f"{CALL}.wav").write_bytes(b"two writers, one name")
    done = finish(tmp_path, recording(), 9.0)
    assert (done.verdict.state, done.verdict.reason, done.kept) == (S.MISSING, R.UNREADABLE, None)
    assert not look(tmp_path, CALL, K.CALL)[1]


def test_voicemail_is_its_own_recording(tmp_path: Path) -> None:
    files.write(tmp_path, CALL, Part.VOICEMAIL, files.tone(2.0))
    assert parts(tmp_path, CALL, K.CALL) == {}
    done = finish(tmp_path, recording(K.VOICEMAIL), None)
    assert done.kept is not None and done.kept.path == f"kept/2026-03/{CALL}-vm.wav"
    assert done.verdict == Verdict(S.OK, None, 2.0)


def test_where_nothing_can_be_kept_the_sound_stays(tmp_path: Path) -> None:
    files.write_call(tmp_path, CALL, 2.0)
    (tmp_path / "kept").write_bytes(b"a file where the folder should be")
    done = finish(tmp_path, recording(), 2.0)
    assert done.keep_error is not None and done.kept is not None
    assert done.kept.path == f"{CALL}.wav" and done.kept.sha256 == sha256(tmp_path / f"{CALL}.wav")


@pytest.mark.parametrize(
    ("verdict", "standing", "state", "reason"),
    [
        (Verdict(S.NO_AUDIO, R.NO_PACKETS, 0.0), R.DISK_FULL, S.MISSING, R.DISK_FULL),
        (Verdict(S.MISSING, R.UNREADABLE, 0.0), R.NOT_WRITABLE, S.MISSING, R.NOT_WRITABLE),
        (Verdict(S.TRUNCATED, R.ENDED_EARLY, 9.0), R.DISK_FULL, S.TRUNCATED, R.DISK_FULL),
        (Verdict(S.TRUNCATED, R.ENDED_EARLY, 9.0), R.NOT_FOUND, S.TRUNCATED, R.ENDED_EARLY),
        (Verdict(S.OK, None, 9.0), R.DISK_FULL, S.OK, None),
        (Verdict(S.NO_AUDIO, R.NO_PACKETS, 0.0), None, S.NO_AUDIO, R.NO_PACKETS),
    ],
)
def test_a_disk_in_the_way_is_the_reason(
    verdict: Verdict, standing: str | None, state: RecordingState, reason: RecordingReason | None
) -> None:
    explained = explain(verdict, standing)
    assert (explained.state, explained.reason) == (state, reason)
