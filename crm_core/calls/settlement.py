"""What the ledger says of a finished call, and how that is laid over what was seen live. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from crm_core.calls.model import (
    FINAL_OFFER_STATES,
    Call,
    CallState,
    Direction,
    HangupBy,
    Leg,
    LegState,
    OfferState,
    Outcome,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """One settled call. Times are the PBX's own; durations in seconds."""

    call_id: UUID
    direction: Direction
    from_raw: str
    from_name: str
    to: str | None
    did: str | None
    queue: str | None
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime
    talk_s: float
    agent: str | None
    hangup_by: HangupBy
    recorded_message: bool  # voicemail was being recorded when the caller left
    legs: tuple[Leg, ...]
    turned_away: bool = False  # our dialplan said goodbye: overflow
    pbx_lost: bool = False  # the PBX died under it: its channels have no end
    merged: tuple[UUID, ...] = ()  # consult calls that became part of this one


# What the live side may know better: the switch's log has no word for why it hung up.
_LIVE = frozenset({Outcome.OVERFLOW, Outcome.BLOCKED})


def settled_outcome(seen: Outcome | None, settlement: Settlement) -> Outcome:
    """The outcome after the ledger: its facts first, then what was seen live, then who hung up."""
    if seen is Outcome.PBX_LOST or settlement.pbx_lost:
        return Outcome.PBX_LOST
    if settlement.answered_at is not None:
        return Outcome.ANSWERED
    if settlement.recorded_message:
        return Outcome.VOICEMAIL
    if seen in _LIVE:
        return seen
    if settlement.turned_away:
        return Outcome.OVERFLOW
    outgoing = settlement.direction is Direction.OUT
    gave_up = HangupBy.AGENT if outgoing else HangupBy.CALLER
    return Outcome.ABANDONED if settlement.hangup_by is gave_up else Outcome.FAILED


def settle(call: Call | None, settlement: Settlement, pbx: str) -> Call:
    """*call* as the ledger settles it; a whole call from the ledger alone when AMI never showed it.

    Times, talk, legs and who hung up are the ledger's; who the caller is, the offers and the trace stay
    those of the live side. Settling twice changes nothing but the version.
    """
    base = call or _unseen(settlement, pbx)
    until = settlement.answered_at or settlement.ended_at
    return replace(
        base,
        state=CallState.ENDED,
        outcome=settled_outcome(base.outcome, settlement),
        agent=settlement.agent or base.agent,
        queue=base.queue or settlement.queue,
        did=base.did or settlement.did,
        to=base.to or settlement.to,
        started_at=settlement.started_at,
        answered_at=settlement.answered_at,
        ended_at=settlement.ended_at,
        wait_s=round(max(0.0, (until - settlement.started_at).total_seconds()), 3),
        talk_s=settlement.talk_s,
        hangup_by=settlement.hangup_by,
        legs=_legs(base, settlement),
        offers=tuple(
            offer
            if offer.state in FINAL_OFFER_STATES
            else replace(offer, state=OfferState.WITHDRAWN, ended_at=settlement.ended_at)
            for offer in base.offers
        ),
        settled=True,
    )


def _unseen(settlement: Settlement, pbx: str) -> Call:
    return Call(
        id=settlement.call_id,
        pbx=pbx,
        direction=settlement.direction,
        state=CallState.ENDED,
        from_number=None,
        from_raw=settlement.from_raw,
        from_name=settlement.from_name,
        to=settlement.to,
        did=settlement.did,
        queue=settlement.queue,
        started_at=settlement.started_at,
    )


def _legs(call: Call, settlement: Settlement) -> tuple[Leg, ...]:
    """The ledger's legs with what it does not know (when a device rang, the cause) from the live ones."""
    seen = {leg.channel: leg for leg in call.legs}
    settled = []
    for leg in settlement.legs:
        live = seen.pop(leg.channel, None)
        if live is not None:
            leg = replace(
                leg,
                ringing_at=live.ringing_at,
                agent=leg.agent or live.agent,
                cause=leg.cause if leg.cause is not None else live.cause,
            )
        settled.append(leg)
    # A leg the ledger does not show never was a channel of this call any longer than a lost CEL line.
    settled.extend(
        replace(leg, state=LegState.ENDED, ended_at=leg.ended_at or settlement.ended_at)
        for leg in seen.values()
    )
    return tuple(sorted(settled, key=lambda leg: leg.started_at))
