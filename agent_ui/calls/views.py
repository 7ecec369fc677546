"""What the journal and the page of a call get."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from agent_ui.calls.asking import Asked
from agent_ui.dialling import Dialling
from agent_ui.recording_words import RecordingView
from agent_ui.states import Look
from crm_core.calls.model import TraceLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A call in the list. *name* of the card or the colleague; neither name nor *number*: withheld.

    *agent* and *queue* as they are called; *recorded*: there is something to hear, *recording_lost*: there
    should be, and is not.
    """

    id: UUID
    at: datetime
    direction: Look
    outgoing: bool
    name: str | None
    number: str | None
    queue: str | None
    agent: str | None
    state: str
    outcome: str | None
    missed: bool
    wait_s: float
    talk_s: float | None
    disposition: str | None
    recorded: bool
    recording_lost: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A value to choose in a filter."""

    value: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalView:
    """The list and its filter. *older* and *newest*: addresses of other pieces, when there are any."""

    asked: Asked
    agents: tuple[Option, ...]
    queues: tuple[Option, ...]
    lines: tuple[Line, ...]
    older: str | None
    newest: str | None
    dial: Dialling


@dataclass(frozen=True, slots=True, kw_only=True)
class LegLine:
    """One party's part. *who*: how an agent is called; else *number*, else neither. *role* and *state* are
    message ids.
    """

    role: str
    who: str | None
    number: str | None
    state: str
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    talk_s: float
    cause: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferLine:
    """The call shown to one agent."""

    attempt: int
    agent: str
    look: Look
    ring_s: int
    at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteLine:
    """What somebody wrote of the call. *draft*: still being written."""

    author: str
    text: str
    at: datetime | None
    draft: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPageView:
    """The page of one call. *card*: the customer's, when there is one; *dialled*: our number as the office
    calls it; *hangup_by* is a message id, and so is why somebody called was *unreached*; *recordings* those
    the reader may see; *unrecorded*: it was talked and over, and there is none at all.
    """

    id: UUID
    card: UUID | None
    name: str | None
    number: str | None
    direction: Look
    outgoing: bool
    state: str
    outcome: str | None
    at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    wait_s: float
    talk_s: float
    queue: str | None
    agent: str | None
    owner: str | None
    dialled: str | None
    hangup_by: str | None
    unreached: str | None
    disposition: str | None
    trace: tuple[TraceLine, ...]
    legs: tuple[LegLine, ...]
    offers: tuple[OfferLine, ...]
    notes: tuple[NoteLine, ...]
    recordings: tuple[RecordingView, ...]
    unrecorded: bool
    dial: Dialling
