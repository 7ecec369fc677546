"""The verdict over a recording's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_core.recordings.model import RecordingReason, RecordingState
from recordings.verify import Sound, Verdict, examine, is_short, judge
from tests.fakes import wav_files as files

pytestmark = pytest.mark.unit

S, R = RecordingState, RecordingReason
LONG, QUIET, EMPTY = Sound(duration_s=20.0), Sound(duration_s=20.0, silent=True), Sound(duration_s=0.0)


@pytest.mark.parametrize(
    ("sounds", "expected_s", "state", "reason"),
    [
        ((LONG, LONG, LONG), 20.0, S.OK, None),
        ((LONG, LONG, LONG), None, S.OK, None),
        ((LONG, None, None), 20.4, S.OK, None),
        ((LONG, LONG, LONG), 25.0, S.TRUNCATED, R.ENDED_EARLY),
        ((LONG, QUIET, LONG), 20.0, S.PARTIAL, R.CUSTOMER_SILENT),
        ((LONG, LONG, QUIET), 20.0, S.PARTIAL, R.AGENT_SILENT),
        ((LONG, LONG, EMPTY), 20.0, S.PARTIAL, R.AGENT_SILENT),
        ((LONG, QUIET, LONG), 30.0, S.TRUNCATED, R.ENDED_EARLY),
        ((QUIET, QUIET, QUIET), 20.0, S.NO_AUDIO, R.SILENCE),
        ((EMPTY, EMPTY, EMPTY), 20.0, S.NO_AUDIO, R.NO_PACKETS),
        ((Sound(duration_s=18.0, repaired=True), LONG, LONG), 25.0, S.RECOVERED, R.CRASH),
        ((Sound(duration_s=0.0, repaired=True), None, None), 25.0, S.NO_AUDIO, R.NO_PACKETS),
        ((None, None, None), 20.0, S.MISSING, R.NOT_FOUND),
    ],
)
def test_verdicts(
    sounds: tuple[Sound | None, ...],
    expected_s: float | None,
    state: RecordingState,
    reason: RecordingReason | None,
) -> None:
    verdict = judge(*sounds, expected_s=expected_s)
    assert (verdict.state, verdict.reason) == (state, reason)


def test_the_longest_file_tells_the_duration() -> None:
    assert judge(None, Sound(duration_s=3.0), LONG) == Verdict(S.OK, None, 20.0)


@pytest.mark.parametrize(
    ("duration_s", "expected_s", "short"),
    [(19.0, 20.0, False), (18.9, 20.0, True), (590.0, 600.0, False), (580.0, 600.0, True), (0.0, 0.9, False)],
)
def test_a_second_or_two_percent_may_be_missing(duration_s: float, expected_s: float, short: bool) -> None:
    assert is_short(duration_s, expected_s) is short


def test_facts_come_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    assert examine(path) is None
    path.write_bytes(b"")
    assert examine(path) is None
    path.write_bytes(files.wav(b""))
    assert examine(path) == Sound(duration_s=0.0, silent=True)
    path.write_bytes(files.wav(files.tone(2.0), closed=False))
    assert examine(path) == Sound(duration_s=2.0, repaired=True)
    assert examine(path) == Sound(duration_s=2.0)
    path.write_bytes(files.wav(files.silence(2.0)))
    assert examine(path) == Sound(duration_s=2.0, silent=True)
