"""What happened to calls. Each carries the whole call as it stood then, so that a reader needs no more."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from crm_core.bus.event import Event, register
from crm_core.calls.model import Call, Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEvent(Event):
    """The base: *call* after the change."""

    call: Call


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted(CallEvent):
    """The first channel of a call was seen."""


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CallIdentified(CallEvent):
    """The caller's card is known (or the reason why there is none is in the trace)."""


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerChosen(CallEvent):
    """*by* said which of the cards that share the number the caller is. *call* as the database has it."""

    by: str


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CallWaiting(CallEvent):
    """Nobody is free: the call waits with music."""


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CallOffered(CallEvent):
    """The call is shown to one agent; said before the dialplan is told."""

    offer: Offer


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferAlerting(CallEvent):
    """The agent's device rings."""

    offer: Offer


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferEnded(CallEvent):
    """An offer reached a final state."""

    offer: Offer


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswered(CallEvent):
    """An agent and the other party are bridged for the first time, or with a new agent."""

    agent: str


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CallHeld(CallEvent):
    """One side holds."""


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CallResumed(CallEvent):
    """Nobody holds any more."""


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CallTransferred(CallEvent):
    """Another agent, or a queue, has the call now."""

    kind: str  # blind or attended
    target: str  # an agent or a queue


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CallMerged(CallEvent):
    """*call* (a consult call) became part of *into*; it is not counted on its own."""

    into: UUID


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CallChanged(CallEvent):
    """Anything else about the call changed: a leg came or went, a trace line was added."""


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(CallEvent):
    """The last channel is gone."""


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CallSettled(CallEvent):
    """The ledger confirmed or corrected times, outcome and who hung up."""


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class MissedChanged(Event):
    """A line of the missed calls was opened, closed, or has one more call: those named read the list again.

    *agents* were rung or own the card; *cards* are of the line's calls. The number itself is not said.
    """

    offices: tuple[str, ...]
    queues: tuple[str, ...]
    agents: tuple[str, ...]
    cards: tuple[UUID, ...] = ()
