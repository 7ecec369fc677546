"""From the PBX's files of one call to one kept recording. Blocking: run in a thread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from uuid import UUID

from crm_core.recordings.model import Recording, RecordingKind, RecordingReason, RecordingState
from recordings import wav
from recordings.keep import KeptFile, copy, keep, sha256
from recordings.naming import Part, kept_name, spooled_name
from recordings.verify import Sound, Verdict, examine, judge

_PARTS = {
    RecordingKind.CALL: (Part.MIX, Part.CUSTOMER, Part.AGENT),
    RecordingKind.VOICEMAIL: (Part.VOICEMAIL,),
}


@dataclass(frozen=True, slots=True)
class Finished:
    """What the files gave. *kept* is None when there is no sound to keep, or no room to put it."""

    verdict: Verdict
    kept: KeptFile | None
    keep_error: str | None = None


def parts(root: Path, call_id: UUID, kind: RecordingKind) -> dict[Part, Path]:
    """The PBX's files of one call that are there."""
    paths = {part: root / spooled_name(call_id, part) for part in _PARTS[kind]}
    return {part: path for part, path in paths.items() if path.is_file() and not path.is_symlink()}


def kinds_there(root: Path, call_id: UUID) -> frozenset[RecordingKind]:
    """Of which kinds the PBX's files of one call are there."""
    return frozenset(kind for kind in RecordingKind if parts(root, call_id, kind))


def look(root: Path, call_id: UUID, kind: RecordingKind) -> tuple[int, bool]:
    """Bytes of the PBX's files together, and whether it has closed them. Raises OSError."""
    paths = parts(root, call_id, kind).values()
    return sum(path.stat().st_size for path in paths), all(map(_is_complete, paths))


def _is_complete(path: Path) -> bool:
    """Whether the header tells the file's length."""
    try:
        header, length = wav.load_header(path)
    except (wav.NotWav, FileNotFoundError):
        return False
    return header.is_complete(length)


def has_sound(root: Path, call_id: UUID, kind: RecordingKind) -> bool:
    """Whether any of the PBX's files of one call holds a sample. Raises OSError."""
    sounds = map(examine, parts(root, call_id, kind).values())
    return any(sound is not None and sound.duration_s > 0 for sound in sounds)


def finish(root: Path, recording: Recording, expected_s: float | None) -> Finished:
    """Examine the files of *recording*, judge them, and keep what can be heard. Raises OSError.

    Both sides become one stereo file: customer left, agent right. Doing it again does the same.
    """
    files = parts(root, recording.call_id, recording.kind)
    sounds = {part: examine(path) for part, path in files.items()}
    verdict = _verdict(recording.kind, sounds, expected_s)
    if files and not any(sounds.values()):
        return Finished(Verdict(RecordingState.MISSING, RecordingReason.UNREADABLE, 0.0), None)
    if verdict.duration_s == 0:
        return Finished(verdict, None)
    assert recording.started_at is not None
    name = kept_name(recording.call_id, recording.kind, recording.started_at, "wav")
    try:
        return Finished(verdict, _keep(root, name, files, sounds))
    except OSError as error:
        # The sound stays where the PBX wrote it; the next sweep tries again.
        source = _longest(sounds)
        there = KeptFile(files[source].name, files[source].stat().st_size, sha256(files[source]))
        return Finished(verdict, there, type(error).__name__)


def explain(verdict: Verdict, standing: str | None) -> Verdict:
    """*verdict* where *standing* (a disk that is full, not writable) stood in the way: that is why."""
    if standing not in (RecordingReason.DISK_FULL, RecordingReason.NOT_WRITABLE):
        return verdict
    if verdict.reason in (RecordingReason.NO_PACKETS, RecordingReason.NOT_FOUND, RecordingReason.UNREADABLE):
        return Verdict(RecordingState.MISSING, RecordingReason(standing), 0.0)
    if verdict.reason is RecordingReason.ENDED_EARLY:
        return replace(verdict, reason=RecordingReason(standing))
    return verdict


def settled(
    recording: Recording, verdict: Verdict, kept: KeptFile | None, expected_s: float | None
) -> Recording:
    """*recording* with what *verdict* says and where the sound is kept."""
    return replace(
        recording,
        state=verdict.state,
        reason=verdict.reason,
        path=kept.path if kept else None,
        format="wav" if kept else None,
        size_bytes=kept.size_bytes if kept else None,
        sha256=kept.sha256 if kept else None,
        duration_s=verdict.duration_s,
        expected_s=expected_s,
    )


def clear(root: Path, call_id: UUID, kind: RecordingKind, *, but: str | None) -> None:
    """Delete the PBX's files of one call, except *but* (a name). Raises OSError."""
    for path in parts(root, call_id, kind).values():
        if path.name != but:
            path.unlink(missing_ok=True)


def _verdict(kind: RecordingKind, sounds: dict[Part, Sound | None], expected_s: float | None) -> Verdict:
    if kind is RecordingKind.VOICEMAIL:
        return judge(sounds.get(Part.VOICEMAIL))
    return judge(
        sounds.get(Part.MIX), sounds.get(Part.CUSTOMER), sounds.get(Part.AGENT), expected_s=expected_s
    )


def _keep(root: Path, name: str, files: dict[Part, Path], sounds: dict[Part, Sound | None]) -> KeptFile:
    if sounds.get(Part.CUSTOMER) and sounds.get(Part.AGENT):
        try:
            return keep(root, name, partial(wav.join, files[Part.CUSTOMER], files[Part.AGENT]))
        except wav.NotWav:
            pass  # sides that do not fit together: the mix has both
    return keep(root, name, partial(copy, files[_longest(sounds)]))


def _longest(sounds: dict[Part, Sound | None]) -> Part:
    lengths = {part: sound.duration_s for part, sound in sounds.items() if sound is not None}
    return max(lengths, key=lambda part: lengths[part])
