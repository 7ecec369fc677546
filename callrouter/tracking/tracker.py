"""The tracker: folds what AMI tells and what the router does into calls, and says what changed.

Synchronous and pure: no clock, no I/O; every time is the item's own. AMI is a hint that may lose, repeat
and reorder; so nothing here waits for an order, what matters in the end is read from facts that only grow
(which bridges a channel was ever in, who handed the call over), and a `Snapshot` puts the rest right.

Durations of a call: `wait_s` from its start to the first answer (or the message, or the end), `ring_s` the
part of it in which a device rang, `talk_s` in which the customer and an agent were in one bridge.

The trace lines of what the switch did (`FROM_THE_SWITCH`) are written here; lines that say why come from
the router as `Traced`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from callrouter.reading import observations as seen
from callrouter.tracking import facts, offering, resync, transfers
from callrouter.tracking.arrival import arrived, stepped
from callrouter.tracking.channel import Channel
from callrouter.tracking.directory import Directory
from callrouter.tracking.machines import LegFact
from callrouter.tracking.record import CallRecord
from callrouter.tracking.registry import AgentLegs, Registry
from crm_core.calls import events
from crm_core.calls.model import Call
from crm_core.calls.trace import Code

Item = seen.Observation | facts.Fact

FROM_THE_SWITCH = frozenset(
    {code.value for code in offering.ENDS.values()}
    | {
        Code.ARRIVED.value,
        Code.ARRIVED_INTERNAL.value,
        Code.ANSWERED.value,
        Code.TRANSFERRED_BLIND.value,
        Code.TRANSFERRED_ATTENDED.value,
        Code.NET.value,
        Code.VOICEMAIL.value,
        Code.REFUSED.value,
        Code.PBX_LOST.value,
        Code.ENDED_BY.value,
        Code.SETTLED.value,
    }
)


class CallTracker:
    """One PBX's calls, live. Call `apply` with each item in the order of arrival."""

    def __init__(self, directory: Directory, pbx: str) -> None:
        self._registry = Registry(directory, pbx)
        self._uptime_s: int | None = None
        self._booted_at: datetime | None = None
        self._handlers: dict[type[Any], Callable[[Any], None]] = {
            seen.ChannelSeen: self._channel_seen,
            seen.ChannelRenamed: self._renamed,
            seen.DialBegan: self._dial_began,
            seen.DialRinging: self._dial_ringing,
            seen.DialEnded: self._dial_ended,
            seen.BridgeEntered: self._bridge_entered,
            seen.BridgeLeft: self._bridge_left,
            seen.HoldStarted: self._held,
            seen.HoldEnded: self._resumed,
            seen.HangupAsked: self._hangup_asked,
            seen.ChannelGone: self._gone,
            seen.BlindTransferred: self._blind,
            seen.AttendedTransferred: self._attended,
            seen.Step: self._step,
            seen.QueueJoined: self._queue_joined,
            seen.QueueLeft: self._channel_seen,
            seen.RecordingStarted: self._channel_seen,
            seen.PbxBooted: self._booted,
            seen.Snapshot: self._snapshot,
            facts.Arrived: self._arrived,
            facts.Identified: self._identified,
            facts.Offered: self._offered,
            facts.OfferMoved: self._offer_moved,
            facts.Waits: self._waits,
            facts.Traced: self._traced,
            facts.Settled: self._settled,
        }

    @property
    def oddities(self) -> Counter[str]:
        """What did not fit, counted by kind. The kinds are a fixed set."""
        return self._registry.oddities

    def apply(self, item: Item) -> tuple[events.CallEvent, ...]:
        """Fold one item; the events it caused, oldest first, each with its call as it stands now."""
        handler = self._handlers.get(type(item))
        if handler is None:
            return ()  # devices and shutdown: others look at those
        handler(item)
        return self._flush(item.at)

    def relearn(self, directory: Directory) -> None:
        """Read channels that come from now on by another office."""
        self._registry.directory = directory

    def restore(self, calls: Iterable[Call]) -> None:
        """Take in the stored calls that had not ended, and those merged into them, before the first item.

        The next `Snapshot` ends those that are not up any more.
        """
        for call in calls:
            self._registry.adopt(CallRecord.of(call))

    def call(self, call_id: UUID) -> Call | None:
        """The call as it stood when it last changed; also under the id of a call merged into it."""
        record = self._registry.find(call_id)
        return record.latest if record is not None else None

    def live_calls(self) -> Iterator[Call]:
        """Calls that have not ended."""
        return (record.latest for record in self._registry.live() if record.latest is not None)

    def agent_legs(self, agent: str) -> AgentLegs:
        """Calls the agent has a channel in now."""
        return self._registry.agent_legs(agent)

    def _flush(self, at: datetime) -> tuple[events.CallEvent, ...]:
        registry = self._registry
        out: list[events.CallEvent] = []
        touched = list(registry.touched.values())
        registry.touched.clear()
        for record in touched:
            if record.merged_into is None:
                record.refresh(at)
            if record.changed:
                out.extend(record.tell(at))
            registry.file(record, at)
        registry.prune(at)
        return tuple(out)

    # Channels

    def _channel_seen(self, item: seen.ChannelSeen | seen.QueueLeft | seen.RecordingStarted) -> None:
        self._registry.channel(item.channel, item.at)

    def _renamed(self, item: seen.ChannelRenamed) -> None:
        channel = self._registry.channels.get(item.uniqueid)
        if channel is not None and channel.rename(item.name, self._registry.directory):
            self._change(channel)

    def _bridge_entered(self, item: seen.BridgeEntered) -> None:
        channel = self._registry.channel(item.channel, item.at, item.bridge)
        if channel is None:
            return
        self._registry.connect(channel, item.bridge, item.at)
        if channel.live:
            channel.bridge = item.bridge
        self._change(channel)

    def _bridge_left(self, item: seen.BridgeLeft) -> None:
        channel = self._registry.channel(item.channel, item.at, item.bridge)
        if channel is None:
            return
        self._registry.connect(channel, item.bridge, item.at)
        if channel.bridge == item.bridge:
            channel.bridge = None
        self._change(channel)

    def _held(self, item: seen.HoldStarted) -> None:
        self._leg(item.channel, LegFact.HOLDS, item.at)

    def _resumed(self, item: seen.HoldEnded) -> None:
        self._leg(item.channel, LegFact.RESUMES, item.at)

    def _hangup_asked(self, item: seen.HangupAsked) -> None:
        channel = self._registry.channel(item.channel, item.at)
        if channel is not None and (channel.asked_at is None or item.at < channel.asked_at):
            channel.asked_at = item.at

    def _gone(self, item: seen.ChannelGone) -> None:
        registry = self._registry
        if item.channel.uniqueid not in registry.channels:
            if item.channel.call_id is not None:
                registry.early(item)
            return
        channel = registry.channel(item.channel, item.at)
        if channel is not None and channel.live:
            registry.gone(channel, item.at, item.cause)

    # Dials

    def _dial_began(self, item: seen.DialBegan) -> None:
        channel = self._dialled(item)
        if channel is not None:
            offering.dialled(self._registry.owner(channel), channel, item.at)

    def _dial_ringing(self, item: seen.DialRinging) -> None:
        channel = self._dialled(item)
        if channel is not None:
            self._step_leg(channel, LegFact.RINGS, item.at)
            offering.ringing(self._registry.owner(channel), channel, item.at)

    def _dial_ended(self, item: seen.DialEnded) -> None:
        channel = self._dialled(item)
        if channel is not None and channel.dial_status is None:
            channel.dial_status = item.status
            offering.device_ended(self._registry.owner(channel), channel, item.at)

    def _dialled(self, item: seen.DialBegan | seen.DialRinging | seen.DialEnded) -> Channel | None:
        """The dialled channel. Its caller is of the same call; when it is not, a transfer made them one."""
        registry = self._registry
        source = registry.channel(item.source, item.at) if item.source is not None else None
        channel = registry.channel(item.dest, item.at)
        if channel is None:
            return None
        if not channel.dialled:
            channel.dialled = True
            channel.source = source.uniqueid if source is not None else None
            registry.owner(channel).changed = True
        if source is not None:
            registry.merge(registry.owner(source), registry.owner(channel), item.at)
        return channel

    # Transfers, steps, the whole PBX

    def _blind(self, item: seen.BlindTransferred) -> None:
        transfers.blind(self._registry, item)

    def _attended(self, item: seen.AttendedTransferred) -> None:
        transfers.attended(self._registry, item)

    def _step(self, item: seen.Step) -> None:
        stepped(self._registry, item)

    def _queue_joined(self, item: seen.QueueJoined) -> None:
        channel = self._registry.channel(item.channel, item.at)
        if channel is None:
            return
        record = self._registry.owner(channel)
        record.waiting = True
        if record.queue is None:
            record.queue, record.changed = item.queue, True

    def _booted(self, item: seen.PbxBooted) -> None:
        if self._uptime_s is not None and item.uptime_s < self._uptime_s:
            resync.booted(self._registry, item.at)
        self._uptime_s = item.uptime_s
        self._booted_at = item.at - timedelta(seconds=item.uptime_s)

    def _snapshot(self, item: seen.Snapshot) -> None:
        resync.snapshot(self._registry, item, self._booted_at)

    # The router's own facts

    def _arrived(self, item: facts.Arrived) -> None:
        arrived(self._registry, item)

    def _identified(self, item: facts.Identified) -> None:
        record = self._known(item)
        if record is None:
            return
        identity = (item.e164, item.customer_id, item.title, item.owner)
        if identity != (record.e164, record.customer_id, record.title, record.owner):
            record.e164, record.customer_id, record.title, record.owner = identity
            record.say(events.CallIdentified)

    def _offered(self, item: facts.Offered) -> None:
        record = self._known(item)
        if record is not None and not record.ended:
            offering.reserve(record, item.offer)

    def _offer_moved(self, item: facts.OfferMoved) -> None:
        record = self._known(item)
        offer = record.offers.get(item.offer_id) if record is not None else None
        if record is None or offer is None:
            self.oddities["an offer we do not know"] += 1
        elif not offering.move(record, offer, item.state, item.at) and offer.state is not item.state:
            self.oddities["an offer that could not move"] += 1

    def _waits(self, item: facts.Waits) -> None:
        record = self._known(item)
        if record is not None:
            record.asked = record.waiting = True

    def _traced(self, item: facts.Traced) -> None:
        record = self._known(item)
        if record is None:
            return
        for line in item.lines:
            if line.code in FROM_THE_SWITCH:
                self.oddities["a trace line that is the tracker's own"] += 1
            else:
                record.add_line(line)

    def _settled(self, item: facts.Settled) -> None:
        record = self._known(item)
        if record is None:
            return
        for merged in item.settlement.merged:
            if (other := self._registry.find(merged)) is not None:
                record = self._registry.merge(record, other, item.at)
        record.settle(item.settlement, item.at)

    def _known(self, item: facts.Fact) -> CallRecord | None:
        """The fact's call, marked as touched. Only an arrival makes a call: else none would end it."""
        record = self._registry.find(item.call_id)
        if record is None:
            self.oddities["a fact about a call we do not know"] += 1
            return None
        self._registry.touched[record.id] = record
        return record

    # Small moves

    def _leg(self, of: seen.ChannelFacts, fact: LegFact, at: datetime) -> None:
        channel = self._registry.channel(of, at)
        if channel is not None:
            self._step_leg(channel, fact, at)

    def _step_leg(self, channel: Channel, fact: LegFact, at: datetime) -> None:
        if channel.step(fact, at):
            self._change(channel)

    def _change(self, channel: Channel) -> None:
        record = self._registry.owner(channel)
        record.changed = True
        self._registry.touched[record.id] = record
