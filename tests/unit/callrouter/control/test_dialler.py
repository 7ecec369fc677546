"""A person's own telephone rings and calls; whom nobody calls, and whose telephone cannot ring."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from callrouter.control.dialler import RING_S, Dialler
from callrouter.reading.observations import ChannelFacts, ChannelGone, Step, StepName
from crm_core.bus.memory import MemoryBus
from crm_core.bus.port import Subscription
from crm_core.errors import Unavailable
from crm_core.ids import new_id
from crm_core.office.model import OutgoingEntry
from crm_core.people.dial_events import DialAnswered, DialWanted, NotDialled
from crm_core.people.model import DeviceKind
from tests.unit.callrouter.acd.outgoing import AgentsCall
from tests.unit.callrouter.acd.world import World, person, queue
from tests.unit.crm_core.office.offices import office

pytestmark = pytest.mark.unit

NUMBER, PHONE = "+74955550142", "agent-anna-desk"


@dataclass
class Switch:
    """What it was asked to do; may be away, or say no."""

    asked: list[tuple[str, str, int]] = field(default_factory=list)
    away: bool = False
    says: bool = True

    async def originate(self, endpoint: str, number: str, *, ring_s: int) -> bool:
        if self.away:
            raise Unavailable
        self.asked.append((endpoint, number, ring_s))
        return self.says


class House:
    """Anna with a telephone on her table; her office calls numbers that begin with +7."""

    def __init__(self, kind: DeviceKind = DeviceKind.CONTACT, devices: int = 1) -> None:
        self.world = World([person("anna", kind=kind, devices=devices)], [queue("sales", "anna")])
        self.world.log_in("anna")
        self.switch, self.bus, self.up = Switch(), MemoryBus(), True
        self.dialler = Dialler(self.bus, self.switch, self.world.core, pbx="main", is_up=lambda: self.up)
        base = office()
        outgoing = OutgoingEntry(caller_id="+74955550100", prefixes=("+7",))
        trunks = {"provider": replace(base.trunks["provider"], outgoing=outgoing)}
        self.dialler.configure(replace(base, trunks=trunks))

    def free(self) -> bool:
        return "anna" in self.world.core.agents.free()

    def gone(self, endpoint: str = PHONE, call_id: UUID | None = None) -> None:
        """A channel of hers has ended."""
        name = f"PJSIP/{endpoint}-0000000a"
        facts = ChannelFacts(
            uniqueid="x-1.9",
            name=name,
            state=5,
            caller_number="",
            caller_name="",
            context="",
            exten="",
            call_id=call_id,
        )
        self.dialler.observe(ChannelGone(at=self.world.clock.now(), channel=facts, cause=17))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Subscription]:
        """What is answered on the bus, while the dialler runs."""
        answers = await self.bus.subscribe(DialAnswered, name="test")
        await self.dialler.subscribe()
        task = asyncio.create_task(self.dialler.run(), name="dialler")
        try:
            yield answers
        finally:
            await self.dialler.close()
            task.cancel()
            await asyncio.wait({task})
            await self.bus.close()

    def wish(self, **values: object) -> DialWanted:
        base = {"at": self.world.clock.now(), "pbx": "main", "wish": new_id(), "person": "anna"}
        return DialWanted(**{**base, "number": NUMBER, **values})  # type: ignore[arg-type]


async def test_her_telephone_rings_and_she_gets_no_offers_until_she_has_called() -> None:
    house = House()
    assert house.free()
    assert await house.dialler.carry_out("anna", NUMBER) is None
    assert house.switch.asked == [(PHONE, NUMBER, RING_S)]
    assert not house.free()
    call = AgentsCall(house.world, "anna")
    call.arrive()
    house.dialler.observe(
        Step(
            at=house.world.clock.now(),
            channel=call.own,
            step=StepName.ARRIVED,
            values={"direction": "out", "fromagent": "anna"},
        )
    )
    assert not house.free(), "she calls"
    call.is_busy()
    assert house.free()


@pytest.mark.parametrize("how", ["gone", "time"])
async def test_what_is_not_picked_up_keeps_her_no_longer(how: str) -> None:
    house = House()
    await house.dialler.carry_out("anna", NUMBER)
    house.gone("agent-anna-other")
    house.gone(call_id=new_id())
    assert not house.free(), "another telephone, or another call"
    if how == "gone":
        house.gone()
    else:
        house.world.advance(RING_S + 3)
    assert house.free()


@pytest.mark.parametrize(
    "number", ["+15555550142", "74955550142", "+74955550100", "+7", "101", "+7495x550142", ""]
)
async def test_only_numbers_that_the_office_calls_are_called(number: str) -> None:
    house = House()
    assert await house.dialler.carry_out("anna", number) is NotDialled.NOT_CALLED
    assert house.switch.asked == [] and house.free()


async def test_whose_telephone_cannot_ring() -> None:
    assert await House().dialler.carry_out("nobody", NUMBER) is NotDialled.NO_PHONE
    assert await House(DeviceKind.BROWSER).dialler.carry_out("anna", NUMBER) is NotDialled.NO_PHONE
    house = House(DeviceKind.SIP)
    house.world.device(PHONE, up=False, registered=False)
    assert await house.dialler.carry_out("anna", NUMBER) is NotDialled.AWAY
    assert house.switch.asked == []


async def test_the_first_telephone_that_can_be_reached_rings() -> None:
    house = House(DeviceKind.SIP, devices=2)
    house.world.device(PHONE, up=False)
    assert await house.dialler.carry_out("anna", NUMBER) is None
    assert house.switch.asked == [("agent-anna-web", NUMBER, RING_S)]


async def test_who_rings_or_talks_is_busy_and_nothing_rings_twice() -> None:
    house = House()
    AgentsCall(house.world, "anna").dial()
    assert await house.dialler.carry_out("anna", NUMBER) is NotDialled.BUSY
    again = House()
    assert await again.dialler.carry_out("anna", NUMBER) is None
    assert await again.dialler.carry_out("anna", NUMBER) is NotDialled.BUSY
    assert len(again.switch.asked) == 1


@pytest.mark.parametrize("away", [True, False])
async def test_a_switch_that_is_away_or_says_no_keeps_nobody(away: bool) -> None:
    house = House()
    house.switch.away, house.switch.says = away, False
    assert await house.dialler.carry_out("anna", NUMBER) is NotDialled.SWITCH
    assert house.free()


async def test_a_wish_is_carried_out_once_and_answered() -> None:
    house = House()
    async with house.running() as answers:
        wish = house.wish()
        await house.bus.publish(wish, wish)
        refused = house.wish(number="+15555550142")
        await house.bus.publish(refused)
        async with asyncio.timeout(5):
            found = [await anext(aiter(answers)) for _ in range(2)]
    assert [(one.wish, one.why) for one in found if isinstance(one, DialAnswered)] == [
        (wish.wish, None),
        (refused.wish, NotDialled.NOT_CALLED),
    ]
    assert len(house.switch.asked) == 1


async def test_a_router_that_is_not_logged_in_leaves_the_answer_to_another() -> None:
    house = House()
    house.up = False
    async with house.running() as answers:
        await house.bus.publish(house.wish())
        await settled()
        house.up = True
        last = house.wish()
        await house.bus.publish(last)
        async with asyncio.timeout(5):
            answer = await anext(aiter(answers))
    assert isinstance(answer, DialAnswered) and answer.wish == last.wish


async def settled() -> None:
    """Everything that was published is heard."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_old_wishes_and_those_of_another_pbx_are_passed_over() -> None:
    house = House()
    async with house.running() as answers:
        await house.bus.publish(house.wish(at=house.world.clock.now() - timedelta(seconds=6)))
        await house.bus.publish(house.wish(pbx="other"))
        last = house.wish()
        await house.bus.publish(last)
        async with asyncio.timeout(5):
            answer = await anext(aiter(answers))
    assert isinstance(answer, DialAnswered) and answer.wish == last.wish
    assert len(house.switch.asked) == 1
