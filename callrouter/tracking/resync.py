"""What a snapshot and a boot say: the switch is right, whatever we thought."""

from __future__ import annotations

from datetime import datetime, timedelta

from callrouter.reading.observations import LiveChannel, Snapshot
from callrouter.tracking import offering
from callrouter.tracking.channel import Channel
from callrouter.tracking.dialplan import MESSAGE, WAITING
from callrouter.tracking.record import CallRecord
from callrouter.tracking.registry import Registry
from crm_core.calls.model import OfferState
from crm_core.calls.trace import Code, line

_BOOT_SLACK = timedelta(seconds=2)  # Uptime is in whole seconds
_OFFER_PATIENCE = timedelta(seconds=3)  # an offer that was not dialled by then never will be


def snapshot(registry: Registry, item: Snapshot, booted_at: datetime | None) -> None:
    """End every channel that is not in *item*; bring those that are up to date, or introduce them.

    A channel seen after the snapshot was asked for is left alone. Channels older than the boot
    (*booted_at*) were lost with the PBX.
    """
    present = {row.channel.uniqueid for row in item.channels}
    for channel in [channel for channel in registry.channels.values() if channel.live]:
        if channel.uniqueid in present or channel.last_seen > item.at:
            continue
        record = registry.owner(channel)
        if booted_at is not None and channel.started_at < booted_at - _BOOT_SLACK:
            record.pbx_lost = True
        registry.gone(channel, item.at, None)
    waiting = {uniqueid for _, uniqueid in item.waiting}
    for row in item.channels:
        _present(registry, row, row.channel.uniqueid in waiting, item.at)
    _close_lost(registry, item.at)


def booted(registry: Registry, at: datetime) -> None:
    """The PBX started anew: what was up before is gone."""
    for record in list(registry.live()):
        record.pbx_lost = True
        record.add_line(line(at, Code.PBX_LOST))
        registry.touch(record)
    for channel in [channel for channel in registry.channels.values() if channel.live]:
        registry.gone(channel, at, None)


def _present(registry: Registry, row: LiveChannel, waiting: bool, at: datetime) -> None:
    known = row.channel.uniqueid in registry.channels
    channel = registry.channel(row.channel, at, row.bridge)
    if channel is None or not channel.live:
        return
    record = registry.owner(channel)
    if not known:
        channel.started_at = at - timedelta(seconds=max(0, row.seconds))
        channel.dialled = row.application in ("AppDial", "AppDial2", "AppQueue")
        record.asked = True
    if row.bridge is not None:
        registry.connect(channel, row.bridge, at)
        record = registry.owner(channel)
    registry.touch(record)
    if channel.bridge != row.bridge:
        channel.bridge, record.changed = row.bridge, True
        record.regroup()
    if channel is record.guest:
        record.waiting = waiting or row.channel.context in WAITING
        if row.channel.context == MESSAGE and record.voicemail_at is None:
            record.voicemail_at, record.changed = at, True
    _rings_for(record, channel, at)


def _rings_for(record: CallRecord, channel: Channel, at: datetime) -> None:
    """Give an offer of before our start its device again: only the switch knows which legs ring for it.

    A leg of another agent has the offer's id from the caller's channel, after a transfer.
    """
    offer = record.offers.get(channel.offer_id) if channel.offer_id is not None else None
    if offer is None or offer.final or offer.agent != channel.agent or not channel.dialled:
        return
    offering.dialled(record, channel, at)
    if channel.answered_at is not None:
        offering.device_ended(record, channel, at)
    elif channel.ringing_at is not None:
        offering.ringing(record, channel, at)


def _close_lost(registry: Registry, at: datetime) -> None:
    """Calls none of whose channels is known any more, and offers for which nothing rings."""
    for record in list(registry.live()):
        registry.touch(record)
        for offer in record.offers.values():
            if offer.final or offer.reserved_at >= at - _OFFER_PATIENCE:
                continue
            legs = (record.channels.get(uniqueid) for uniqueid in offer.devices)
            if not any(leg is not None and leg.live for leg in legs):
                offering.move(record, offer, OfferState.WITHDRAWN, at)
        if not record.channels:
            record.vanished = True
