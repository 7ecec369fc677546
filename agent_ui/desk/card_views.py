"""What the middle and the lists of the desk get: read from the database, drawn as fragments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from agent_ui.desk.views import Party
from crm_core.i18n import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class CardView:
    """A card at a glance. *title* None: nothing but the number is known. *source*: of the call in focus."""

    id: UUID
    title: str | None
    phones: tuple[str, ...]
    others: tuple[str, ...]  # e-mail and messenger addresses
    provisional: bool
    mine: bool
    owner: str | None
    office: str | None
    timezone: str
    of_number: bool
    source: str | None
    last_talk: tuple[datetime, float] | None
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteView:
    """The reader's note of a call."""

    call: UUID
    person: str
    text: str
    version: int
    saved_at: datetime | None
    longest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultChoice:
    """One thing that may be said of a call. *text*: a message id, or the office's own words."""

    name: str
    text: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """A next step, or the one proposed. *id* None: not planned yet. *due*: local, as a form has it."""

    id: UUID | None
    text: str
    due: str
    due_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultView:
    """What became of a call, and what comes next. *card*: whose history changes with it."""

    call: UUID
    card: UUID | None
    choices: tuple[ResultChoice, ...]
    step: StepView
    open: bool | None  # whether the form of the next step stands open; None: as it does now


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryNote:
    """What somebody wrote of a call. *author* None: the reader."""

    author: str | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRecording:
    """A recording. *missing*: why there is nothing to hear."""

    id: UUID
    seconds: float | None
    missing: Message | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryCall:
    """A call of the card. *agent* None: nobody answered, or the reader (*mine*)."""

    id: UUID
    at: datetime
    direction: str
    state: str
    outcome: str | None
    agent: str | None
    mine: bool
    queue: str | None
    talk_s: float
    disposition: str | None
    notes: tuple[HistoryNote, ...]
    recordings: tuple[HistoryRecording, ...]
    kind: str = "call"


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryChange:
    """Something that was done to the card, in words. *actor*: how they are called."""

    id: UUID
    at: datetime
    actor: str
    lines: tuple[Message, ...]
    kind: str = "change"


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryStep:
    """A next step that was planned. *agent* None: the reader's own."""

    id: UUID
    at: datetime
    text: str
    due_at: datetime
    done_at: datetime | None
    agent: str | None
    kind: str = "step"


HistoryItem = HistoryCall | HistoryChange | HistoryStep


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryView:
    """A piece of a card's history. *kind*: what it is narrowed to; *next*: cursor of the next piece."""

    card: UUID
    kind: str
    items: tuple[HistoryItem, ...]
    next: str | None
    first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkView:
    """The middle column: about a call, about a card that was looked up, or both.

    *party*: of the call, when there is no card; *unsure*: several cards share the number; *away*: the
    database did not answer, only what the live view knows is there.
    """

    call: UUID | None
    card: CardView | None
    party: Party | None
    direction: str | None
    unsure: bool
    note: NoteView | None
    result: ResultView | None
    history: HistoryView | None
    away: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedView:
    """One line of the missed calls."""

    id: UUID
    party: Party
    card: UUID | None
    calls: int
    last_at: datetime
    outcome: str
    queue: str | None
    owner: str | None
    mine: bool
    browser: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedListView:
    """The worklist: the reader's own lines, and those of their queues."""

    mine: tuple[MissedView, ...]
    shared: tuple[MissedView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TodoView:
    """An open next step of the reader."""

    id: UUID
    text: str
    due_at: datetime
    late: bool
    card: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TodoListView:
    """What the reader has promised to do."""

    steps: tuple[TodoView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCard:
    """A card that was found."""

    id: UUID
    title: str | None
    number: str | None
    owner: str | None
    mine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundView:
    """What the search found. *asked*: enough was typed to look for something."""

    cards: tuple[FoundCard, ...]
    asked: bool
