"""The shapes of the live feed: what a socket is sent, and what `LiveView` folds back together.

Every time is a moment, never an age: a waiting call carries *started_at*, not "seconds waited", so
that nothing changes merely because time passes and a snapshot stays comparable.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct, field

from crm_core.calls.model import (
    FINAL_OFFER_STATES,
    CallState,
    Direction,
    HangupBy,
    LegRole,
    LegState,
    OfferState,
    Outcome,
    TraceLine,
)
from crm_core.health import HealthState
from crm_core.permissions import Action
from crm_core.presence.model import AgentState, Unreachable
from crm_core.recordings.model import RecordingKind, RecordingState


class LiveLeg(Struct, frozen=True, kw_only=True):
    """One party's part of a call, without the switch's own names. *cause*: why it ended (ITU-T Q.850)."""

    role: LegRole
    state: LegState
    agent: str | None
    number: str | None
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    cause: int | None = None


class LiveOffer(Struct, frozen=True, kw_only=True):
    """The latest offer of a call; *ring_s* in seconds."""

    id: UUID
    agent: str
    attempt: int
    state: OfferState
    ring_s: int
    reserved_at: datetime
    alerting_at: datetime | None


class LiveChoice(Struct, frozen=True, kw_only=True):
    """One of the cards that share the caller's number. *office* and *owner* say who may see it."""

    customer_id: UUID
    title: str
    owner: str | None
    office: str | None


class LiveCall(Struct, frozen=True, kw_only=True):
    """A call as the feed shows it. Names as in `/api/v1/calls`; durations in seconds."""

    id: UUID
    direction: Direction
    state: CallState
    state_since: datetime
    from_number: str | None = field(name="from")
    from_raw: str
    from_name: str
    to: str | None
    did: str | None
    queue: str | None
    outcome: Outcome | None
    disposition: str | None
    agent: str | None
    owner: str | None
    customer_id: UUID | None
    customer_title: str | None
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    wait_s: float
    ring_s: float
    talk_s: float
    hangup_by: HangupBy | None
    merged_into: UUID | None
    settled: bool
    offer: LiveOffer | None
    legs: tuple[LiveLeg, ...]
    trace: tuple[TraceLine, ...]
    choices: tuple[LiveChoice, ...] = ()  # those the reader may see, while nobody has chosen
    version: int

    @property
    def over(self) -> bool:
        """Whether the call is no longer something that happens now."""
        return self.state is CallState.ENDED or self.merged_into is not None

    @property
    def begun_by(self) -> str | None:
        """The agent who dialled; None for a call from outside."""
        if self.direction is Direction.IN or not self.legs:
            return None
        return min(self.legs, key=lambda leg: leg.started_at).agent

    @property
    def unreached(self) -> bool:
        """Whether somebody outside was called, and did not answer."""
        return self.direction is Direction.OUT and self.over and self.answered_at is None

    @property
    def parties(self) -> frozenset[str]:
        """Agents who have part in the call now: talking, ringing, or offered it."""
        names = {leg.agent for leg in self.legs if leg.state is not LegState.ENDED}
        names.add(self.agent)
        if self.offer is not None and self.offer.state not in FINAL_OFFER_STATES:
            names.add(self.offer.agent)
        return frozenset(name for name in names if name is not None)


class LiveAgent(Struct, frozen=True, kw_only=True):
    """An agent and the state shown for them since *since*, and *until* when that is known (wrap-up).

    *unreachable*: why no call would reach a phone of theirs now, and *unreachable_until* when that ends at
    the latest, where that is known; None: calls reach them.

    *talks_today*: calls they talked in since midnight of their office; *mean_talk_s*: how long those of
    them that are over were, from the answer to the end, None before the first.
    """

    name: str
    title: str
    office: str
    team: str | None
    extension: str | None
    queues: tuple[str, ...]
    state: AgentState
    reason: str | None
    since: datetime
    call_id: UUID | None
    load: float
    devices_up: bool | None
    until: datetime | None = None
    talks_today: int = 0
    mean_talk_s: float | None = None
    unreachable: Unreachable | None = None
    unreachable_until: datetime | None = None

    @property
    def free(self) -> bool:
        """Whether a call could be offered to them now."""
        return self.state is AgentState.AVAILABLE and self.unreachable is None


class LiveQueue(Struct, frozen=True, kw_only=True):
    """A queue now, and since midnight of its office.

    *waiting*: calls in state waiting; *oldest_waiting_at*: when the longest waiting of them came in.
    *agents*: how many members are in each state; *unreachable*: how many of those available no call would
    reach. *offered*: inbound calls that came for the queue;
    *answered* by an agent; *abandoned* by the caller before that. *service_level*: share (0 to 1) of
    answered within *service_level_s* of arrival among answered and abandoned; None before the first.
    """

    name: str
    title: str
    waiting: int
    oldest_waiting_at: datetime | None
    agents: dict[AgentState, int]
    offered: int
    answered: int
    abandoned: int
    service_level: float | None
    service_level_s: int
    unreachable: int = 0

    @property
    def free(self) -> int:
        """How many members a call could be offered to now."""
        return self.agents.get(AgentState.AVAILABLE, 0) - self.unreachable


class LiveHealth(Struct, frozen=True, kw_only=True):
    """One part of the installation, and since when it is in this state."""

    name: str
    state: HealthState
    since: datetime


class LiveRecording(Struct, frozen=True, kw_only=True):
    """What became of a call's audio; *duration_s* in seconds."""

    id: UUID
    call_id: UUID
    kind: RecordingKind
    state: RecordingState
    reason: str | None
    duration_s: float | None


class Snapshot(Struct, frozen=True, kw_only=True):
    """Everything one reader may see now; replaces what the reader held before."""

    at: datetime
    calls: tuple[LiveCall, ...]
    agents: tuple[LiveAgent, ...]
    queues: tuple[LiveQueue, ...]
    health: tuple[LiveHealth, ...]


class Tick(Struct, frozen=True, kw_only=True):
    """A sign of life: the house's time."""

    at: datetime


class Offered(Struct, frozen=True, kw_only=True):
    """A page was told of this offer to its agent; it answers `Shown` when the offer stands there."""

    offer: UUID


class Shown(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that a page says on the live socket: it shows this offer."""

    shown: UUID


class CallGone(Struct, frozen=True, kw_only=True):
    """A call that the reader saw may not be seen any more (or is over)."""

    id: UUID


class LiveTouch(Struct, frozen=True, kw_only=True):
    """Something that screens read from the database is another now: who shows it reads it again.

    *thing*: missed and steps (of the reader), missed-shared, note and steps (of a call, the reader's), card,
    history (of a card); *id* of the call or the card.
    """

    thing: str
    id: UUID | None = None


class Circle(Struct, frozen=True, kw_only=True):
    """Who is told of a touch: those who may do *action* to a thing of these offices, people and team."""

    action: Action
    offices: frozenset[str] = frozenset()
    agents: frozenset[str] = frozenset()
    team: str | None = None


Item = LiveCall | LiveAgent | LiveQueue | LiveHealth | LiveRecording | LiveTouch


class LiveEvent(Struct, frozen=True, kw_only=True):
    """One change of the projection: *before* and *after* decide who is told, *after* is what they get."""

    name: str
    before: Item | None
    after: Item
    about: LiveCall | Circle | None = None  # who may see a recording's call, who is told of a touch


class Frame(Struct, frozen=True, kw_only=True):
    """One message of the feed on the wire."""

    id: str
    event: str
    data: Any
