"""What the router decides from, and what it decides: plain values, no I/O.

The choice itself is `crm_core.routing.choose`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from crm_core.calls.model import TraceLine
from crm_core.presence.model import AgentState


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentView:
    """One agent at the moment of the decision. *load* comes from `crm_core.routing.load`."""

    name: str
    state: AgentState
    reachable: bool  # at least one device is not known to be out
    reserved: bool  # an offer of ours is under way
    load: float  # minutes of work, see crm_core.routing.load
    idle_since: float  # monotonic seconds; smaller is longer idle
    dial: str  # what Dial() gets: PJSIP/a&PJSIP/b


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteQuestion:
    """Who takes this call? The queue is given beside it.

    *agents* are the members of the queue in the order of the office file, and the owner (member or not).
    *offered* had an offer in this round; *excluded* may not have one in it (who has just transferred the
    call). *claimed* are agents whom a call that waits longer has the right to, from `assign`.
    """

    call_id: UUID
    at: datetime
    agents: tuple[AgentView, ...]
    owner: str | None = None
    has_card: bool = False  # without a card "the card has no owner" would be untrue
    offered: tuple[str, ...] = ()
    excluded: frozenset[str] = frozenset()
    claimed: frozenset[str] = frozenset()
    waited_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingCall:
    """A call that waits, as far as fairness needs to know it."""

    call_id: UUID
    members: tuple[str, ...]
    owner: str | None = None
    skip: frozenset[str] = frozenset()  # offered or excluded in this round


class Action(StrEnum):
    """First field of CC_DECISION."""

    DIAL = "dial"
    WAIT = "wait"
    VOICEMAIL = "voicemail"
    HANGUP = "hangup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer, with its reasons in order. *agent*, *dial* and *ring_s* belong to DIAL."""

    action: Action
    agent: str | None = None
    dial: str = ""
    ring_s: int = 0
    trace: tuple[TraceLine, ...] = ()
