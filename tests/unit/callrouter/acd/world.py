"""A small PBX for the dispatcher: plays the dialplan (asks, dials, waits) and tells what AMI would tell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID, uuid4

from msgspec.structs import replace as as_now

from callrouter.acd.ask import Answer, parse_ask
from callrouter.acd.behind import WorkBehind
from callrouter.acd.core import Core, Limits
from callrouter.acd.dispatcher import Dispatcher
from callrouter.reading.observations import (
    BridgeEntered,
    BridgeLeft,
    ChannelFacts,
    ChannelGone,
    ChannelSeen,
    DeviceSeen,
    DeviceStatus,
    DialBegan,
    DialEnded,
    DialRinging,
    Step,
    StepName,
)
from callrouter.tracking.directory import Directory
from callrouter.tracking.tracker import CallTracker
from crm_core.bus.event import Event
from crm_core.calls.events import CallOffered
from crm_core.calls.model import Call, OfferState
from crm_core.customers.model import CardStatus, Customer, Identity
from crm_core.errors import Unavailable
from crm_core.ids import new_id
from crm_core.people.model import Device, DeviceKind, Person, Role
from crm_core.presence.events import AgentStateChanged
from crm_core.presence.model import AgentState, ChosenState, Presence, after_choice
from crm_core.queues.model import Queue
from crm_core.routing.model import Action
from tests.fakes.clock import FakeClock

TRUNK = "trunk-city"


def person(name: str, *, kind: DeviceKind = DeviceKind.SIP, devices: int = 1) -> Person:
    names = [f"agent-{name}-desk", f"agent-{name}-web"][:devices]
    return Person(
        name=name,
        title=name.title(),
        role=Role.AGENT,
        office="baku",
        team=None,
        extension=str(100 + sum(map(ord, name)) % 800),
        language="en",
        devices=tuple(Device(endpoint=e, agent=name, kind=kind) for e in names),
    )


def queue(name: str, *members: str, **given: object) -> Queue:
    base = Queue(name=name, title=name.title(), extension=None, members=members)
    return replace(base, **given)  # type: ignore[arg-type]


class Outlet:
    """Keeps what was put out; `slow` makes the hand-off take longer than it may."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.offers = 0
        self.slow = False
        self.screens: Callable[[UUID], None] = lambda offer: (
            None
        )  # what they do when they are told of an offer
        self.offers_at_hand_off: list[int] = []

    def put(self, *events: Event) -> None:
        self.events.extend(events)
        offers = [event.offer.id for event in events if isinstance(event, CallOffered)]
        self.offers += len(offers)
        for offer in offers:
            self.screens(offer)

    async def handed(self, seconds: float) -> bool:
        await asyncio.sleep(0)
        self.offers_at_hand_off.append(self.offers)
        return not self.slow

    def states(self, agent: str) -> list[AgentState]:
        """The states shown of *agent*, in order, repeats left out."""
        shown: list[AgentState] = []
        for event in self.events:
            if (
                isinstance(event, AgentStateChanged)
                and event.agent == agent
                and event.state not in shown[-1:]
            ):
                shown.append(event.state)
        return shown


@dataclass
class Callers:
    """The customers' side: identities by number; may be away, or block until let go."""

    known: dict[str, Identity] = field(default_factory=dict)
    away: bool = False
    gate: asyncio.Event | None = None
    owned: list[tuple[UUID, str]] = field(default_factory=list)

    async def identify(self, raw: str, presentation: str, did: str | None) -> Identity:
        if self.gate is not None:
            await self.gate.wait()
        if self.away:
            raise Unavailable
        if not raw:
            return Identity(e164=None)
        known = self.known.get(raw)
        if known is None:
            known = Identity(e164=raw, customer_id=new_id(), title=raw, provisional=True, created=True)
            self.known[raw] = replace(known, created=False)
        return known

    async def own(self, customer_id: UUID, agent: str) -> bool:
        if self.away:
            raise Unavailable
        for raw, identity in self.known.items():
            if identity.customer_id == customer_id:
                if identity.owner is not None:
                    return False
                self.known[raw] = replace(identity, owner=agent)
                self.owned.append((customer_id, agent))
                return True
        return False


@dataclass
class Keeper:
    """Presence rows, guarded as in the database: a row of a later choice stays."""

    clock: FakeClock
    rows: dict[str, Presence] = field(default_factory=dict)
    choices: list[tuple[str, ChosenState, str]] = field(default_factory=list)
    away: bool = False

    async def save(self, presence: Presence) -> None:
        if self.away:
            raise Unavailable
        stored = self.rows.get(presence.agent)
        if stored is None:
            self.rows[presence.agent] = presence
            return
        same = (stored.chosen, stored.reason) == (presence.chosen, presence.reason)
        if same and stored.since <= presence.since:
            self.rows[presence.agent] = replace(presence, since=stored.since)

    async def choose(
        self,
        agent: str,
        chosen: ChosenState,
        reason: str | None,
        *,
        by: str,
        at: datetime | None = None,
        over: datetime | None = None,
    ) -> Presence:
        if self.away:
            raise Unavailable
        before = self.rows.get(agent)
        if before is not None and over is not None and before.since > over:
            return before
        self.choices.append((agent, chosen, by))
        now = at or self.clock.now()
        self.rows[agent] = after_choice(before, agent=agent, chosen=chosen, reason=reason, now=now)
        return self.rows[agent]


@dataclass
class Switch:
    """The actor's link: Redirects wait here until the dialplan of the fake performs them."""

    up: bool = True
    pulls: list[tuple[str, Callable[[], None]]] = field(default_factory=list)
    hung_up: list[str] = field(default_factory=list)

    def pull(self, channel: str, refused: Callable[[], None]) -> bool:
        if self.up:
            self.pulls.append((channel, refused))
        return self.up

    def hang_up(self, channel: str) -> bool:
        if self.up:
            self.hung_up.append(channel)
        return self.up


@dataclass
class Probes:
    """Devices that are asked for a sign of life; `answer` lets one give it."""

    asked: dict[str, Callable[[], None]] = field(default_factory=dict)

    def begin(self, endpoint: str, answered: Callable[[], None]) -> None:
        self.asked[endpoint] = answered

    def end(self, endpoint: str) -> None:
        self.asked.pop(endpoint, None)

    def answer(self, endpoint: str) -> None:
        self.asked[endpoint]()


class Caller:
    """One caller's channel and what the dialplan does with it."""

    def __init__(self, world: World, number: str, queue: str, number_of: int) -> None:
        self.world = world
        self.id = uuid4()
        self.number = number
        self.queue = queue
        self.attempt = 0
        self.answer: Answer | None = None
        self.legs: list[ChannelFacts] = []
        self.alive = True
        self.talking = False
        self.facts = ChannelFacts(
            uniqueid=f"1700000000.{number_of}",
            name=f"PJSIP/{TRUNK}-{number_of:08x}",
            state=4,
            caller_number=number,
            caller_name="",
            context="cc-route",
            exten="s",
            call_id=self.id,
        )

    @property
    def call(self) -> Call:
        call = self.world.tracker.call(self.id)
        assert call is not None
        return call

    @property
    def action(self) -> Action | None:
        return self.answer.decision.action if self.answer else None

    @property
    def agent(self) -> str | None:
        return self.answer.decision.agent if self.answer else None

    async def ask_only(self, reason: str, status: str = "") -> Answer | None:
        """Ask, and do nothing with the answer yet."""
        self.attempt += 1
        offer = str(self.answer.offer.id) if self.answer and self.answer.offer else ""
        args = [str(self.id), "+994125550100", self.queue, str(self.attempt), reason, status]
        args += ["allowed_not_screened", offer, "in", ""]
        asked = parse_ask(
            args, uniqueid=self.facts.uniqueid, channel_name=self.facts.name, caller_raw=self.number
        )
        self.answer = await self.world.dispatcher.ask(asked)
        return self.answer

    async def ask(self, reason: str, status: str = "") -> Answer | None:
        """One pass of cc-route: ask, then do as told."""
        self.talking = False
        answer = await self.ask_only(reason, status)
        if answer is None or not self.alive:
            return answer
        self.world.dispatcher.told(answer)
        if answer.decision.action is Action.DIAL:
            self.dial()
        elif answer.decision.action is Action.WAIT:
            self.step(StepName.WAITING)
        elif answer.decision.action in (Action.VOICEMAIL, Action.HANGUP):
            self.hang_up()
        return answer

    def step(self, step: StepName, **values: str) -> None:
        self.world.see(Step, channel=self.facts, step=step, values=values)

    def dial(self) -> None:
        """DialBegin of every device of the decision, unless the world's AMI is silent."""
        assert self.answer is not None and self.answer.offer is not None
        self.legs = []
        for device in self.answer.decision.dial.split("&"):
            leg = self.world.leg(device.removeprefix("PJSIP/"), self.id, self.answer.offer.id)
            self.legs.append(leg)
            if self.world.dials:
                self.world.see(ChannelSeen, channel=leg)
                self.world.see(DialBegan, source=self.facts, dest=leg)

    def ring(self) -> None:
        for leg in self.legs:
            self.world.see(DialRinging, source=self.facts, dest=as_now(leg, state=5))

    def pick_up(self) -> None:
        """The first device answers."""
        first, *others = self.legs
        self.world.see(DialEnded, source=self.facts, dest=as_now(first, state=6), status="ANSWER")
        for leg in others:
            self.end_leg(leg, "CANCEL")
        for channel in (as_now(self.facts, state=6), as_now(first, state=6)):
            self.world.see(BridgeEntered, channel=channel, bridge=f"b-{self.id}")
        self.legs = [first]
        self.talking = True

    def end_leg(self, leg: ChannelFacts, status: str, cause: int = 19) -> None:
        self.world.see(DialEnded, source=self.facts, dest=leg, status=status)
        self.world.see(ChannelGone, channel=leg, cause=cause)

    async def not_answered(self, status: str = "NOANSWER", *, asked: str = "") -> None:
        """Dial ends without an answer: AMI tells, then the dialplan asks."""
        legs, self.legs = self.legs, []
        for leg in legs:
            self.end_leg(leg, status)
        await self.ask("dialled", asked or status)

    def talk_ends(self) -> None:
        """Both sides leave the bridge and are gone."""
        for leg in self.legs:
            self.world.see(BridgeLeft, channel=leg, bridge=f"b-{self.id}")
        self.hang_up()

    def hang_up(self) -> None:
        """The caller goes; so does what rang for it."""
        self.alive = False
        for leg in self.legs:
            self.end_leg(leg, "CANCEL", 26)
        self.legs = []
        self.world.see(ChannelGone, channel=self.facts, cause=16)


class World:
    """Everything around one dispatcher."""

    def __init__(self, people: list[Person], queues: list[Queue], *, limits: Limits | None = None) -> None:
        self.clock = FakeClock()
        self.outlet = Outlet()
        self.switch = Switch()
        self.probes = Probes()
        self.callers = Callers()
        self.keeper = Keeper(self.clock)
        self.behind = WorkBehind()
        self.people, self.queues, self.limits = people, queues, limits or Limits()
        self.dials = True
        self._channels = 0
        self.calls: dict[str, Caller] = {}
        self.start()

    def start(self) -> None:
        """A router starts: nothing in memory."""
        endpoints = {d.endpoint: p.name for p in self.people for d in p.devices}
        self.tracker = CallTracker(Directory(endpoints=endpoints, trunks=frozenset({TRUNK})), "main")
        self.core = Core(
            clock=self.clock, tracker=self.tracker, outlet=self.outlet, pbx="main", limits=self.limits
        )
        self.dispatcher = Dispatcher(
            self.core,
            switch=self.switch,
            probes=self.probes,
            callers=self.callers,
            keeper=self.keeper,
            behind=self.behind,
        )
        self.dispatcher.configure(self.people, self.queues)
        self.core.seeing = True
        self.dispatcher.term = 1

    def restore(self, *names: str) -> None:
        """Presence rows of before, as the database has them: available."""
        rows = (
            Presence(agent=name, chosen=ChosenState.AVAILABLE, reason=None, since=self.clock.now())
            for name in names
        )
        self.dispatcher.seats.load(tuple(rows))

    def log_in(self, *names: str) -> None:
        for name in names:
            assert self.dispatcher.seats.choose(name, ChosenState.AVAILABLE, reason=None, by="phone")
            self.advance(0.001)  # so that "longest idle" has an order
        self.dispatcher.settle()

    def see(self, kind: type, **values: object) -> None:
        self.dispatcher.observe(kind(at=self.clock.now(), **values))

    def leg(self, endpoint: str, call_id: UUID, offer_id: UUID | None) -> ChannelFacts:
        self._channels += 1
        return ChannelFacts(
            uniqueid=f"1700000001.{self._channels}",
            name=f"PJSIP/{endpoint}-{self._channels:08x}",
            state=0,
            caller_number="",
            caller_name="",
            context="cc-dial",
            exten="s",
            call_id=call_id,
            offer_id=offer_id,
        )

    def caller(self, number: str = "+994501112233", queue: str = "sales") -> Caller:
        self._channels += 1
        made = Caller(self, number, queue, self._channels)
        self.calls[made.facts.name] = made
        return made

    def see_caller(self, caller: Caller) -> None:
        """What AMI tells of an arriving call."""
        self.see(ChannelSeen, channel=caller.facts)
        caller.step(StepName.ARRIVED, did="+994125550100", queue=caller.queue, direction="in")

    async def arrive(self, number: str = "+994501112233", queue: str = "sales") -> Caller:
        """A call comes in and asks."""
        caller = self.caller(number, queue)
        self.see_caller(caller)
        await caller.ask("arrived")
        return caller

    async def redirect(self) -> list[Caller]:
        """Perform the Redirects that were sent: each caller still there asks."""
        pulls, self.switch.pulls = self.switch.pulls, []
        pulled = []
        for channel, refused in pulls:
            caller = self.calls[channel]
            if not caller.alive:
                refused()
                continue
            if caller.talking:
                continue  # Redirects are not seconds late
            for leg in caller.legs:
                caller.end_leg(leg, "CANCEL", 26)  # a Redirect of a ringing call cancels the ringing
            caller.legs = []
            await caller.ask("freed")
            pulled.append(caller)
        return pulled

    def advance(self, seconds: float) -> None:
        """Time passes, deadline after deadline."""
        end = self.clock.monotonic() + seconds
        while (left := end - self.clock.monotonic()) > 1e-9:
            due = self.core.deadlines.next_in()
            self.clock.advance(min(left, max(due, 1e-6)) if due is not None else left)
            self.core.deadlines.run_due()

    def state(self, agent: str) -> AgentState:
        live = self.core.agents.get(agent)
        assert live is not None
        return live.state(self.clock.now())

    def device(
        self, endpoint: str, *, up: bool, registered: bool | None = None, contact: str | None = None
    ) -> None:
        status = DeviceStatus.UP if up else DeviceStatus.DOWN
        self.see(DeviceSeen, endpoint=endpoint, status=status, registered=registered, contact=contact)


def card_of(id: UUID, *, title: str = "Leyla", owner: str | None = None) -> Customer:
    """A card as an event carries it."""
    return Customer(
        id=id,
        title=title,
        status=CardStatus.KEPT,
        owner=owner,
        office="baku",
        contact_points=(),
        created_at=FakeClock().now(),
        updated_at=FakeClock().now(),
    )


def offers(caller: Caller) -> list[tuple[str, OfferState]]:
    """Agent and state of each offer of the call."""
    return [(offer.agent, offer.state) for offer in caller.call.offers]


def codes(caller: Caller) -> list[str]:
    """The trace's codes."""
    return [line.code for line in caller.call.trace]
