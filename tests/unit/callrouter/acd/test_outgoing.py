"""Agents' own calls: the card behind them, no offers beside them, wrap-up after those that were answered."""

from __future__ import annotations

from datetime import timedelta

import pytest

from callrouter.reading.observations import LiveChannel, Snapshot
from crm_core.calls.events import CallIdentified
from crm_core.calls.model import CallState, Direction, Outcome
from crm_core.customers.model import Identity
from crm_core.ids import new_id
from crm_core.presence.model import AgentState, ChosenState
from tests.unit.callrouter.acd.outgoing import CUSTOMER, AgentsCall
from tests.unit.callrouter.acd.world import World, person, queue

pytestmark = pytest.mark.unit

CARD = new_id()


@pytest.fixture
def world() -> World:
    made = World([person("anna"), person("boris")], [queue("sales", "anna", wrap_up_s=10)])
    made.callers.known[CUSTOMER] = Identity(e164=CUSTOMER, customer_id=CARD, title="Leyla", owner="boris")
    made.log_in("anna")
    return made


def codes(call: AgentsCall) -> list[str]:
    return [line.code for line in call.call.trace]


async def test_the_card_is_looked_up_behind_the_call(world: World) -> None:
    call = AgentsCall(world, "anna")
    call.dial()
    assert (call.call.state, call.call.agent, call.call.customer_id) == (CallState.OFFERED, "anna", None)
    assert await world.behind.pass_once() == 0
    known = call.call
    assert (known.customer_id, known.customer_title, known.owner) == (CARD, "Leyla", "boris")
    assert known.customer_number == CUSTOMER and known.from_number != CUSTOMER
    assert codes(call) == ["called", "identified_customer"]
    assert any(isinstance(event, CallIdentified) for event in world.outlet.events)


async def test_with_the_database_away_the_call_goes_on_and_gets_its_card_later(world: World) -> None:
    world.callers.away = True
    call = AgentsCall(world, "anna")
    call.dial()
    assert await world.behind.pass_once() == 1
    call.pick_up()
    assert (call.call.state, call.call.customer_id) == (CallState.TALKING, None)
    world.callers.away = False
    assert await world.behind.pass_once() == 0
    assert call.call.customer_id == CARD


async def test_a_number_nobody_has_gets_a_card_and_who_talks_first_owns_it(world: World) -> None:
    number = "+994501119999"
    call = AgentsCall(world, "anna", number)
    call.dial()
    await world.behind.pass_once()
    assert codes(call) == ["called", "identified_new"]
    assert call.call.owner is None
    call.pick_up()
    await world.behind.pass_once()
    assert call.call.owner == "anna"
    assert world.callers.owned == [(call.call.customer_id, "anna")]


async def test_who_was_not_reached_is_nobodys(world: World) -> None:
    call = AgentsCall(world, "anna", "+994501119999")
    call.dial()
    await world.behind.pass_once()
    call.is_busy()
    await world.behind.pass_once()
    assert (call.call.outcome, world.callers.owned) == (Outcome.FAILED, [])


async def test_a_finished_call_that_nobody_looked_up_gets_its_card_too(world: World) -> None:
    call = AgentsCall(world, "anna")
    call.dial()
    call.pick_up()
    call.talk_ends()
    over = call.call
    world.start()  # another router, to which the journal owes it
    world.dispatcher.settled(over)
    await world.behind.pass_once()
    told = [event.call for event in world.outlet.events if isinstance(event, CallIdentified)][-1]
    assert (told.id, told.customer_id, told.from_number) == (over.id, CARD, over.from_number)


async def test_who_calls_is_busy_from_the_first_ring_on(world: World) -> None:
    call = AgentsCall(world, "anna")
    call.arrive()
    assert world.state("anna") is AgentState.TALKING
    assert "anna" not in world.core.agents.free()
    caller = await world.arrive("+994501110000")
    assert caller.agent is None


async def test_wrap_up_follows_an_answered_call_only(world: World) -> None:
    call = AgentsCall(world, "anna")
    call.dial()
    world.advance(30)
    call.is_busy()
    assert world.state("anna") is AgentState.AVAILABLE
    call = AgentsCall(world, "anna")
    call.dial()
    call.pick_up()
    world.advance(5)
    call.talk_ends()
    assert world.state("anna") is AgentState.WRAP_UP
    world.advance(11)
    assert world.state("anna") is AgentState.AVAILABLE


@pytest.mark.parametrize("chosen", [ChosenState.BREAK, ChosenState.OFFLINE])
async def test_a_call_from_a_break_changes_nothing_that_was_chosen(world: World, chosen: ChosenState) -> None:
    reason = "rest" if chosen is ChosenState.BREAK else None
    assert world.dispatcher.seats.choose("anna", chosen, reason=reason, by="anna")
    call = AgentsCall(world, "anna")
    call.dial()
    call.pick_up()
    assert world.state("anna") is AgentState.TALKING
    call.talk_ends()
    live = world.core.agents.get("anna")
    assert live is not None and live.presence.chosen is chosen
    assert world.state("anna").value == chosen.value


async def test_a_router_that_was_away_looks_up_what_it_finds(world: World) -> None:
    call = AgentsCall(world, "anna")
    rows = tuple(
        LiveChannel(channel=one, bridge="b-1", application=app, seconds=4)
        for one, app in ((call.own, "Dial"), (call.customers, "AppDial"))
    )
    world.see(Snapshot, channels=rows)
    assert (call.call.direction, call.call.state) == (Direction.OUT, CallState.TALKING)
    await world.behind.pass_once()
    assert call.call.customer_id == CARD
    assert call.call.started_at <= world.clock.now() - timedelta(seconds=4)
