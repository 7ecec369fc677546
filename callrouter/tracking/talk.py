"""Who is connected with whom: bridges, joined across the Local channels between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from callrouter.tracking.channel import Channel
from crm_core.calls.model import LegRole


def talking_now(channels: Collection[Channel]) -> set[Channel]:
    """Agents' channels that are connected with the other side at this moment."""
    places = [(channel, (channel.bridge,)) for channel in channels if channel.bridge]
    return _agents_connected(places, channels) if len(places) > 1 else set()


def ever_talked(channels: Collection[Channel]) -> set[Channel]:
    """Agents' channels that ever shared a bridge with the other side.

    Read from every bridge each channel was in, so it does not matter in which order, or whether at all,
    AMI told of the entering and the leaving.
    """
    places = [(channel, channel.bridges) for channel in channels if channel.bridges]
    places += [(one.heir, one.bridges - one.left) for one in channels if one.heir is not None]
    return _agents_connected(places, channels) if len(places) > 1 else set()


def _agents_connected(
    places: Sequence[tuple[Channel, Collection[str]]], channels: Collection[Channel]
) -> set[Channel]:
    """Agents in a room with a customer; in a call without customers, agents in a room with anybody."""
    found: set[Channel] = set()
    root = _joined(places)
    rooms: defaultdict[str, list[Channel]] = defaultdict(list)
    for channel, bridges in places:
        if not channel.plumbing:
            for bridge in bridges:
                rooms[root.get(bridge, bridge)].append(channel)
    customers = any(channel.role is LegRole.CUSTOMER for channel in channels)
    for room in rooms.values():
        served = any(channel.role is LegRole.CUSTOMER for channel in room)
        if served or (not customers and len(set(room)) > 1):
            found.update(channel for channel in room if channel.role is LegRole.AGENT)
    return found


def _joined(places: Sequence[tuple[Channel, Collection[str]]]) -> dict[str, str]:
    """One name for all bridges that the two halves of a Local channel connect."""
    halves: defaultdict[str, list[str]] = defaultdict(list)
    for channel, bridges in places:
        if channel.local_pair is not None:
            halves[channel.local_pair].extend(bridges)
    root: dict[str, str] = {}

    def find(bridge: str) -> str:
        while (up := root.get(bridge, bridge)) != bridge:
            bridge = up
        return bridge

    for connected in halves.values():
        for bridge in connected[1:]:
            root[find(bridge)] = find(connected[0])
    return {bridge: find(bridge) for bridge in root}
