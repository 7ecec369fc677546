"""Calls and recordings as the live feed shows them: without what is the switch's own or the server's."""

from __future__ import annotations

from datetime import datetime

from crm_core.calls.model import Call, Leg, Offer
from crm_core.customers.model import CardChoice
from crm_core.live.model import LiveCall, LiveChoice, LiveLeg, LiveOffer, LiveRecording
from crm_core.recordings.model import Recording


def live_call(call: Call, state_since: datetime) -> LiveCall:
    """*call* as the feed shows it."""
    return LiveCall(
        id=call.id,
        direction=call.direction,
        state=call.state,
        state_since=state_since,
        from_number=call.from_number,
        from_raw=call.from_raw,
        from_name=call.from_name,
        to=call.to,
        did=call.did,
        queue=call.queue,
        outcome=call.outcome,
        disposition=call.disposition,
        agent=call.agent,
        owner=call.owner,
        customer_id=call.customer_id,
        customer_title=call.customer_title,
        started_at=call.started_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        wait_s=call.wait_s,
        ring_s=call.ring_s,
        talk_s=call.talk_s,
        hangup_by=call.hangup_by,
        merged_into=call.merged_into,
        settled=call.settled,
        offer=_offer(call.offers[-1]) if call.offers else None,
        legs=tuple(map(_leg, call.legs)),
        trace=call.trace,
        choices=tuple(map(_choice, call.choices)),
        version=call.version,
    )


def _offer(offer: Offer) -> LiveOffer:
    return LiveOffer(
        id=offer.id,
        agent=offer.agent,
        attempt=offer.attempt,
        state=offer.state,
        ring_s=offer.ring_s,
        reserved_at=offer.reserved_at,
        alerting_at=offer.alerting_at,
    )


def _leg(leg: Leg) -> LiveLeg:
    return LiveLeg(
        role=leg.role,
        state=leg.state,
        agent=leg.agent,
        number=leg.number,
        started_at=leg.started_at,
        answered_at=leg.answered_at,
        ended_at=leg.ended_at,
        cause=leg.cause,
    )


def _choice(choice: CardChoice) -> LiveChoice:
    return LiveChoice(
        customer_id=choice.customer_id, title=choice.title, owner=choice.owner, office=choice.office
    )


def live_recording(recording: Recording) -> LiveRecording:
    """*recording* as the feed shows it: its path stays on the server."""
    return LiveRecording(
        id=recording.id,
        call_id=recording.call_id,
        kind=recording.kind,
        state=recording.state,
        reason=recording.reason,
        duration_s=recording.duration_s,
    )
