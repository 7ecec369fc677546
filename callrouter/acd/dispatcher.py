"""The live skin over `crm_core.routing`: is asked by the dialplan, reacts to what the switch shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from callrouter.acd.ask import Answer, Ask
from callrouter.acd.asking import Asking
from callrouter.acd.callers import Identification
from callrouter.acd.core import Core
from callrouter.acd.devices import Devices
from callrouter.acd.line import LiveCall, Place
from callrouter.acd.offers import Offers
from callrouter.acd.ports import Behind, Callers, PresenceKeeper, Probes, Switch
from callrouter.acd.pulls import Pulls
from callrouter.acd.seats import Seats
from callrouter.metrics import CALLS, ROUTE_DECISION, WAITING
from callrouter.reading.observations import (
    ChannelFacts,
    DeviceSeen,
    LiveChannel,
    Observation,
    QueueJoined,
    QueueLeft,
    Snapshot,
    Step,
    StepName,
)
from callrouter.tracking.dialplan import WAIT
from crm_core.calls.events import CallAnswered, CallEnded, CallEvent, CallMerged, OfferEnded
from crm_core.calls.model import Call, CallState, Direction
from crm_core.customers.model import Customer
from crm_core.people.model import Person
from crm_core.queues.model import Queue


class Dispatcher:
    """Who takes this call? One per PBX and leader."""

    def __init__(
        self,
        core: Core,
        *,
        switch: Switch,
        probes: Probes,
        callers: Callers,
        keeper: PresenceKeeper,
        behind: Behind,
    ) -> None:
        self._core = core
        devices = Devices(core, probes)
        self._offers = Offers(core, switch, devices)
        self._pulls = Pulls(core, switch)
        self._identification = Identification(core, callers, behind)
        self._asking = Asking(core, self._offers, self._pulls, self._identification)
        self.seats = Seats(core, keeper, behind, devices)
        self.term: int | None = None  # None: not the leader, or not in the picture yet: the net takes calls
        core.follow_with(self._react)
        core.deadlines.afterwards = self.settle

    def configure(self, people: Iterable[Person], queues: Iterable[Queue]) -> None:
        """Take the applied office; live states stay. Nothing is said of it before the next `settle`."""
        self._core.agents.configure(people)
        self._core.configure(queues)

    # -- the dialplan asks ------------------------------------------------------------------------

    async def ask(self, ask: Ask) -> Answer | None:
        """Decide. None: say nothing, the dialplan goes to the net. Follow an answer with `told` or `lost`."""
        queue = self._core.queues.get(ask.queue)
        if self.term is None or queue is None:
            return None
        began = self._core.clock.monotonic()
        try:
            return await self._asking.ask(ask, queue, self.term)
        finally:
            ROUTE_DECISION.observe(self._core.clock.monotonic() - began)
            self.settle()

    def told(self, answer: Answer) -> None:
        """The dialplan has the answer."""
        self._asking.told(answer)
        self.settle()

    def lost(self, answer: Answer) -> None:
        """The answer did not reach the dialplan."""
        self._asking.lost(answer)
        self.settle()

    def database_back(self) -> None:
        """The database was away and is back."""
        self._identification.database_back()

    def card_changed(self, card: Customer) -> None:
        """A card has another owner or title."""
        self._identification.card_changed(card)
        self.settle()

    def merged(self, kept: Customer, dropped: UUID) -> None:
        """A card became part of another."""
        self._identification.merged(kept, dropped)
        self.settle()

    def chosen(self, call: Call) -> None:
        """A person said which card the caller is."""
        self._identification.chosen(call)
        self.settle()

    def settled(self, call: Call) -> None:
        """The ledger finished a call, perhaps one we never saw."""
        self._identification.settled(call)

    # -- the switch shows -------------------------------------------------------------------------

    def observe(self, *observations: Observation) -> None:
        """Fold what the switch showed together, and react to it."""
        self._core.see(*observations)
        for observation in observations:
            self._heed(observation)
        self.settle()

    def _heed(self, observation: Observation) -> None:
        """What an observation means beside what it tells of its call."""
        match observation:
            case DeviceSeen():
                self.seats.device_seen(observation)
            case Step(step=StepName.ARRIVED):
                self._arrived(observation)
            case QueueJoined():
                self._in_net(observation.channel, observation.queue, observation.at)
            case QueueLeft():
                call = self._core.line.of_uniqueid(observation.channel.uniqueid)
                if call is not None and call.place is Place.NET and not call.pulled:
                    self._core.line.move(call, Place.DIALPLAN)
            case Snapshot():
                self._rebuild(observation)

    def settle(self) -> None:
        """After anything that may have changed something: tell states, save rows, match."""
        if self.seats.tell() or self._core.rematch:
            self._pulls.match()
        WAITING.set(self._core.line.waiting_count())

    def _react(self, events: Sequence[CallEvent]) -> None:
        for call in {event.call.id: event.call for event in events}.values():
            self.seats.follow(call)
            self._offers.follow(call)
        for event in events:
            self._react_to(event)

    def _react_to(self, event: CallEvent) -> None:
        call = event.call
        match event:
            case OfferEnded():
                self._offers.ended(call, event.offer)
            case CallAnswered():
                self._answered(call, event.agent)
            case CallEnded():
                outcome = call.outcome.value if call.outcome else "none"
                CALLS.labels(direction=call.direction.value, outcome=outcome).inc()
                self._gone(call.id)
            case CallMerged():
                self._gone(call.id)

    def _answered(self, call: Call, agent: str) -> None:
        live = self._core.line.get(call.id)
        if live is not None:
            live.talked = True
        self._identification.answered(call, agent)

    def _gone(self, call_id: UUID) -> None:
        live = self._core.line.get(call_id)
        if live is None:
            return
        self._pulls.asked(live)
        self._offers.abandon(live)
        self._core.line.drop(call_id)
        self._core.deadlines.cancel(("wait", call_id))
        self._core.rematch = True

    def _arrived(self, step: Step) -> None:
        call_id, direction = step.channel.call_id, step.values.get("direction")
        if call_id is not None and direction == Direction.IN:
            self._identification.arrived(call_id, step.channel.caller_number, step.values.get("did", ""))
        elif call_id is not None and (call := self._core.call(call_id)) is not None:
            self._identification.called(call)

    # -- callers we did not put where they are ----------------------------------------------------

    def _in_net(self, channel: ChannelFacts, queue: str, at: datetime) -> None:
        """A caller stood in app_queue *at* that moment: ours to pull when an agent is free."""
        known = self._core.call(channel.call_id) if channel.call_id else None
        if channel.call_id is None or known is None or queue not in self._core.queues:
            return
        if known.state is CallState.ENDED:
            return  # what came together with this showed its end
        call = self._core.line.get(channel.call_id)
        if call is None:
            call = self._found(channel.call_id, queue, channel, self._core.age(channel.call_id))
        self._core.line.rechannel(call, channel.uniqueid, channel.name)
        if self._offers.made_since(call, at):
            return  # it was fetched from there and asked anew, before we came to hear of this
        if self._offers.abandon(call):
            # The dialplan refused our answer (the term was another by then): the net may try first.
            self._pulls.back_off(call)
        call.from_net = True
        self._core.line.move(call, Place.NET)
        self._core.rematch = True

    def _found(self, call_id: UUID, queue: str, channel: ChannelFacts, age: float) -> LiveCall:
        now = self._core.clock.monotonic()
        call = LiveCall(
            id=call_id,
            queue=queue,
            uniqueid=channel.uniqueid,
            channel=channel.name,
            since=now - age,
            heard_at=now,
        )
        self._core.line.add(call)
        return call

    def _rebuild(self, snapshot: Snapshot) -> None:
        """Take the line as the switch has it: callers in the net, callers at music, nobody else.

        Agents in a call are told from all that is up: a call that was stored as it still is makes no news.
        """
        for call in tuple(self._core.live_calls()):
            self.seats.follow(call)
            self._offers.follow(call)
            self._identification.called(call)
        rows = {row.channel.uniqueid: row for row in snapshot.channels}
        for queue, uniqueid in snapshot.waiting:
            row = rows.get(uniqueid)
            if row is not None and self._unplaced(row.channel.call_id):
                self._in_net(row.channel, queue, snapshot.at)
        for row in snapshot.channels:
            if row.channel.context == WAIT:
                self._at_music(row)
        for live in self._core.line.all():
            known = self._core.call(live.id)
            if known is None or known.state is CallState.ENDED:
                self._gone(live.id)
        self._core.rematch = True

    def _unplaced(self, call_id: UUID | None) -> bool:
        """Whether the snapshot knows better: not for a call that asks, is pulled or offered right now."""
        live = self._core.line.get(call_id) if call_id else None
        if live is None:
            return True
        return live.place is Place.DIALPLAN and self._core.reservations.of_call(live.id) is None

    def _at_music(self, row: LiveChannel) -> None:
        """A caller whom the leader before us told to wait: no need to wait for the next ask."""
        call_id = row.channel.call_id
        known = self._core.call(call_id) if call_id else None
        if known is None or known.queue not in self._core.queues or self._core.line.get(known.id):
            return
        # The row counts whole seconds, which would let a caller pass one of the same second.
        call = self._found(known.id, known.queue or "", row.channel, self._core.age(known.id))
        call.owner, call.has_card = known.owner, known.customer_id is not None
        call.identified = call.has_card
        self._core.line.move(call, Place.WAITING)
