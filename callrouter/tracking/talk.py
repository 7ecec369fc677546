"""Who is connected with whom: bridges, joined across the Local channels between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable

from callrouter.tracking.channel import Channel
from crm_core.calls.model import LegRole


def talking_now(channels: Collection[Channel]) -> set[Channel]:
    """Agents' channels that are connected with the other side at this moment."""
    live = [channel for channel in channels if channel.bridge is not None]
    return _agents_connected(live, lambda channel: (channel.bridge,) if channel.bridge else ())


def ever_talked(channels: Collection[Channel]) -> set[Channel]:
    """Agents' channels that ever shared a bridge with the other side.

    Read from every bridge each channel was in, so it does not matter in which order, or whether at all,
    AMI told of the entering and the leaving.
    """
    return _agents_connected(channels, lambda channel: channel.bridges)


def _agents_connected(
    channels: Iterable[Channel], bridges_of: Callable[[Channel], Collection[str]]
) -> set[Channel]:
    """Agents in a room with a customer; in a call without customers, agents in a room with anybody."""
    root = _joined(channels, bridges_of)
    rooms: defaultdict[str, set[Channel]] = defaultdict(set)
    customers = False
    for channel in channels:
        if channel.plumbing:
            continue
        customers |= channel.role is LegRole.CUSTOMER
        for bridge in bridges_of(channel):
            rooms[root.get(bridge, bridge)].add(channel)
    found: set[Channel] = set()
    for room in rooms.values():
        served = any(channel.role is LegRole.CUSTOMER for channel in room)
        if served or (not customers and len(room) > 1):
            found.update(channel for channel in room if channel.role is LegRole.AGENT)
    return found


def _joined(channels: Iterable[Channel], bridges_of: Callable[[Channel], Collection[str]]) -> dict[str, str]:
    """One name for all bridges that the two halves of a Local channel connect."""
    halves: defaultdict[str, list[str]] = defaultdict(list)
    for channel in channels:
        if (pair := channel.local_pair) is not None:
            halves[pair].extend(bridges_of(channel))
    root: dict[str, str] = {}

    def find(bridge: str) -> str:
        while (up := root.get(bridge, bridge)) != bridge:
            bridge = up
        return bridge

    for bridges in halves.values():
        for bridge in bridges[1:]:
            root[find(bridge)] = find(bridges[0])
    return {bridge: find(bridge) for bridge in root}
