"""The tracker: folds what AMI tells and what the router does into calls, and says what changed.

Synchronous and pure: no clock, no I/O; every time is the item's own. AMI is a hint that may lose, repeat
and reorder; so nothing here waits for an order, what matters in the end is read from facts that only grow
(which bridges a channel was ever in, who handed the call over), and a `Snapshot` puts the rest right.

Durations of a call: `wait_s` from its start to the first answer (or the message, or the end), `ring_s` the
part of it in which a device rang, `talk_s` in which the customer and an agent were in one bridge.

The trace lines of what the switch did (`own.FROM_THE_SWITCH`) are written here; lines that say why come
from the router as `Traced`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from callrouter.reading import observations as seen
from callrouter.tracking import arrival, facts, own, resync, transfers, wire
from callrouter.tracking.directory import Directory
from callrouter.tracking.record import CallRecord
from callrouter.tracking.registry import AgentLegs, Registry
from callrouter.tracking.thaw import thaw
from crm_core.calls import events
from crm_core.calls.model import Call

Item = seen.Observation | facts.Fact

_HANDLERS: dict[type[Any], Callable[[Registry, Any], None]] = {
    seen.ChannelSeen: wire.channel_seen,
    seen.ChannelRenamed: wire.renamed,
    seen.DialBegan: wire.dial_began,
    seen.DialRinging: wire.dial_ringing,
    seen.DialEnded: wire.dial_ended,
    seen.BridgeEntered: wire.bridge_entered,
    seen.BridgeLeft: wire.bridge_left,
    seen.HoldStarted: wire.held,
    seen.HoldEnded: wire.resumed,
    seen.HangupAsked: wire.hangup_asked,
    seen.ChannelGone: wire.gone,
    seen.BlindTransferred: transfers.blind,
    seen.AttendedTransferred: transfers.attended,
    seen.Step: arrival.stepped,
    seen.QueueJoined: wire.queue_joined,
    seen.QueueLeft: wire.channel_seen,
    seen.RecordingStarted: wire.channel_seen,
    facts.Arrived: arrival.arrived,
    facts.Identified: own.identified,
    facts.Offered: own.offered,
    facts.OfferMoved: own.offer_moved,
    facts.Waits: own.waits,
    facts.Traced: own.traced,
    facts.Settled: own.settled,
}


class CallTracker:
    """One PBX's calls, live. Call `apply` with each item in the order of arrival."""

    def __init__(self, directory: Directory, pbx: str) -> None:
        self._registry = Registry(directory, pbx)
        self._uptime_s: int | None = None
        self._booted_at: datetime | None = None
        self._changed: dict[CallRecord, None] = {}  # since the last telling, in order
        self._said: list[tuple[CallRecord, type[events.CallEvent], dict[str, Any]]] = []

    @property
    def oddities(self) -> Counter[str]:
        """What did not fit, counted by kind. The kinds are a fixed set."""
        return self._registry.oddities

    def apply(self, item: Item) -> tuple[events.CallEvent, ...]:
        """Fold one item; the events it caused, each with its call as it stands now."""
        self._fold(item)
        return self._tell(item.at)

    def apply_all(self, items: Iterable[Item]) -> tuple[events.CallEvent, ...]:
        """Fold items that came together; what they caused, each with its call as it stands after the last.

        The same events as one by one but for changes of detail: one for a call is enough.
        """
        at = None
        for item in items:
            self._fold(item)
            at = item.at
        return self._tell(at) if at is not None else ()

    def relearn(self, directory: Directory) -> None:
        """Read channels that come from now on by another office."""
        self._registry.directory = directory

    def restore(self, calls: Iterable[Call]) -> None:
        """Take in the stored calls that had not ended, and those merged into them, before the first item.

        The next `Snapshot` ends those that are not up any more.
        """
        for call in sorted(calls, key=lambda call: call.merged_into is not None):
            self._registry.adopt(thaw(call))

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

    def _fold(self, item: Item) -> None:
        """Let the item change what it changes, and derive the calls that it touched."""
        registry = self._registry
        handler = _HANDLERS.get(type(item))
        if handler is not None:
            handler(registry, item)
        elif isinstance(item, seen.PbxBooted):
            self._booted(item)
        elif isinstance(item, seen.Snapshot):
            resync.snapshot(registry, item, self._booted_at)
        else:
            return  # devices and shutdown: others look at those
        for record in registry.take_touched():
            if record.merged_into is None:
                arrival.called_outside(registry, record, item.at)
                record.refresh(item.at)
            if record.changed:
                self._changed[record] = None
                self._said.extend((record, event, values) for event, values in record.take_pending())

    def _tell(self, at: datetime) -> tuple[events.CallEvent, ...]:
        """Freeze the changed calls, each once, and make the events."""
        changed, said = self._changed, self._said
        out: list[events.CallEvent] = []
        if changed:
            self._changed, self._said = {}, []
            calls = {record: record.freeze(at) for record in changed}
            spoken = {record for record, _, _ in said}
            said += [(record, events.CallChanged, {}) for record in changed if record not in spoken]
            out = [
                event(at=at, pbx=record.pbx, call=calls[record], **values) for record, event, values in said
            ]
            for record in changed:
                self._registry.shelves.file(record, at)
        self._registry.prune(at)
        return tuple(out)

    def _booted(self, item: seen.PbxBooted) -> None:
        if self._uptime_s is not None and item.uptime_s < self._uptime_s:
            resync.booted(self._registry, item.at)
        self._uptime_s = item.uptime_s
        self._booted_at = item.at - timedelta(seconds=item.uptime_s)
