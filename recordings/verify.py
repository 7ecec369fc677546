"""What became of a recording: the files' facts, and a pure verdict over them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crm_core.recordings.model import RecordingReason, RecordingState
from recordings import wav

TOLERANCE_S = 1.0  # first packets come late, the last are cut by the hang-up
TOLERANCE_SHARE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """Facts of one file. *repaired*: its header was wrong, as a killed PBX leaves it."""

    duration_s: float
    silent: bool = False
    repaired: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """State and reason of a recording, and its seconds."""

    state: RecordingState
    reason: RecordingReason | None
    duration_s: float


def examine(path: Path) -> Sound | None:
    """Facts of the file at *path*, its header put right; None when there is none or it is no WAV.

    Only for files nobody writes any more. Raises OSError.
    """
    try:
        repaired = wav.repair(path)
        header, length = wav.load_header(path)
        return Sound(duration_s=header.duration_s(length), silent=wav.is_silent(path), repaired=repaired)
    except (FileNotFoundError, wav.NotWav):
        return None


def judge(
    mix: Sound | None,
    customer: Sound | None = None,
    agent: Sound | None = None,
    *,
    expected_s: float | None = None,
) -> Verdict:
    """The verdict over the mixed file and the two sides. *expected_s*: the recorded window, if known.

    A crash explains everything else; no sound at all comes before too little of it, and that before
    one side missing.
    """
    files = [sound for sound in (mix, customer, agent) if sound is not None]
    if not files:
        return Verdict(RecordingState.MISSING, RecordingReason.NOT_FOUND, 0.0)
    duration_s = max(sound.duration_s for sound in files)
    state, reason = _state(files, customer, agent, duration_s, expected_s)
    return Verdict(state, reason, round(duration_s, 3))


def _state(
    files: list[Sound],
    customer: Sound | None,
    agent: Sound | None,
    duration_s: float,
    expected_s: float | None,
) -> tuple[RecordingState, RecordingReason | None]:
    if duration_s > 0 and any(sound.repaired for sound in files):
        return RecordingState.RECOVERED, RecordingReason.CRASH
    if duration_s == 0:
        return RecordingState.NO_AUDIO, RecordingReason.NO_PACKETS
    if all(sound.silent for sound in files):
        return RecordingState.NO_AUDIO, RecordingReason.SILENCE
    if is_short(duration_s, expected_s):
        return RecordingState.TRUNCATED, RecordingReason.ENDED_EARLY
    if customer is not None and _absent(customer):
        return RecordingState.PARTIAL, RecordingReason.CUSTOMER_SILENT
    if agent is not None and _absent(agent):
        return RecordingState.PARTIAL, RecordingReason.AGENT_SILENT
    return RecordingState.OK, None


def is_short(duration_s: float, expected_s: float | None) -> bool:
    """Whether *duration_s* is less than the recorded window by more than the tolerance."""
    if expected_s is None:
        return False
    return duration_s < expected_s - max(TOLERANCE_S, expected_s * TOLERANCE_SHARE)


def _absent(side: Sound) -> bool:
    return side.silent or side.duration_s == 0
