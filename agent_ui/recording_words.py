"""Why a call cannot be heard, or not all of it, in words for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from crm_core.i18n import N_, Message
from crm_core.recordings.model import Recording, RecordingReason, RecordingState

_WHY: Mapping[str, str] = {
    RecordingReason.DISK_FULL: N_("No recording: the disk was full."),
    RecordingReason.NOT_WRITABLE: N_("No recording: its folder could not be written to."),
    RecordingReason.NOT_FOUND: N_("No recording: the PBX made no file."),
    RecordingReason.NO_PACKETS: N_("No recording: no sound reached the PBX."),
    RecordingReason.UNREADABLE: N_("The recording cannot be read."),
    RecordingReason.RETENTION: N_("The recording was deleted when its time was over."),
}
_HEARD: Mapping[str, str] = {
    RecordingReason.SILENCE: N_("There is only silence in it."),
    RecordingReason.CUSTOMER_SILENT: N_("The customer is not heard in it."),
    RecordingReason.AGENT_SILENT: N_("The agent is not heard in it."),
    RecordingReason.ENDED_EARLY: N_("It ends before the call did."),
    RecordingReason.DISK_FULL: N_("It ends before the call did: the disk was full."),
    RecordingReason.CRASH: N_("It ends where the PBX stopped."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingView:
    """A recording to play: *audio* is its address, *seconds* its length, *flaw* what is wrong with it.

    Without *audio* there is nothing to hear, and *missing* says why.
    """

    id: UUID
    voicemail: bool
    audio: str | None
    seconds: float | None
    missing: Message | None
    flaw: Message | None


def recording_view(recording: Recording) -> RecordingView:
    """*recording* for a player."""
    missing = why_missing(recording)
    flaw = _HEARD.get(recording.reason or "") if missing is None else None
    return RecordingView(
        id=recording.id,
        voicemail=recording.kind.value == "voicemail",
        audio=f"/api/v1/recordings/{recording.id}/audio" if missing is None else None,
        seconds=recording.duration_s,
        missing=missing,
        flaw=Message(flaw) if flaw is not None else None,
    )


def why_missing(recording: Recording) -> Message | None:
    """Why there is nothing to hear; None when there is a file."""
    if recording.state is RecordingState.RUNNING:
        return Message("Being recorded: it can be heard after the call.")
    if recording.path is not None:
        return None
    return Message(_WHY.get(recording.reason or "", N_("The recording is missing.")))
