"""An agent's state: what was chosen and the wrap-up deadline are rows; what is shown is computed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

_MOMENT = timedelta(microseconds=1)

BREAK_REASONS = ("lunch", "rest", "training", "meeting", "other")


class ChosenState(StrEnum):
    """What the agent (or a supervisor) chose."""

    AVAILABLE = "available"
    BREAK = "break"
    OFFLINE = "offline"


class AgentState(StrEnum):
    """What the desk and the board show."""

    AVAILABLE = "available"
    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    BREAK = "break"
    NOT_ANSWERING = "not_answering"
    OFFLINE = "offline"


class Unreachable(StrEnum):
    """Why no call can be offered to an agent, whatever their state: it would reach no phone."""

    NO_PHONE = "no_phone"  # none of their phones is registered and answers
    DID_NOT_RING = "did_not_ring"  # a call was sent to it and it did not ring: counted out for a while


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """One agent's row. *wrap_up_until* is wall time, so that a restarted worker keeps the deadline."""

    agent: str
    chosen: ChosenState
    reason: str | None
    since: datetime
    wrap_up_until: datetime | None = None
    misses: int = 0  # unanswered offers in a row
    not_answering: bool = False


NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def unchosen(agent: str) -> Presence:
    """What holds until a choice of *agent* is known: any is later."""
    return Presence(agent=agent, chosen=ChosenState.OFFLINE, reason=None, since=NEVER)


def after_choice(
    before: Presence | None, *, agent: str, chosen: ChosenState, reason: str | None, now: datetime
) -> Presence:
    """The row after a choice. Choosing *available* also ends wrap-up, misses and not answering.

    Returns *before* itself when the choice changes nothing, so that `since` stays; else `since` moves
    forward whatever clocks say: rows are told apart by it.
    """
    if before is None:
        return Presence(agent=agent, chosen=chosen, reason=reason, since=now)
    after = replace(before, chosen=chosen, reason=reason)
    if chosen is ChosenState.AVAILABLE:
        after = replace(after, wrap_up_until=None, misses=0, not_answering=False)
    return before if after == before else replace(after, since=max(now, before.since + _MOMENT))


def shown_state(presence: Presence, *, ringing: bool, talking: bool, now: datetime) -> AgentState:
    """Fold the row and the live legs into the one state that is shown.

    Talking and ringing win over what was chosen: an agent on a break who calls out is talking.
    """
    if talking:
        return AgentState.TALKING
    if ringing:
        return AgentState.RINGING
    if presence.chosen is ChosenState.OFFLINE:
        return AgentState.OFFLINE
    if presence.chosen is ChosenState.BREAK:
        return AgentState.BREAK
    if presence.not_answering:
        return AgentState.NOT_ANSWERING
    if presence.wrap_up_until is not None and now < presence.wrap_up_until:
        return AgentState.WRAP_UP
    return AgentState.AVAILABLE
