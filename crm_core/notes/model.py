"""What people write of calls: notes, next steps, and what a card's timeline is made of. Pure.

Times are aware UTC.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from crm_core.calls.model import CallState, Direction, Outcome
from crm_core.errors import BadInput, Conflict
from crm_core.i18n import N_
from crm_core.recordings.model import Recording

MAX_NOTE = 8000  # characters of one note
MAX_KEPT = 4 * MAX_NOTE  # of one that keeps what several tabs wrote
MAX_STEP = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What *author* wrote of a call. *version* 0 and no time: nothing yet."""

    call_id: UUID
    author: str
    text: str = ""
    version: int = 0
    saved_at: datetime | None = None
    final: bool = False  # else a draft: the call has no disposition, and the author no later call


class NoteConflict(Conflict):
    """The note was changed elsewhere, and both texts together are too long to be kept as one."""

    code = "note_conflict"

    def __init__(self, stored: Note) -> None:
        super().__init__(hint=N_("Shorten the note, and save it again."))
        self.stored = stored


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """What *agent* does next after a call, and until when."""

    id: UUID
    call_id: UUID
    customer_id: UUID | None
    agent: str
    text: str
    due_at: datetime
    created_at: datetime
    done_at: datetime | None
    version: int


class TimelineKind(StrEnum):
    """What a timeline can be narrowed to. Notes and recordings stand with their calls."""

    CALL = "call"
    CHANGE = "change"
    STEP = "step"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineCall:
    """A call of the card. *readable*: the reader may open it; *recordings* are those the reader may see."""

    id: UUID
    at: datetime
    direction: Direction
    state: CallState
    outcome: Outcome | None
    from_number: str | None
    to: str | None
    queue: str | None
    agent: str | None
    talk_s: float
    disposition: str | None
    readable: bool
    notes: tuple[Note, ...] = ()
    recordings: tuple[Recording, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineChange:
    """Something *actor* did to the card. *before* and *after* hold the fields that changed."""

    id: UUID
    at: datetime
    actor: str
    action: str  # `customer.updated`
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineStep:
    """A next step, at the moment it was planned."""

    id: UUID
    at: datetime
    step: NextStep


TimelineItem = TimelineCall | TimelineChange | TimelineStep


def note_text(text: str) -> str:
    """*text* as it is kept: as typed, line ends as one character. Raises BadInput for what is no text."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if any(unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t" for char in text):
        raise BadInput(N_("This is not a text."), field="text")
    return text


def require_length(text: str, stored: str) -> None:
    """Raise BadInput for a note that is too long; one that became so by keeping two texts may shrink."""
    if len(text) > max(MAX_NOTE, len(stored)):
        raise BadInput(N_("A note has 8000 characters at most."), field="text")


def step_text(text: str) -> str:
    """The one line of a next step. Raises BadInput."""
    line = " ".join(note_text(text).split())
    if not 1 <= len(line) <= MAX_STEP:
        raise BadInput(N_("A next step has 1 to 200 characters."), field="text")
    return line


def moment(at: datetime) -> datetime:
    """*at* in UTC. Raises BadInput for a time without a zone, or beyond the calendar."""
    try:
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except OverflowError:
        pass
    raise BadInput(N_("This is not a time."), field="due_at")
