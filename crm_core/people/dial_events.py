"""A person wants a telephone of theirs to call somebody: the wish, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from crm_core.bus.event import Event, register


class NotDialled(StrEnum):
    """Why no telephone rings."""

    NO_PHONE = "no_phone"  # the person has none but perhaps the browser's
    AWAY = "away"  # none of theirs can be reached
    BUSY = "busy"  # they ring or talk
    NOT_CALLED = "not_called"  # no number that the office calls
    SWITCH = "switch"  # the switch is away, or says no


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class DialWanted(Event):
    """Let a telephone of *person* ring, and call *number* (E.164) when it is picked up."""

    wish: UUID
    person: str
    number: str


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class DialAnswered(Event):
    """The router's word: the switch lets the telephone ring, or *why* not."""

    wish: UUID
    why: NotDialled | None = None
