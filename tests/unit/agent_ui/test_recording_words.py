"""A recording that cannot be heard says why; one that can, what is wrong with it."""

from __future__ import annotations

import pytest

from agent_ui.recording_words import recording_view
from crm_core.ids import new_id
from crm_core.recordings.model import Recording, RecordingKind, RecordingReason, RecordingState

pytestmark = pytest.mark.unit


def recording(state: RecordingState, reason: str | None = None, *, path: str | None = None) -> Recording:
    return Recording(
        id=new_id(), call_id=new_id(), kind=RecordingKind.CALL, state=state, reason=reason, path=path
    )


@pytest.mark.parametrize("reason", [None, "of a later version", *RecordingReason])
def test_nothing_to_hear_says_why(reason: str | None) -> None:
    view = recording_view(recording(RecordingState.MISSING, reason))
    assert view.audio is None
    assert view.missing is not None and str(view.missing).endswith(".")


def test_the_words_are_those_of_the_reason() -> None:
    full = recording_view(recording(RecordingState.MISSING, RecordingReason.DISK_FULL))
    assert str(full.missing) == "No recording: the disk was full."
    running = recording_view(recording(RecordingState.RUNNING))
    assert str(running.missing) == "Being recorded: it can be heard after the call."


@pytest.mark.parametrize(
    ("state", "reason", "flawed"),
    [
        (RecordingState.OK, None, False),
        (RecordingState.PARTIAL, RecordingReason.CUSTOMER_SILENT, True),
        (RecordingState.TRUNCATED, RecordingReason.ENDED_EARLY, True),
        (RecordingState.RECOVERED, RecordingReason.CRASH, True),
    ],
)
def test_what_can_be_heard_says_what_is_wrong_with_it(
    state: RecordingState, reason: str | None, flawed: bool
) -> None:
    view = recording_view(recording(state, reason, path="kept/x.mp3"))
    assert view.audio == f"/api/v1/recordings/{view.id}/audio"
    assert (view.missing, view.flaw is not None) == (None, flawed)
