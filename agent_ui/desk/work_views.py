"""What the middle of the desk and its list of next steps get: read from the database, drawn as fragments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from agent_ui.customers.history_views import TimelineView
from agent_ui.customers.views import CardView
from agent_ui.parties import Party


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
    """What became of a call, and what comes next."""

    call: UUID
    choices: tuple[ResultChoice, ...]
    step: StepView
    open: bool | None  # whether the form of the next step stands open; None: as it does now


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
    history: TimelineView | None
    away: bool


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
