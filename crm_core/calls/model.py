"""A call: one conversation attempt with its own id, over all its legs, transfers and PBX channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from crm_core.customers.model import CardChoice


class Direction(StrEnum):
    """Seen from the office."""

    IN = "in"
    OUT = "out"
    INTERNAL = "internal"


class CallState(StrEnum):
    """Where a call stands; ENDED is final."""

    NEW = "new"
    ROUTING = "routing"
    WAITING = "waiting"
    OFFERED = "offered"
    TALKING = "talking"
    HELD = "held"
    ENDED = "ended"


class Outcome(StrEnum):
    """What happened. What the agent says of it is the disposition."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"  # who called gave up before anybody answered
    OVERFLOW = "overflow"  # nobody could take it and the office file said: hang up
    VOICEMAIL = "voicemail"
    BLOCKED = "blocked"
    FAILED = "failed"  # of outgoing calls: the customer was not reached
    PBX_LOST = "pbx_lost"  # the PBX died under the call


class HangupBy(StrEnum):
    """Who ended it: live from HangupRequest, settled from CEL hangupsource."""

    CALLER = "caller"  # the other side: in outgoing calls the customer who was called
    AGENT = "agent"
    SYSTEM = "system"


class LegRole(StrEnum):
    """Whose part of the call a leg is."""

    CUSTOMER = "customer"
    AGENT = "agent"
    OTHER = "other"  # voicemail, consult to a non-agent, plumbing we could not name


class LegState(StrEnum):
    """ENDED is final."""

    NEW = "new"
    RINGING = "ringing"
    UP = "up"
    HELD = "held"
    ENDED = "ended"


class OfferState(StrEnum):
    """A call shown to one agent. The last five are final."""

    RESERVED = "reserved"  # in the leader's memory
    COMMITTED = "committed"  # the dialplan was told
    DIALLED = "dialled"  # DialBegin seen
    ALERTING = "alerting"  # the device says RINGING
    ANSWERED = "answered"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"  # no RINGING within 3 s: the device is out, the agent missed nothing
    WITHDRAWN = "withdrawn"


FINAL_OFFER_STATES = frozenset(
    {
        OfferState.ANSWERED,
        OfferState.REFUSED,
        OfferState.NO_ANSWER,
        OfferState.UNREACHABLE,
        OfferState.WITHDRAWN,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One party's part of a call. *channel* is the PBX's Uniqueid: the key within pbx and boot."""

    channel: str
    channel_name: str
    role: LegRole
    agent: str | None
    endpoint: str | None
    number: str | None
    state: LegState
    started_at: datetime
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    talk_s: float = 0.0  # time bridged with the other party
    cause: int | None = None  # Q.850


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A call shown to one agent with a deadline."""

    id: UUID
    agent: str
    attempt: int
    state: OfferState
    ring_s: int
    reserved_at: datetime
    alerting_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceLine:
    """One step of "why did this call go there": a code of crm_core.calls.trace with its values."""

    at: datetime
    code: str
    values: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The whole call as it is known now. Durations in seconds; *version* grows with each change."""

    id: UUID
    pbx: str
    direction: Direction
    state: CallState
    from_number: str | None  # E.164, or an extension for internal calls; None: withheld or unreadable
    from_raw: str  # what the wire said, control characters removed
    from_name: str
    to: str | None
    did: str | None  # the number of ours: dialled, or shown to who was called, E.164
    queue: str | None
    started_at: datetime
    outcome: Outcome | None = None
    disposition: str | None = None
    agent: str | None = None  # who talks or talked last; of an outgoing call who called, from the start
    owner: str | None = None  # of the card, at the time of the call
    customer_id: UUID | None = None
    customer_title: str | None = None
    answered_at: datetime | None = None  # first agent answer; never moves later
    ended_at: datetime | None = None
    wait_s: float = 0.0
    ring_s: float = 0.0
    talk_s: float = 0.0
    hangup_by: HangupBy | None = None
    legs: tuple[Leg, ...] = ()
    offers: tuple[Offer, ...] = ()
    trace: tuple[TraceLine, ...] = ()
    choices: tuple[CardChoice, ...] = ()  # cards that share the number, while nobody has said whose
    merged_into: UUID | None = None
    settled: bool = False  # the ledger has spoken
    version: int = 0

    @property
    def customer_number(self) -> str | None:
        """The number of the other side, E.164: who called, or whom an agent called."""
        return self.to if self.direction is Direction.OUT else self.from_number
