"""What the switch shows of channels, dials and bridges, folded into the calls they belong to."""

from __future__ import annotations

from datetime import datetime

from callrouter.reading import observations as seen
from callrouter.tracking import offering
from callrouter.tracking.channel import Channel
from callrouter.tracking.machines import LegFact
from callrouter.tracking.registry import Registry


def channel_seen(registry: Registry, item: seen.ChannelSeen | seen.QueueLeft | seen.RecordingStarted) -> None:
    """Any frame about a channel brings it up to date."""
    registry.channel(item.channel, item.at)


def renamed(registry: Registry, item: seen.ChannelRenamed) -> None:
    """A masquerade gave the channel another name."""
    channel = registry.channels.get(item.uniqueid)
    if channel is not None:
        registry.rename(channel, item.name)


def bridge_entered(registry: Registry, item: seen.BridgeEntered) -> None:
    """The channel is connected with whoever is in the bridge."""
    channel = registry.channel(item.channel, item.at, item.bridge)
    if channel is None:
        return
    registry.connect(channel, item.bridge, item.at)
    if channel.live:
        channel.bridge = item.bridge


def bridge_left(registry: Registry, item: seen.BridgeLeft) -> None:
    """It was in the bridge, whether or not we were told of its entering."""
    channel = registry.channel(item.channel, item.at, item.bridge)
    if channel is None:
        return
    registry.connect(channel, item.bridge, item.at)
    if item.bridge not in channel.left:
        channel.left.add(item.bridge)
        if channel.heir is not None:
            registry.owner(channel).regroup()
    if channel.bridge == item.bridge:
        channel.bridge = None


def held(registry: Registry, item: seen.HoldStarted) -> None:
    """The channel's party put the other on hold."""
    if (channel := registry.channel(item.channel, item.at)) is not None:
        _step(registry, channel, LegFact.HOLDS, item.at)


def resumed(registry: Registry, item: seen.HoldEnded) -> None:
    """It took the other back."""
    if (channel := registry.channel(item.channel, item.at)) is not None:
        _step(registry, channel, LegFact.RESUMES, item.at)


def hangup_asked(registry: Registry, item: seen.HangupAsked) -> None:
    """This side wants to end: the first to ask is who hung up. The PBX's own asking is nobody's."""
    channel = registry.channel(item.channel, item.at)
    if channel is not None and not item.soft and (channel.asked_at is None or item.at < channel.asked_at):
        channel.asked_at = item.at
        if (record := registry.owner(channel)).ended:  # before, nothing follows from it yet
            registry.touch(record)


def gone(registry: Registry, item: seen.ChannelGone) -> None:
    """The channel is no more. One we have not heard of yet is remembered as gone."""
    if item.channel.uniqueid not in registry.channels:
        if item.channel.call_id is not None:
            registry.early(item)
        return
    channel = registry.channel(item.channel, item.at)
    if channel is not None and channel.live:
        registry.gone(channel, item.at, item.cause)


def dial_began(registry: Registry, item: seen.DialBegan) -> None:
    """A device is being called."""
    if (channel := _dialled(registry, item)) is not None:
        offering.dialled(registry.owner(channel), channel, item.at)


def dial_ringing(registry: Registry, item: seen.DialRinging) -> None:
    """The device rings."""
    if (channel := _dialled(registry, item)) is not None:
        _step(registry, channel, LegFact.RINGS, item.at)
        offering.ringing(registry.owner(channel), channel, item.at)


def dial_ended(registry: Registry, item: seen.DialEnded) -> None:
    """The Dial of one device ended, one way or another."""
    channel = _dialled(registry, item)
    if channel is not None and channel.dial_status is None:
        channel.dial_status = item.status
        offering.device_ended(registry.owner(channel), channel, item.at)


def queue_joined(registry: Registry, item: seen.QueueJoined) -> None:
    """The caller stands in the net, app_queue."""
    channel = registry.channel(item.channel, item.at)
    if channel is None:
        return
    record = registry.owner(channel)
    record.waiting = True
    registry.touch(record)
    if record.queue is None:
        record.queue, record.changed = item.queue, True


def _dialled(registry: Registry, item: seen.DialBegan | seen.DialRinging | seen.DialEnded) -> Channel | None:
    """The dialled channel. Its caller is of the same call; when it is not, a transfer made them one."""
    source = registry.channel(item.source, item.at) if item.source is not None else None
    channel = registry.channel(item.dest, item.at)
    if channel is None:
        return None
    if not channel.dialled:
        channel.dialled = True
        channel.source = source.uniqueid if source is not None else None
        registry.change(channel)
    record = registry.owner(channel)
    if source is not None:
        record = registry.merge(registry.owner(source), record, item.at)
    registry.touch(record)
    return channel


def _step(registry: Registry, channel: Channel, fact: LegFact, at: datetime) -> None:
    if channel.step(fact, at):
        registry.change(channel)
