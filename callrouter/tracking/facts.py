"""What our own router did to a call: folded with the observations, so that one place makes the Call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from crm_core.calls.model import Offer, OfferState, TraceLine
from crm_core.calls.settlement import Settlement
from crm_core.customers.model import CardChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """The base: about which call, and when."""

    at: datetime
    call_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived(Fact):
    """AGI asked about this call (it may come before any AMI event of it)."""

    uniqueid: str
    channel_name: str
    did: str | None
    queue: str | None
    caller_raw: str
    caller_name: str
    direction: str  # Direction value
    from_agent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified(Fact):
    """The caller's identity."""

    e164: str | None
    customer_id: UUID | None
    title: str | None
    owner: str | None
    choices: tuple[CardChoice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered(Fact):
    """An offer was reserved."""

    offer: Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferMoved(Fact):
    """Our own move of an offer: committed, withdrawn, unreachable."""

    offer_id: UUID
    state: OfferState


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits(Fact):
    """The dialplan was told: wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced(Fact):
    """More lines for the trace."""

    lines: tuple[TraceLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled(Fact):
    """The ledger's word on a finished call."""

    settlement: Settlement
