"""A call record as readers get it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from callrouter.tracking.channel import Channel
from crm_core.calls.model import Call, Direction, LegRole
from crm_core.calls.settlement import settle

if TYPE_CHECKING:
    from callrouter.tracking.record import CallRecord


def freeze(record: CallRecord, at: datetime) -> Call:
    """The call as readers get it, one version on."""
    record.version += 1
    started = record.started_at
    until = record.answered_at or record.voicemail_at or record.ended_at or at
    origin = record.origin
    call = Call(
        id=record.id,
        pbx=record.pbx,
        direction=_direction(record, origin),
        state=record.state,
        from_number=record.e164,
        from_raw=record.caller_raw or (origin.caller_number if origin else ""),
        from_name=record.caller_name or (origin.caller_name if origin else ""),
        to=record.to or record.did,
        did=record.did,
        queue=record.queue,
        started_at=started,
        outcome=record.outcome,
        disposition=record.disposition,
        agent=record.agent,
        owner=record.owner,
        customer_id=record.customer_id,
        customer_title=record.title,
        answered_at=record.answered_at,
        ended_at=record.ended_at if record.ended else None,
        wait_s=round(max(0.0, (until - started).total_seconds()), 3),
        ring_s=round(record.ring_s, 3),
        talk_s=round(record.talk_s, 3),
        hangup_by=record.hangup_by,
        legs=tuple(channel.leg() for channel in record.parties()) if record.merged_into is None else (),
        offers=tuple(offer.snapshot() for offer in record.offers.values()),
        trace=tuple(record.trace),
        choices=record.choices,
        merged_into=record.merged_into,
        version=record.version,
    )
    return call if record.settlement is None else settle(call, record.settlement, record.pbx)


def _direction(record: CallRecord, origin: Channel | None) -> Direction:
    if record.direction is not None:
        return record.direction
    if origin is not None and origin.role is LegRole.AGENT:
        return Direction.INTERNAL
    return Direction.IN
