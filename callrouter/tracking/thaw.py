"""A stored call as a record again: where a restarted worker goes on."""

from __future__ import annotations

from datetime import timedelta

from callrouter.tracking.channel import Channel
from callrouter.tracking.offers import OfferRecord
from callrouter.tracking.record import CallRecord
from crm_core.calls.model import Call, CallState, Leg, LegRole
from crm_core.calls.trace import Code


def thaw(call: Call) -> CallRecord:
    """The record behind a stored call, so that a restarted worker goes on with it."""
    record = CallRecord(call.id, call.pbx, call.started_at)
    record.version, record.changed, record.latest = call.version, False, call
    record.state, record.outcome, record.hangup_by = call.state, call.outcome, call.hangup_by
    record.direction, record.did, record.queue, record.to = call.direction, call.did, call.queue, call.to
    record.caller_raw, record.caller_name, record.e164 = call.from_raw, call.from_name, call.from_number
    record.customer_id, record.title, record.owner = call.customer_id, call.customer_title, call.owner
    record.choices = call.choices
    record.disposition, record.agent = call.disposition, call.agent
    record.answered_at, record.ended_at = call.answered_at, call.ended_at
    record.talk_s, record.ring_s = call.talk_s, call.ring_s
    record.merged_into = call.merged_into
    record.asked = call.state is not CallState.NEW
    record.waiting = call.state is CallState.WAITING
    record.trace = list(call.trace)
    for stored in call.trace:
        if stored.code == Code.VOICEMAIL.value:
            record.voicemail_at = stored.at
    record.channels = {leg.channel: _channel(leg, call) for leg in call.legs}
    record.offers = {offer.id: OfferRecord(offer) for offer in call.offers}
    _go_on_talking(record, call)
    return record


def _go_on_talking(record: CallRecord, call: Call) -> None:
    """Let the stop-watches of a call that talked run on: what is stored is talk up to its last change.

    It began when it was answered, and pauses are rare: until the ledger settles, the figure errs by those.
    """
    if call.state not in (CallState.TALKING, CallState.HELD) or call.answered_at is None:
        return
    record.talking_since = call.answered_at + timedelta(seconds=call.talk_s)
    for leg in call.legs:
        channel = record.channels[leg.channel]
        connected = leg.role is LegRole.CUSTOMER or leg.agent == call.agent
        if connected and channel.live and leg.answered_at is not None:
            began = max(leg.answered_at, call.answered_at)
            channel.talking_since = began + timedelta(seconds=leg.talk_s)


def _channel(leg: Leg, call: Call) -> Channel:
    """The channel behind a stored leg. Which bridge it is in is not stored: the next snapshot tells."""
    channel = Channel(leg.channel, leg.started_at)
    channel.name, channel.endpoint = leg.channel_name, leg.endpoint  # plumbing is not stored
    channel.role, channel.agent = leg.role, leg.agent
    channel.state, channel.caller_number = leg.state, leg.number or ""
    channel.ringing_at, channel.answered_at = leg.ringing_at, leg.answered_at
    channel.ended_at, channel.talk_s, channel.cause = leg.ended_at, leg.talk_s, leg.cause
    channel.dialled = leg.ringing_at is not None
    talked = call.answered_at is not None and leg.answered_at is not None
    channel.announced = leg.role is LegRole.AGENT and talked
    return channel
