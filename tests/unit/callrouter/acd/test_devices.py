"""Devices that are called and do not ring: counted out, said so, and back with their first sign of life."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from callrouter.reading.observations import DeviceSeen, DeviceStatus, DialRinging
from crm_core.calls.model import OfferState
from crm_core.people.model import DeviceKind
from crm_core.presence.events import AgentStateChanged
from crm_core.presence.model import AgentState, Unreachable
from crm_core.routing.model import Action
from tests.unit.callrouter.acd.world import Caller, World, offers, person, queue

pytestmark = pytest.mark.unit

DESK, WEB = "agent-anna-desk", "agent-anna-web"
RINGS_WITHIN = 3.0
OUT = 60.0


@pytest.fixture
def world() -> World:
    world = World([person("anna")], [queue("solo", "anna")])
    world.log_in("anna")
    return world


async def silent(world: World) -> Caller:
    """A caller whose offer made nothing ring; waits then."""
    caller = await world.arrive(queue="solo")
    assert caller.action is Action.DIAL
    await goes_unheard(world, caller)
    return caller


async def goes_unheard(world: World, caller: Caller) -> None:
    world.advance(RINGS_WITHIN + 0.1)
    assert offers(caller)[-1] == ("anna", OfferState.UNREACHABLE)
    await caller.not_answered("CANCEL", asked="NOANSWER")
    assert caller.action is Action.WAIT
    world.advance(0.1)  # the caller has reached the music: may be fetched


def said(world: World) -> tuple[AgentState, Unreachable | None, datetime | None]:
    """What was last told of anna."""
    last = next(e for e in reversed(world.outlet.events) if isinstance(e, AgentStateChanged))
    return last.state, last.unreachable, last.unreachable_until


def counted_out(world: World) -> bool:
    return said(world)[1] is Unreachable.DID_NOT_RING


async def test_an_agent_whose_phone_did_not_ring_is_said_to_be_out_of_reach_and_until_when(
    world: World,
) -> None:
    assert said(world) == (AgentState.AVAILABLE, None, None)
    dialled_at = world.clock.now()
    await silent(world)
    until = dialled_at + timedelta(seconds=RINGS_WITHIN + OUT)
    assert said(world) == (AgentState.AVAILABLE, Unreachable.DID_NOT_RING, until)
    world.advance(OUT - 1)
    assert counted_out(world)
    world.advance(1)
    assert said(world) == (AgentState.AVAILABLE, None, None)
    assert world.probes.asked == {}, "asked no more"


async def test_one_that_answers_gets_the_waiting_caller_at_once(world: World) -> None:
    caller = await silent(world)
    world.probes.answer(DESK)
    world.advance(0.01)
    assert not counted_out(world) and world.probes.asked == {}
    assert await world.redirect() == [caller]
    assert (caller.action, caller.agent) == (Action.DIAL, "anna")


async def test_an_answer_is_believed_once_until_it_rings(world: World) -> None:
    caller = await silent(world)
    world.probes.answer(DESK)
    world.advance(0.01)
    await world.redirect()
    await goes_unheard(world, caller)
    assert counted_out(world)
    assert world.probes.asked == {}, "it answers, and does not ring: no proof any more"
    world.advance(OUT)
    await caller.ask("waiting")
    assert caller.action is Action.DIAL
    caller.ring()
    await caller.not_answered()
    caller.hang_up()
    await silent(world)
    assert list(world.probes.asked) == [DESK], "it has rung in between"


async def test_one_that_registers_is_back_and_believed_anew(world: World) -> None:
    caller = await silent(world)
    world.device(DESK, up=True, registered=True)
    assert not counted_out(world) and world.probes.asked == {}
    assert await world.redirect() == [caller]
    await goes_unheard(world, caller)
    assert list(world.probes.asked) == [DESK]


async def test_one_that_is_lost_meanwhile_is_back_when_it_is_there_again(world: World) -> None:
    world.device(DESK, up=True)
    await silent(world)
    world.device(DESK, up=False)
    assert said(world) == (AgentState.AVAILABLE, Unreachable.NO_PHONE, None)
    world.device(DESK, up=True)
    assert said(world) == (AgentState.AVAILABLE, None, None)


async def test_one_that_rings_late_is_back(world: World) -> None:
    caller = await world.arrive(queue="solo")
    (leg,) = caller.legs
    world.advance(RINGS_WITHIN)
    assert counted_out(world)
    world.see(DialRinging, source=caller.facts, dest=leg)
    assert not counted_out(world)


@pytest.mark.parametrize(("in_use", "out"), [(False, True), (True, False)])
async def test_a_list_of_what_is_registered_proves_nothing_but_a_talk_does(
    world: World, in_use: bool, out: bool
) -> None:
    world.device(DESK, up=True)
    await silent(world)
    world.see(DeviceSeen, endpoint=DESK, status=DeviceStatus.UP, in_use=in_use)
    assert counted_out(world) is out


async def test_an_agent_with_another_phone_is_within_reach() -> None:
    world = World([person("anna", devices=2)], [queue("solo", "anna")])
    world.log_in("anna")
    caller = await world.arrive(queue="solo")
    _desk, web = caller.legs
    world.see(DialRinging, source=caller.facts, dest=web)
    await caller.not_answered()
    assert said(world)[1] is None, "one of them rang"
    world.device(WEB, up=False)
    assert said(world)[1] is None
    world.device(DESK, up=False)
    assert said(world)[1:] == (Unreachable.NO_PHONE, None)


async def test_a_fixed_contact_is_not_asked() -> None:
    world = World([person("anna", kind=DeviceKind.CONTACT)], [queue("solo", "anna")])
    world.log_in("anna")
    caller = await silent(world)
    assert counted_out(world) and world.probes.asked == {}
    for seconds in (20, 40, OUT, OUT):  # another try is all there is: soon, then ever more seldom
        world.advance(seconds - 0.3)
        assert counted_out(world)
        world.advance(0.3)
        await caller.ask("waiting")
        await goes_unheard(world, caller)
    world.advance(OUT)
    await caller.ask("waiting")
    caller.ring()
    await caller.not_answered()
    caller.hang_up()
    await silent(world)
    world.advance(20)
    assert not counted_out(world), "it has rung in between"


async def test_one_that_the_office_took_away_is_asked_no_more(world: World) -> None:
    await silent(world)
    world.dispatcher.configure([person("boris")], [queue("solo", "boris")])
    world.probes.answer(DESK)
    world.advance(0.01)
    assert world.probes.asked == {}
