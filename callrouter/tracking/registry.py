"""Which channel belongs to which call: the indexes of the tracker, and their bounds."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from callrouter.reading.observations import ChannelFacts, ChannelGone
from callrouter.tracking import offering
from callrouter.tracking.channel import Channel, Seen
from callrouter.tracking.directory import Directory
from callrouter.tracking.record import CallRecord
from callrouter.tracking.shelves import Shelves
from callrouter.tracking.sides import precedence
from crm_core.calls import events
from crm_core.calls.model import CallState, Direction, LegRole, LegState

MAX_EARLY = 256  # channels heard to be gone before they were heard of


@dataclass(frozen=True, slots=True)
class AgentLegs:
    """Calls an agent has a live channel in, oldest first."""

    ringing: tuple[UUID, ...] = ()
    talking: tuple[UUID, ...] = ()  # also one's own call that still rings at the other end
    held: tuple[UUID, ...] = ()

    @property
    def busy(self) -> bool:
        """Any channel at all."""
        return bool(self.ringing or self.talking or self.held)


class Registry:
    """Calls by id, channels by Uniqueid, and what leads from one to the other."""

    def __init__(self, directory: Directory, pbx: str) -> None:
        self.directory = directory
        self.pbx = pbx
        self.records: dict[UUID, CallRecord] = {}
        self.channels: dict[str, Channel] = {}
        self._touched: list[CallRecord] = []
        self.oddities: Counter[str] = Counter()
        self._alias: dict[UUID, UUID] = {}  # merged call -> the one it became part of
        self._bridge_call: dict[str, UUID] = {}
        self._by_agent: dict[str, dict[str, None]] = {}
        self._early: OrderedDict[str, ChannelGone] = OrderedDict()
        self.shelves = Shelves()

    # Calls

    def find(self, call_id: UUID) -> CallRecord | None:
        """The call of that id, or the one it became part of."""
        while (into := self._alias.get(call_id)) is not None:
            call_id = into
        return self.records.get(call_id)

    def record(self, call_id: UUID, at: datetime) -> CallRecord | None:
        """The call of that id, made when it is new; None when it is over and done with."""
        record = self.find(call_id)
        if record is None:
            if self.shelves.is_done(call_id):
                self.oddities["late for a call that is done"] += 1
                return None
            record = CallRecord(call_id, self.pbx, at)
            record.say(events.CallStarted)
            self.records[call_id] = record
        self.touch(record)
        return record

    def exact(self, call_id: UUID, at: datetime) -> CallRecord | None:
        """The call of that id itself, also when it became part of another: for what is said of its start."""
        if call_id in self._alias and (merged := self.records.get(call_id)) is not None:
            self.touch(merged)
            return merged
        return self.record(call_id, at)

    def adopt(self, record: CallRecord) -> None:
        """Take in a stored call; one that is already known is left as it is."""
        if record.merged_into is not None:
            if record.merged_into in self.records:
                self._alias[record.id] = record.merged_into
        elif record.id not in self.records:
            self.records[record.id] = record
            for channel in record.channels.values():
                self._index(channel, record)

    def live(self) -> Iterator[CallRecord]:
        """Calls that are not over."""
        return (record for record in self.records.values() if not record.ended)

    # Channels

    def channel(self, facts: ChannelFacts, at: datetime, bridge: str | None = None) -> Channel | None:
        """The channel of *facts*, brought up to date; None when it is none of ours.

        A channel without a call id (a Local half made by a transfer) is ours when the bridge is.
        """
        channel = self.channels.get(facts.uniqueid)
        if channel is None:
            call_id = facts.call_id or self._bridge_call.get(bridge or "")
            record = self.record(call_id, at) if call_id is not None else None
            if record is None:
                return None
            return self._introduce(facts, record, at)
        agent = channel.agent
        seen = channel.see(facts, self.directory, at)
        if seen is Seen.STATE:
            self.touch(self.owner(channel))
        elif seen is Seen.PARTY:
            self.change(channel)
            self._reindex(channel, agent)
        return channel

    def rename(self, channel: Channel, name: str) -> None:
        """A masquerade gave the channel another name, perhaps another agent's device."""
        agent = channel.agent
        if channel.rename(name, self.directory):
            self.change(channel)
            self._reindex(channel, agent)

    def introduce_by_name(self, uniqueid: str, name: str, record: CallRecord, at: datetime) -> Channel:
        """A channel of which only the name is known (AGI may ask before AMI tells)."""
        channel = self.channels.get(uniqueid)
        if channel is None:
            channel = Channel(uniqueid, at)
            channel.rename(name, self.directory)
            self._index(channel, record)
        return channel

    def owner(self, channel: Channel) -> CallRecord:
        """The call the channel is part of now."""
        record: CallRecord = channel.record
        return record

    def touch(self, record: CallRecord) -> None:
        """Derive the call anew when the item is folded."""
        if not record.touched:
            record.touched = True
            self._touched.append(record)

    def take_touched(self) -> list[CallRecord]:
        """The calls that the item touched, in the order it did."""
        taken, self._touched = self._touched, []
        for record in taken:
            record.touched = False
        return taken

    def change(self, channel: Channel) -> None:
        """Something a reader sees of the channel is new."""
        record = self.owner(channel)
        record.changed = True
        self.touch(record)

    def gone(self, channel: Channel, at: datetime, cause: int | None) -> None:
        """The PBX has the channel no more; offers that rang there learn it."""
        record = self.owner(channel)
        channel.gone(at, cause)
        if channel.dialled:
            offering.device_ended(record, channel, at)
        if channel.agent is not None:
            self._by_agent.get(channel.agent, {}).pop(channel.uniqueid, None)
        record.parted()
        record.changed = True
        self.touch(record)

    def early(self, item: ChannelGone) -> None:
        """Keep the end of a channel that has not begun for us."""
        self._early[item.channel.uniqueid] = item
        if len(self._early) > MAX_EARLY:
            self._early.popitem(last=False)

    def _introduce(self, facts: ChannelFacts, record: CallRecord, at: datetime) -> Channel:
        channel = Channel(facts.uniqueid, at)
        channel.see(facts, self.directory, at)
        record.changed = True
        self._index(channel, record)
        if (end := self._early.pop(facts.uniqueid, None)) is not None:
            channel.see(end.channel, self.directory, end.at)
            self.gone(channel, end.at, end.cause)
        return channel

    def _index(self, channel: Channel, record: CallRecord) -> None:
        record.channels[channel.uniqueid] = channel
        record.regroup()
        self.channels[channel.uniqueid] = channel
        channel.record = record
        self._reindex(channel, None)

    def _reindex(self, channel: Channel, before: str | None) -> None:
        self.owner(channel).regroup()
        if before is not None:
            self._by_agent.get(before, {}).pop(channel.uniqueid, None)
        if channel.agent is not None and channel.live:
            self._by_agent.setdefault(channel.agent, {})[channel.uniqueid] = None

    # Bridges and merging

    def connect(self, channel: Channel, bridge: str, at: datetime) -> None:
        """The channel was in *bridge*. Two calls in one bridge are one: an attended transfer did that."""
        record = self.owner(channel)
        if bridge in channel.bridges:
            record.parted()  # or back again
        else:
            channel.bridges.add(bridge)
            record.regroup()
        self.touch(record)
        known = self._bridge_call.get(bridge)
        other = self.find(known) if known is not None else None
        if other is not None and other is not record:
            record = self.merge(record, other, at)
        self._bridge_call[bridge] = record.id
        record.bridges.add(bridge)

    def merge(self, one: CallRecord, other: CallRecord, at: datetime) -> CallRecord:
        """Make two calls one and return it: the customer's call wins, else the older."""
        if one is other:
            return one
        kept, given = sorted((one, other), key=_precedence)
        for merged in self._merged_into(given):
            self._alias[merged] = kept.id
        self._alias[given.id] = kept.id
        given.merged_into = kept.id
        for channel in given.channels.values():
            kept.channels[channel.uniqueid] = channel
            channel.record = kept
        for offer in given.offers.values():
            kept.offers.setdefault(offer.id, offer)
        kept.handed_over |= given.handed_over
        kept.bridges |= given.bridges
        given.state = CallState.ENDED
        given.ended_at = at
        given.outcome = given.hangup_by = None
        given.say(events.CallMerged, into=kept.id)
        kept.regroup()
        kept.changed = True
        for record in (kept, given):
            self.touch(record)
        return kept

    # What the ACD asks

    def agent_legs(self, agent: str) -> AgentLegs:
        """Where the agent has live channels."""
        kinds: dict[str, dict[UUID, None]] = {"ringing": {}, "talking": {}, "held": {}}
        for uniqueid in self._by_agent.get(agent, ()):
            channel = self.channels[uniqueid]
            if channel.state is LegState.HELD:
                kind = "held"
            elif channel.dialled and channel.state in (LegState.NEW, LegState.RINGING):
                kind = "ringing"
            else:
                kind = "talking"
            kinds[kind][self.owner(channel).id] = None
        return AgentLegs(**{kind: tuple(calls) for kind, calls in kinds.items()})

    # Bounds

    def prune(self, at: datetime) -> None:
        """Drop ended calls whose time is over, or when there are too many."""
        while (call_id := self.shelves.next_due(at)) is not None:
            record = self.records.get(call_id)
            if record is not None:
                self._drop(record)

    def _drop(self, record: CallRecord) -> None:
        del self.records[record.id]
        for bridge in record.bridges:
            self._bridge_call.pop(bridge, None)
        self.shelves.done(record.id)
        if record.merged_into is not None:
            return  # its channels are the other call's now
        for merged in self._merged_into(record):
            del self._alias[merged]
            self.shelves.done(merged)
            self.records.pop(merged, None)
        for channel in record.channels.values():
            self.channels.pop(channel.uniqueid, None)
            channel.record = None  # no cycle: the memory is free at once
            if channel.agent is not None:
                self._by_agent.get(channel.agent, {}).pop(channel.uniqueid, None)

    def _merged_into(self, record: CallRecord) -> list[UUID]:
        """Calls that became part of *record*."""
        return [merged for merged, into in self._alias.items() if into == record.id]


def _precedence(record: CallRecord) -> tuple[bool, tuple[int, int], str]:
    customers = any(channel.role is LegRole.CUSTOMER for channel in record.channels.values())
    outside = customers or record.direction in (Direction.IN, Direction.OUT)
    origin = record.origin
    return precedence(outside, origin.order if origin is not None else (0, 0), record.id)
