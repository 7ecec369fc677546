"""What the history of a card gets: one view for each kind of thing that happens with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from agent_ui.dialling import Dialling
from agent_ui.recording_words import RecordingView
from crm_core.i18n import Message

Kind = Literal["", "call", "change", "step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryNote:
    """What somebody wrote of a call. *author* None: the reader."""

    author: str | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryCall:
    """A call of the card. *number*: the customer's; *agent* None: nobody answered, or the reader (*mine*)."""

    id: UUID
    at: datetime
    direction: str
    state: str
    outcome: str | None
    number: str | None
    agent: str | None
    mine: bool
    queue: str | None
    talk_s: float
    disposition: str | None
    notes: tuple[HistoryNote, ...]
    recordings: tuple[RecordingView, ...]
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
class TimelineView:
    """A piece of a card's history. *kind*: only these; *next*: cursor of the older piece; *dial*: which
    numbers in it the reader can call.
    """

    card: UUID
    kind: Kind
    items: tuple[HistoryItem, ...]
    next: str | None
    dial: Dialling
