"""What is happening now, folded from the bus: `LiveState.apply(event)` gives the numbered feed its events.

Synchronous and pure but for its own memory. Events may come twice, late or out of order: each carries
the whole call or the whole state of an agent, so an older one than what is known is left out.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import msgspec

from crm_core.bus.event import Event
from crm_core.calls import events as happened
from crm_core.calls.model import Call, CallState
from crm_core.health import PartHealth
from crm_core.live.agents import Agents, KnownAgent
from crm_core.live.directory import Directory
from crm_core.live.figures import CountedCall, DayFigures
from crm_core.live.model import (
    LiveAgent,
    LiveCall,
    LiveEvent,
    LiveHealth,
    LiveQueue,
    LiveRecording,
    Snapshot,
)
from crm_core.live.seats import Seats, Talk
from crm_core.live.shown import live_call, live_recording
from crm_core.live.touches import touches
from crm_core.live.visibility import as_seen, sees
from crm_core.people.model import Reader
from crm_core.presence.events import AgentStateChanged
from crm_core.recordings.events import RecordingSettled

# Calls that ended are remembered this long, so that a late event does not bring one back to life.
REMEMBERED_CALLS = 2000

T = TypeVar("T", LiveCall, LiveAgent, LiveQueue, LiveHealth)

NAMES: Mapping[type[Event], str] = {
    happened.CallStarted: "call.started",
    happened.CallIdentified: "call.identified",
    happened.CustomerChosen: "call.customer_chosen",
    happened.CallWaiting: "call.waiting",
    happened.CallOffered: "call.offered",
    happened.OfferAlerting: "call.alerting",
    happened.OfferEnded: "call.offer_ended",
    happened.CallAnswered: "call.answered",
    happened.CallHeld: "call.held",
    happened.CallResumed: "call.resumed",
    happened.CallTransferred: "call.transferred",
    happened.CallMerged: "call.merged",
    happened.CallChanged: "call.changed",
    happened.CallEnded: "call.ended",
    happened.CallSettled: "call.settled",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """What a projection starts from: the database's view of now and of today."""

    directory: Directory
    calls: tuple[Call, ...] = ()  # not ended, and those whose agents are in wrap-up
    agents: tuple[KnownAgent, ...] = ()
    today: tuple[CountedCall, ...] = ()
    talks: tuple[Talk, ...] = ()


class LiveState:
    """Calls, agents, queues and parts as they are now. Belongs to one event loop."""

    def __init__(self, seed: Seed, now: datetime) -> None:
        self.directory = seed.directory
        self._calls: dict[UUID, LiveCall] = {}
        self._ended: OrderedDict[UUID, LiveCall] = OrderedDict()
        self._waiting: dict[str, dict[UUID, datetime]] = {name: {} for name in seed.directory.queues}
        self._health: dict[str, LiveHealth] = {}
        self._recordings: OrderedDict[UUID, tuple[datetime, LiveRecording]] = OrderedDict()
        self._figures = DayFigures(seed.directory, now)
        self._figures.count_all(seed.today)
        self._seats = Seats(seed.directory, now)
        self._seats.seed(seed.talks)
        self._agents = Agents(seed.directory, self._seats, now)
        for call in seed.calls:
            self._figures.count(call)
            shown = live_call(call, call.ended_at or call.answered_at or call.started_at)
            self._keep(shown)
            self._seats.follow(None, shown)
        self._agents.start(seed.agents)
        self._queues = {name: self._queue(name) for name in seed.directory.queues}

    @property
    def agents(self) -> Mapping[str, LiveAgent]:
        """All agents by name; not to be changed by the reader."""
        return self._agents.shown

    @property
    def queues(self) -> Mapping[str, LiveQueue]:
        """All queues by name, in the order of the office file; not to be changed by the reader."""
        return self._queues

    @property
    def calls(self) -> Mapping[UUID, LiveCall]:
        """All calls that are not over; not to be changed by the reader."""
        return self._calls

    @property
    def health(self) -> Mapping[str, LiveHealth]:
        """All parts that were heard of; not to be changed by the reader."""
        return self._health

    @property
    def seats(self) -> Seats:
        """What concerns single agents; to be asked only."""
        return self._seats

    def call(self, call_id: UUID) -> LiveCall | None:
        """A call that goes on, or ended not long ago."""
        return self._calls.get(call_id) or self._ended.get(call_id)

    def apply(self, event: Event) -> tuple[LiveEvent, ...]:
        """Fold one bus event in; what changed, in the order in which it is to be told."""
        if isinstance(event, happened.CallEvent):
            return self._apply_call(event)
        if isinstance(event, AgentStateChanged):
            return self._apply_agent(event)
        if isinstance(event, RecordingSettled):
            return self._apply_recording(event)
        return touches(event, self.directory)

    def apply_health(self, part: PartHealth) -> tuple[LiveEvent, ...]:
        """Fold a change of a part's health in."""
        before, after = self._health.get(part.name), _health(part)
        if before == after:
            return ()
        self._health[part.name] = after
        return (LiveEvent(name="health.changed", before=before, after=after),)

    def roll(self, now: datetime) -> tuple[LiveEvent, ...]:
        """Start the day's figures anew where local midnight has passed."""
        return (*self._agents.recount(self._seats.roll(now)), *self._refresh(self._figures.roll(now)))

    def snapshot(self, reader: Reader, now: datetime) -> Snapshot:
        """All that *reader* may see, made from the facts anew and not from what was told before."""
        return Snapshot(
            at=now,
            calls=self._seen(reader, self._calls.values()),
            agents=self._seen(reader, self._agents.shown.values()),
            queues=self._seen(reader, [self._queue(name) for name in self._queues]),
            health=self._seen(reader, self._health.values()),
        )

    def _seen(self, reader: Reader, items: Iterable[T]) -> tuple[T, ...]:
        return tuple(as_seen(reader, i, self.directory) for i in items if sees(reader, i, self.directory))

    def _apply_call(self, event: happened.CallEvent) -> tuple[LiveEvent, ...]:
        call = event.call
        before, over = self._calls.get(call.id), self._ended.get(call.id)
        known = before or over
        if known is not None and call.version < known.version:
            return ()
        if over is not None and call.state is not CallState.ENDED and call.merged_into is None:
            return ()
        if known is not None and known.settled and isinstance(event, happened.CallSettled):
            return ()  # the ledger's word comes from where it was written and from the router
        same = known is not None and known.state is call.state
        after = live_call(call, known.state_since if known is not None and same else event.at)
        if known is not None and after.disposition is None and call.version > known.version:
            # A newer version comes from the switch, which knows no disposition; people's changes do not
            # raise it.
            after = msgspec.structs.replace(after, disposition=known.disposition)
        if known is not None and after.customer_id is None and known.customer_id is not None:
            # A person said whose card it is, and the router does not know yet.
            after = msgspec.structs.replace(
                after,
                customer_id=known.customer_id,
                customer_title=known.customer_title,
                owner=known.owner,
                choices=(),
            )
        recounted = self._seats.follow(known, after)
        queues = self._keep(after) | self._figures.count(call)
        change = LiveEvent(name=NAMES.get(type(event), "call.changed"), before=before, after=after)
        return (change, *self._agents.recount(recounted), *self._refresh(queues))

    def _keep(self, call: LiveCall) -> frozenset[str]:
        """Remember *call* where it belongs now; the queues in which it waits since now, or no longer."""
        before = self._calls.pop(call.id, None)
        if call.over:
            self._ended[call.id] = call
            self._ended.move_to_end(call.id)
            if len(self._ended) > REMEMBERED_CALLS:
                self._ended.popitem(last=False)
        else:
            self._calls[call.id] = call
        waited, waits = _waits_in(before), _waits_in(call)
        for queue in (waited, waits):
            if queue in self._waiting:
                self._waiting[queue].pop(call.id, None)
        if waits in self._waiting:
            self._waiting[waits][call.id] = call.started_at
        if before is not None and waited == waits and before.started_at == call.started_at:
            return frozenset()
        return frozenset(queue for queue in (waited, waits) if queue in self._waiting)

    def _apply_agent(self, event: AgentStateChanged) -> tuple[LiveEvent, ...]:
        before = self._agents.shown.get(event.agent)
        change = self._agents.apply(event)
        if before is None or change is None:
            return ()
        after = self._agents.shown[event.agent]
        counted = (after.state, after.free) != (before.state, before.free)
        return (change, *self._refresh(after.queues if counted else ()))

    def _apply_recording(self, event: RecordingSettled) -> tuple[LiveEvent, ...]:
        """Rows change also in what no reader is shown (a smaller file): that is told to nobody."""
        after = live_recording(event.recording)
        known = self._recordings.get(after.id)
        if known is not None and event.at < known[0]:
            return ()
        self._recordings[after.id] = event.at, after
        if len(self._recordings) > REMEMBERED_CALLS:
            self._recordings.popitem(last=False)
        if known is not None and known[1] == after:
            return ()
        about = self._calls.get(after.call_id) or self._ended.get(after.call_id)
        return (LiveEvent(name="recording.settled", before=None, after=after, about=about),)

    def _refresh(self, names: Iterable[str]) -> tuple[LiveEvent, ...]:
        changed = []
        for name in sorted(names):
            before, after = self._queues[name], self._queue(name)
            if before != after:
                self._queues[name] = after
                changed.append(LiveEvent(name="queue.changed", before=before, after=after))
        return tuple(changed)

    def _queue(self, name: str) -> LiveQueue:
        queue, totals, waiting = self.directory.queues[name], self._figures[name], self._waiting[name]
        agents, unreachable = self._agents.states(queue.members)
        return LiveQueue(
            name=name,
            title=queue.title,
            waiting=len(waiting),
            oldest_waiting_at=min(waiting.values(), default=None),
            agents=agents,
            offered=totals.offered,
            answered=totals.answered,
            abandoned=totals.abandoned,
            service_level=totals.service_level,
            service_level_s=queue.service_level_s,
            unreachable=unreachable,
        )


def _waits_in(call: LiveCall | None) -> str:
    """The queue that *call* waits in; empty: in none."""
    if call is None or call.state is not CallState.WAITING or call.over:
        return ""
    return call.queue or ""


def _health(part: PartHealth) -> LiveHealth:
    return LiveHealth(name=part.name, state=part.state, since=part.since)
