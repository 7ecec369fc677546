"""What the router decides from, and what it decides: plain values, no I/O.

The choice itself is `crm_core.routing.choose`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from crm_core.calls.model import TraceLine
from crm_core.presence.model import AgentState


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentView:
    """One agent at the moment of the decision. *load* comes from `crm_core.routing.load`."""

    name: str
    title: str
    state: AgentState
    reachable: bool  # at least one device is not known to be out
    reserved: bool  # an offer of ours is under way
    load: float
    idle_since: float  # monotonic seconds; smaller is longer idle
    dial: str  # what Dial() gets: PJSIP/a&PJSIP/b


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteQuestion:
    """Who takes this call?"""

    call_id: UUID
    queue: str
    owner: str | None
    offered: tuple[str, ...] = ()  # agents who had an offer in this round, in order
    attempt: int = 1
    waited_s: float = 0.0
    agents: tuple[AgentView, ...] = ()  # members of the queue, and the owner
    logged_in: int = 0  # members of the queue that are not offline
    older_waiting: int = 0  # calls ahead that the same agents could take


class Action(StrEnum):
    """First field of CC_DECISION."""

    DIAL = "dial"
    WAIT = "wait"
    VOICEMAIL = "voicemail"
    HANGUP = "hangup"
    QUEUE = "queue"  # the net: app_queue


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer, with its reasons in order."""

    action: Action
    agent: str | None = None
    dial: str | None = None
    ring_s: int = 0
    trace: tuple[TraceLine, ...] = field(default=())
