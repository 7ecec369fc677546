"""What offers do to their call: the events and trace lines of their moves."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from callrouter.tracking.channel import Channel
from callrouter.tracking.machines import OfferFact
from callrouter.tracking.offers import OfferRecord
from crm_core.calls import events
from crm_core.calls.model import Offer, OfferState
from crm_core.calls.trace import Code, line

if TYPE_CHECKING:
    from callrouter.tracking.record import CallRecord

ENDS = {
    OfferState.ANSWERED: Code.OFFER_ANSWERED,
    OfferState.REFUSED: Code.OFFER_REFUSED,
    OfferState.NO_ANSWER: Code.OFFER_NO_ANSWER,
    OfferState.UNREACHABLE: Code.OFFER_UNREACHABLE,
    OfferState.WITHDRAWN: Code.OFFER_WITHDRAWN,
}


def reserve(record: CallRecord, offer: Offer) -> None:
    """The router shows the call to an agent. An offer that AMI showed first is only described."""
    known = record.offers.get(offer.id)
    if known is not None:
        record.changed |= known.describe(offer)
        return
    record.offers[offer.id] = OfferRecord(offer)
    record.waiting = False
    record.say(events.CallOffered, offer=offer)


def dialled(record: CallRecord, channel: Channel, at: datetime) -> None:
    """DialBegin of a device that rings for an offer; one we never heard of was made before our start."""
    if channel.offer_id is None or channel.agent is None:
        return
    offer = record.offers.get(channel.offer_id)
    if offer is None:
        offer = OfferRecord(
            Offer(
                id=channel.offer_id,
                agent=channel.agent,
                attempt=len(record.offers) + 1,
                state=OfferState.RESERVED,
                ring_s=0,
                reserved_at=at,
            )
        )
        record.offers[offer.id] = offer
    _tell(record, offer, offer.dialled(channel.uniqueid, at), at)


def ringing(record: CallRecord, channel: Channel, at: datetime) -> None:
    """The device says RINGING."""
    if (offer := _of(record, channel)) is not None:
        _tell(record, offer, offer.step(OfferFact.ALERT, at), at)


def device_ended(record: CallRecord, channel: Channel, at: datetime) -> None:
    """The Dial of one device ended, or its channel is gone."""
    if (offer := _of(record, channel)) is not None:
        _tell(record, offer, offer.device_ended(channel, at), at)


def move(record: CallRecord, offer: OfferRecord, state: OfferState, at: datetime) -> bool:
    """The router's own move; False when the offer does not take it."""
    moved = offer.move(state, at)
    _tell(record, offer, moved, at)
    return moved


def close(record: CallRecord, at: datetime) -> None:
    """The call is over: what is still open will never be answered."""
    for offer in record.offers.values():
        if not offer.final:
            move(record, offer, OfferState.WITHDRAWN, at)


def _of(record: CallRecord, channel: Channel) -> OfferRecord | None:
    """The offer the channel was dialled for. A leg that inherited the id from another one was not."""
    offer = record.offers.get(channel.offer_id) if channel.offer_id is not None else None
    return offer if offer is not None and channel.uniqueid in offer.devices else None


def _tell(record: CallRecord, offer: OfferRecord, moved: bool, at: datetime) -> None:
    if not moved or offer.state is OfferState.COMMITTED:
        return  # that the dialplan was told is seen with what follows, a moment later
    record.changed = True
    if offer.state is OfferState.ALERTING:
        record.say(events.OfferAlerting, offer=offer.snapshot())
    elif offer.final:
        record.add_line(line(at, ENDS[offer.state], agent=offer.agent))
        record.say(events.OfferEnded, offer=offer.snapshot())
