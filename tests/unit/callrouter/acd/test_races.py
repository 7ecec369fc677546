"""Races, faults and fairness: what happens between two steps of a call."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest
from msgspec.structs import replace as as_now

from callrouter.acd.line import Place
from callrouter.reading.observations import (
    ChannelFacts,
    ChannelGone,
    DialBegan,
    LiveChannel,
    QueueJoined,
    Snapshot,
)
from callrouter.tracking.channel import endpoint_of
from crm_core.calls.model import OfferState
from crm_core.customers.model import Identity
from crm_core.ids import new_id
from crm_core.people.model import DeviceKind
from crm_core.presence.events import AgentStateChanged, AgentStateChosen
from crm_core.presence.model import AgentState, ChosenState, Presence
from crm_core.routing.model import Action
from tests.unit.callrouter.acd.world import Caller, World, card_of, codes, offers, person, queue

pytestmark = pytest.mark.unit


@pytest.fixture
def world() -> World:
    made = World(
        [person("anna"), person("boris"), person("clara")],
        [queue("sales", "anna", "boris"), queue("service", "boris", "clara"), queue("solo", "anna")],
    )
    made.log_in("anna", "boris")
    return made


async def busy(world: World, count: int = 2, queue: str = "sales") -> list[Caller]:
    """Callers who talk, so that everybody is busy."""
    talking = []
    for number in range(count):
        caller = await world.arrive(f"+9945000000{number:02}", queue)
        caller.pick_up()
        talking.append(caller)
    return talking


# -- two calls, one agent ---------------------------------------------------------------------------


async def test_two_calls_at_once_never_get_the_same_agent(world: World) -> None:
    world.callers.gate = asyncio.Event()
    asks = [asyncio.create_task(world.arrive(f"+99450111000{n}", "solo")) for n in range(2)]
    await asyncio.sleep(0)
    world.callers.gate.set()
    one, two = await asyncio.gather(*asks)
    assert sorted(str(c.action) for c in (one, two)) == ["dial", "wait"]


async def test_an_agent_freed_while_an_ask_runs_goes_to_that_ask(world: World) -> None:
    world.dispatcher.seats.choose("anna", ChosenState.BREAK, reason="lunch", by="phone")
    world.callers.gate = asyncio.Event()
    asking = asyncio.create_task(world.arrive(queue="solo"))
    await asyncio.sleep(0)
    world.log_in("anna")
    assert world.switch.pulls == [], "who asks is not pulled"
    world.callers.gate.set()
    assert (await asking).agent == "anna"


async def test_rows_written_late_do_not_undo_what_happened_since(world: World) -> None:
    caller = await world.arrive()
    caller.pick_up()
    world.advance(30)
    await world.behind.pass_once()  # the row of her choice is younger than the choice
    caller.talk_ends()
    await world.behind.pass_once()
    assert world.keeper.rows["anna"].wrap_up_until is not None
    row = world.keeper.rows["anna"]
    world.dispatcher.seats.chosen(AgentStateChosen(presence=row, by="anna"))
    assert world.state("anna") is AgentState.WRAP_UP, "our own choice, come back to us"


async def test_an_agent_freed_while_wait_is_being_told_is_fetched_right_after(world: World) -> None:
    talking = await busy(world, 1, "solo")
    caller = world.caller(queue="solo")
    asked = caller.ask("arrived")
    await asked
    assert caller.action is Action.WAIT
    talking[0].talk_ends()
    world.log_in("anna")
    assert world.switch.pulls == [], "the dialplan has not reached its music yet"
    world.advance(0.06)
    assert len(world.switch.pulls) == 1


# -- the caller hangs up ---------------------------------------------------------------------------


async def test_a_caller_who_hangs_up_while_being_pulled_frees_the_agent(world: World) -> None:
    talking = await busy(world, 1, "solo")
    caller = await world.arrive(queue="solo")
    world.advance(1)
    talking[0].talk_ends()
    world.log_in("anna")
    assert len(world.switch.pulls) == 1
    caller.hang_up()
    assert await world.redirect() == []
    assert len(world.core.reservations) == 0
    assert (await world.arrive(queue="solo")).agent == "anna"


async def test_a_caller_who_hangs_up_while_identified_gets_no_offer(world: World) -> None:
    world.callers.gate = asyncio.Event()
    caller = world.caller()
    world.see_caller(caller)
    asking = asyncio.create_task(caller.ask("arrived"))
    await asyncio.sleep(0)
    caller.hang_up()
    world.callers.gate.set()
    assert await asking is None
    assert len(world.core.reservations) == 0
    assert caller.call.offers == ()


async def test_a_caller_who_hangs_up_while_ringing_withdraws_without_a_miss(world: World) -> None:
    caller = await world.arrive()
    caller.ring()
    caller.hang_up()
    assert offers(caller) == [("anna", OfferState.WITHDRAWN)]
    anna = world.core.agents.get("anna")
    assert anna is not None and anna.presence.misses == 0 and not anna.reserved
    assert world.state("anna") is AgentState.AVAILABLE


async def test_an_answer_that_does_not_arrive_frees_the_agent(world: World) -> None:
    caller = world.caller()
    world.see_caller(caller)
    answer = await caller.ask_only("arrived")
    assert answer is not None and answer.offer is not None
    world.dispatcher.lost(answer)
    assert len(world.core.reservations) == 0
    again = await caller.ask("arrived")
    assert again is not None and again.decision.agent == "anna", "she was never really offered the call"


async def test_an_ask_that_is_cancelled_frees_the_agent(world: World) -> None:
    caller = world.caller()
    world.see_caller(caller)
    asking = asyncio.create_task(caller.ask_only("arrived"))
    await asyncio.sleep(0)
    assert len(world.core.reservations) == 1, "reserved before the hand-off"
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert len(world.core.reservations) == 0


async def test_a_late_answer_is_not_given(world: World) -> None:
    caller = world.caller()
    world.see_caller(caller)
    asking = asyncio.create_task(caller.ask_only("arrived"))
    await asyncio.sleep(0)
    world.clock.advance(0.31)
    assert await asking is None
    assert len(world.core.reservations) == 0


# -- the agent ---------------------------------------------------------------------------------------


async def test_a_break_during_an_offer_lets_it_ring_and_counts_afterwards(world: World) -> None:
    caller = await world.arrive()
    caller.ring()
    world.dispatcher.seats.choose("anna", ChosenState.BREAK, reason="tea", by="phone")
    assert world.state("anna") is AgentState.RINGING
    caller.pick_up()
    caller.talk_ends()
    assert world.state("anna") is AgentState.BREAK


async def test_a_break_while_a_caller_is_pulled_sends_the_caller_back_to_waiting(world: World) -> None:
    talking = await busy(world, 1, "solo")
    caller = await world.arrive(queue="solo")
    world.advance(1)
    talking[0].talk_ends()
    world.log_in("anna")
    world.dispatcher.seats.choose("anna", ChosenState.BREAK, reason="tea", by="phone")
    await world.redirect()
    assert caller.action is Action.WAIT
    assert len(world.core.reservations) == 0


async def test_a_device_that_does_not_ring_is_out_and_nothing_is_missed(world: World) -> None:
    caller = await world.arrive()
    world.advance(3.1)
    assert world.switch.hung_up == [caller.legs[0].name], "the dialled leg, never the caller"
    assert offers(caller) == [("anna", OfferState.UNREACHABLE)]
    await caller.not_answered("CANCEL", asked="NOANSWER")
    assert caller.agent == "boris"
    anna = world.core.agents.get("anna")
    assert anna is not None and anna.presence.misses == 0 and not anna.reachable
    world.device("agent-anna-desk", up=True, registered=True)
    assert anna.reachable


async def test_a_phone_that_comes_back_is_offered_what_did_not_reach_it() -> None:
    world = World([person("anna")], [queue("solo", "anna")])
    world.log_in("anna")
    caller = await world.arrive(queue="solo")
    caller.ring()
    await caller.not_answered("CONGESTION")  # its page was loaded anew while it rang
    assert caller.action is Action.WAIT
    world.advance(1)
    assert await world.redirect() == [], "nobody is there yet"
    world.device("agent-anna-desk", up=True, registered=True)
    assert await world.redirect() == [caller]
    assert caller.agent == "anna"
    caller.ring()
    await caller.not_answered()
    world.advance(1)
    world.device("agent-anna-desk", up=True, registered=True)
    assert await world.redirect() == [], "what rang and was not answered is not offered again"


async def test_a_device_that_says_nothing_gets_another_try(world: World) -> None:
    await world.arrive()
    world.advance(3.1)
    anna = world.core.agents.get("anna")
    assert anna is not None and not anna.reachable
    world.advance(61)
    assert anna.reachable


async def test_one_device_of_two_that_rings_is_enough() -> None:
    world = World([person("anna", devices=2)], [queue("solo", "anna")])
    world.log_in("anna")
    caller = await world.arrive(queue="solo")
    assert caller.answer is not None
    assert caller.answer.decision.dial == "PJSIP/agent-anna-desk&PJSIP/agent-anna-web"
    caller.legs, both = caller.legs[:1], caller.legs
    caller.ring()
    caller.legs = both
    world.advance(3.1)
    assert world.switch.hung_up == []
    assert world.state("anna") is AgentState.RINGING


async def test_an_offer_never_dialled_is_withdrawn_within_a_second(world: World) -> None:
    world.dials = False
    caller = await world.arrive()
    world.advance(1.1)
    assert offers(caller) == [("anna", OfferState.WITHDRAWN)]
    assert len(world.core.reservations) == 0


async def test_blind_to_ami_an_agent_is_kept_until_the_phone_is_surely_silent(world: World) -> None:
    world.core.seeing = False
    world.dials = False
    await world.arrive()
    world.advance(22)
    assert len(world.core.reservations) == 1
    world.advance(3)
    assert len(world.core.reservations) == 0


async def test_logging_a_phone_in_and_out_moves_the_agent(world: World) -> None:
    assert world.state("clara") is AgentState.OFFLINE
    world.device("agent-clara-desk", up=True, registered=True)
    assert world.state("clara") is AgentState.AVAILABLE
    world.device("agent-clara-desk", up=False, registered=False)
    world.advance(2)
    world.device("agent-clara-desk", up=True, registered=True)
    world.advance(10)
    assert world.state("clara") is AgentState.AVAILABLE, "a phone that registers anew is not gone"
    world.dispatcher.seats.choose("clara", ChosenState.BREAK, reason="tea", by="phone")
    world.device("agent-clara-desk", up=False, registered=False)
    world.advance(6)
    assert world.state("clara") is AgentState.OFFLINE
    world.device("agent-clara-desk", up=True, registered=True)
    assert world.state("clara") is AgentState.BREAK, "the phone is back, the break is not over"


async def test_states_are_said_again_to_who_has_not_heard_them(world: World) -> None:
    def said() -> dict[str, AgentStateChanged]:
        world.outlet.events, events = [], world.outlet.events
        return {event.agent: event for event in events if isinstance(event, AgentStateChanged)}

    first = said()["anna"]
    assert (first.state, first.devices_up) == (AgentState.AVAILABLE, None)
    world.advance(30)
    assert "anna" not in said(), "nothing has changed"
    world.dispatcher.configure(world.people, world.queues)  # an office is applied: screens begin anew
    world.dispatcher.settle()
    again = said()
    assert again.keys() == {person.name for person in world.people}
    assert (again["anna"].state, again["anna"].since) == (first.state, first.since)
    world.advance(61)  # a web that was started apart has everybody within a minute
    assert said().keys() == again.keys()


async def test_a_phone_that_comes_back_from_another_address_is_not_gone(world: World) -> None:
    old, new = "sip:clara@127.0.0.3:5062", "sip:clara@127.0.0.3:5064"
    world.device("agent-clara-desk", up=True, registered=True, contact=old)
    world.device("agent-clara-desk", up=True, registered=True, contact=new)
    world.device("agent-clara-desk", up=False, registered=False, contact=old)  # taken away last
    clara = world.core.agents.get("clara")
    assert clara is not None and clara.reachable
    world.advance(10)
    assert world.state("clara") is AgentState.AVAILABLE
    world.device("agent-clara-desk", up=False, registered=False, contact=new)
    world.advance(6)
    assert world.state("clara") is AgentState.OFFLINE


async def test_a_fixed_contact_says_nothing_of_its_agents_wish_to_work() -> None:
    world = World([person("anna", kind=DeviceKind.CONTACT)], [queue("solo", "anna")])
    world.device("agent-anna-desk", up=True, registered=True)
    assert world.state("anna") is AgentState.OFFLINE


async def test_a_choice_made_elsewhere_is_taken_once(world: World) -> None:
    world.advance(5)
    row = Presence(agent="anna", chosen=ChosenState.BREAK, reason="tea", since=world.clock.now())
    world.dispatcher.seats.chosen(AgentStateChosen(presence=row, by="api"))
    assert world.state("anna") is AgentState.BREAK
    world.advance(5)
    world.log_in("anna")
    world.dispatcher.seats.chosen(AgentStateChosen(presence=row, by="api"))
    assert world.state("anna") is AgentState.AVAILABLE, "an older choice does not come back"


async def by_api(world: World, name: str, chosen: ChosenState, reason: str | None = None) -> AgentStateChosen:
    """A choice made in the web: a row now, at the router a little later."""
    row = await world.keeper.choose(name, chosen, reason, by=name)
    return AgentStateChosen(presence=row, by=name)


async def test_a_choice_just_before_the_phone_registers_stands(world: World) -> None:
    world.advance(5)
    news = await by_api(world, "clara", ChosenState.BREAK, "tea")
    world.advance(0.02)
    world.device("agent-clara-desk", up=True, registered=True)  # the router has not heard of the break
    world.advance(0.02)
    world.dispatcher.seats.chosen(news)
    world.dispatcher.settle()
    await world.behind.pass_once()
    assert world.state("clara") is AgentState.BREAK
    assert world.keeper.rows["clara"].chosen is ChosenState.BREAK


async def test_a_choice_just_after_the_phone_registered_stands(world: World) -> None:
    world.device("agent-clara-desk", up=True, registered=True)
    world.advance(0.02)
    news = await by_api(world, "clara", ChosenState.BREAK, "tea")
    await world.behind.pass_once()  # what the registration chose is written after that
    world.dispatcher.seats.chosen(news)
    world.dispatcher.settle()
    await world.behind.pass_once()
    assert world.state("clara") is AgentState.BREAK
    assert world.keeper.rows["clara"].chosen is ChosenState.BREAK


async def test_a_code_dialled_just_after_the_phone_registered_stands(world: World) -> None:
    world.device("agent-clara-desk", up=True, registered=True)
    writing = world.behind.pass_once()
    world.advance(0.02)
    world.dispatcher.seats.choose("clara", ChosenState.BREAK, reason="tea", by="clara")
    world.dispatcher.settle()
    await writing
    await world.behind.pass_once()
    assert world.state("clara") is AgentState.BREAK
    assert world.keeper.rows["clara"].chosen is ChosenState.BREAK


async def test_what_a_phone_chose_is_a_row_like_any_other_once_it_is_written(world: World) -> None:
    world.device("agent-clara-desk", up=True, registered=True)
    await world.behind.pass_once()
    old = replace(world.keeper.rows["clara"], chosen=ChosenState.OFFLINE)
    world.device("agent-clara-desk", up=False, registered=False)
    world.advance(6)
    await world.behind.pass_once()
    assert world.keeper.rows["clara"].chosen is ChosenState.OFFLINE
    world.device("agent-clara-desk", up=True, registered=True)
    await world.behind.pass_once()
    world.dispatcher.seats.chosen(AgentStateChosen(presence=old, by="api"))
    assert world.state("clara") is AgentState.AVAILABLE, "an older choice does not come back"


# -- fairness ----------------------------------------------------------------------------------------


async def test_the_oldest_waiting_call_over_all_queues_gets_the_shared_agent(world: World) -> None:
    await busy(world, 2)
    older = await world.arrive("+994501110001", "service")
    world.advance(1)
    await world.arrive("+994501110002", "sales")
    world.advance(1)
    boris = next(c for c in world.calls.values() if c.agent == "boris")
    boris.talk_ends()
    world.advance(20.1)
    assert [channel for channel, _ in world.switch.pulls] == [older.facts.name]


async def test_a_newcomer_does_not_overtake_when_the_actor_is_away(world: World) -> None:
    talking = await busy(world, 1, "solo")
    older = await world.arrive(queue="solo")
    world.advance(1)
    world.switch.up = False
    talking[0].talk_ends()
    world.log_in("anna")
    newcomer = await world.arrive("+994501110009", "solo")
    assert newcomer.action is Action.WAIT
    assert "older_call_waits" in {line.values.get("state") for line in newcomer.call.trace}
    world.advance(9)
    await older.ask("waiting")
    assert older.agent == "anna"


async def test_a_newcomer_takes_an_agent_no_older_call_can_have(world: World) -> None:
    await busy(world, 1, "solo")
    await world.arrive("+994501110001", "solo")
    assert (await world.arrive("+994501110002", "sales")).agent == "boris"


async def test_a_pull_that_fails_is_tried_again_a_little_later(world: World) -> None:
    talking = await busy(world, 1, "solo")
    caller = await world.arrive(queue="solo")
    world.advance(1)
    talking[0].talk_ends()
    world.log_in("anna")
    world.switch.pulls.clear()
    world.advance(0.51)
    assert len(world.core.reservations) == 0, "Success of a Redirect only means queued"
    world.advance(1.1)
    assert len(world.switch.pulls) == 1
    await world.redirect()
    assert caller.agent == "anna"


async def test_a_redirect_that_crosses_the_callers_own_ask_ends_in_one_offer(world: World) -> None:
    talking = await busy(world, 1, "solo")
    caller = await world.arrive(queue="solo")
    world.advance(1)
    talking[0].talk_ends()
    world.log_in("anna")
    await caller.ask_only("waiting")
    assert caller.agent == "anna"
    await world.redirect()
    assert caller.agent == "anna", "an offer that was never dialled does not count against her"
    assert [state for _, state in offers(caller)] == [OfferState.WITHDRAWN, OfferState.DIALLED]


async def test_a_caller_nobody_hears_of_keeps_no_agent(world: World) -> None:
    talking = await busy(world, 1, "solo")
    await world.arrive("+994501110001", "solo")
    talking[0].talk_ends()
    world.switch.up = False
    world.advance(40)
    world.log_in("anna")
    assert (await world.arrive("+994501110002", "solo")).agent == "anna"


# -- the database ------------------------------------------------------------------------------------


async def test_a_frozen_database_costs_a_budget_and_cards_are_filled_in_later(world: World) -> None:
    world.callers.gate = asyncio.Event()
    caller = await world.arrive()
    assert caller.agent == "anna"
    assert "identify_late" in codes(caller)
    assert not caller.call.customer_title
    caller.pick_up()
    world.callers.gate.set()
    await world.behind.pass_once()
    assert caller.call.customer_id is not None
    await world.behind.pass_once()
    assert caller.call.owner == "anna"


async def test_owners_are_remembered_while_the_database_is_away(world: World) -> None:
    world.callers.known["+994507770000"] = Identity(
        e164="+994507770000", customer_id=new_id(), title="Leyla", owner="boris"
    )
    first = await world.arrive("+994507770000")
    first.hang_up()
    world.callers.away = True
    assert (await world.arrive("+994507770000")).agent == "boris"


async def test_an_owner_who_changed_is_remembered_for_each_of_the_card_s_numbers(world: World) -> None:
    card = new_id()
    for number in ("+994507770000", "+994507770001"):
        world.callers.known[number] = Identity(e164=number, customer_id=card, title="Leyla", owner="anna")
        (await world.arrive(number)).hang_up()
    world.dispatcher.card_changed(card_of(card, owner="boris"))
    world.callers.away = True
    for number in ("+994507770000", "+994507770001"):
        caller = await world.arrive(number)
        assert caller.agent == "boris"
        caller.hang_up()


async def test_a_card_that_a_crash_of_the_database_took_is_made_again(world: World) -> None:
    lost, kept = await world.arrive("+994501110001"), await world.arrive("+994501110002")
    before = {caller: (caller.call.customer_id, len(caller.call.trace)) for caller in (lost, kept)}
    del world.callers.known["+994501110001"]
    world.dispatcher.database_back()
    assert await world.behind.pass_once() == 0
    assert lost.call.customer_id == world.callers.known["+994501110001"].customer_id != before[lost][0]
    assert (kept.call.customer_id, len(kept.call.trace)) == before[kept]


async def test_rows_are_written_when_the_database_is_back(world: World) -> None:
    world.keeper.away = True
    world.dispatcher.seats.choose("anna", ChosenState.BREAK, reason="tea", by="phone")
    world.dispatcher.settle()
    assert await world.behind.pass_once() > 0
    assert world.state("anna") is AgentState.BREAK
    world.keeper.away = False
    assert await world.behind.pass_once() == 0
    assert world.keeper.rows["anna"].chosen is ChosenState.BREAK


# -- restarts ----------------------------------------------------------------------------------------


async def test_a_restart_in_mid_ring_offers_nobody_twice(world: World) -> None:
    caller = await world.arrive()
    caller.ring()
    leg = caller.legs[0]
    world.start()
    world.restore("anna", "boris")
    ringing = LiveChannel(channel=leg, bridge=None, application="AppDial", seconds=3)
    caller_row = LiveChannel(channel=caller.facts, bridge=None, application="Dial", seconds=4)
    world.see(Snapshot, channels=(caller_row, ringing))
    world.see(DialBegan, source=caller.facts, dest=leg)
    assert world.state("anna") is AgentState.RINGING
    assert (await world.arrive("+994501110009", "solo")).action is Action.WAIT
    caller.ring()
    await caller.not_answered()
    assert caller.agent == "boris", "who had the call before the restart is not asked again"


async def test_a_restart_that_finds_a_ringing_call_as_it_was_stored_knows_who_rings(world: World) -> None:
    caller = await world.arrive()
    caller.ring()
    leg = caller.legs[0]
    stored = world.core.call(caller.call.id)
    assert stored is not None
    world.start()
    world.restore("anna", "boris")
    world.tracker.restore([stored])
    rows = [
        LiveChannel(channel=one, bridge=None, application="Dial", seconds=3) for one in (caller.facts, leg)
    ]
    world.see(Snapshot, channels=tuple(rows))
    assert world.state("anna") is AgentState.RINGING
    assert (await world.arrive("+994501110009", "solo")).action is Action.WAIT


async def test_a_restart_in_mid_wrap_up_keeps_the_deadline(world: World) -> None:
    caller = await world.arrive()
    caller.pick_up()
    caller.talk_ends()
    await world.behind.pass_once()
    world.advance(5)
    row = world.keeper.rows["anna"]
    world.start()
    world.dispatcher.seats.load((row,))
    assert world.state("anna") is AgentState.WRAP_UP
    world.advance(14.9)
    assert world.state("anna") is AgentState.WRAP_UP
    world.advance(0.2)
    assert world.state("anna") is AgentState.AVAILABLE


async def test_after_a_restart_the_net_is_served_by_age_and_ringing_ones_are_left(world: World) -> None:
    world.start()
    world.restore("anna", "boris")
    world.dispatcher.seats.choose("boris", ChosenState.BREAK, reason=None, by="phone")
    served, first, second = (world.caller(f"+99450111000{n}") for n in range(3))
    rows = []
    for age, caller in ((60, served), (50, first), (40, second)):
        rows.append(LiveChannel(channel=caller.facts, bridge=None, application="Queue", seconds=age))
    leg = world.leg("agent-boris-desk", served.id, None)
    rows.append(LiveChannel(channel=_ringing(leg), bridge=None, application="AppDial", seconds=2))
    waiting = tuple(("sales", c.facts.uniqueid) for c in (served, first, second))
    world.see(Snapshot, channels=tuple(rows), waiting=waiting)
    assert [channel for channel, _ in world.switch.pulls] == [first.facts.name]
    await world.redirect()
    assert first.agent == "anna"


async def test_callers_at_music_are_found_again_from_the_snapshot(world: World) -> None:
    await busy(world, 1, "solo")
    caller = await world.arrive(queue="solo")
    stored = caller.call
    world.start()
    world.tracker.restore([stored])
    at_music = _in_context(caller.facts, "cc-wait")
    row = LiveChannel(channel=at_music, bridge=None, application="MusicOnHold", seconds=30)
    world.see(Snapshot, channels=(row,))
    live = world.core.line.get(caller.id)
    assert live is not None and live.place is Place.WAITING
    world.restore("anna")
    world.dispatcher.settle()
    assert [channel for channel, _ in world.switch.pulls] == [caller.facts.name]


async def test_callers_of_the_same_second_keep_their_order_through_a_restart(world: World) -> None:
    await busy(world, 1, "solo")
    callers = []
    for n in range(4):
        callers.append(await world.arrive(f"+99450111000{n}", "solo"))
        world.advance(0.1)
    stored = [caller.call for caller in callers]
    world.start()
    world.tracker.restore(stored)
    world.restore("anna")
    rows = [
        LiveChannel(
            channel=_in_context(c.facts, "cc-wait"), bridge=None, application="MusicOnHold", seconds=1
        )
        for c in reversed(callers)
    ]
    world.see(Snapshot, channels=tuple(rows))
    assert [channel for channel, _ in world.switch.pulls] == [callers[0].facts.name]


async def test_a_caller_the_net_caught_is_ours_when_the_router_is_back(world: World) -> None:
    await busy(world, 2)
    caller = world.caller()
    world.see_caller(caller)
    world.see(QueueJoined, channel=caller.facts, queue="sales")
    live = world.core.line.get(caller.id)
    assert live is not None and live.place is Place.NET


async def test_an_offer_that_the_dialplan_refused_holds_nobody(world: World) -> None:
    caller = world.caller()
    world.see_caller(caller)
    answer = await caller.ask_only("arrived")
    assert answer is not None and caller.agent == "anna"
    world.dispatcher.told(answer)
    world.see(QueueJoined, channel=caller.facts, queue="sales")
    assert offers(caller) == [("anna", OfferState.WITHDRAWN)]
    assert world.switch.pulls == [], "the net may try first"
    world.advance(0.9)
    assert world.switch.pulls == []
    world.advance(0.2)
    assert await world.redirect() == [caller]
    assert caller.action is Action.DIAL


async def test_news_of_the_net_from_before_the_offer_leaves_the_offer_alone(world: World) -> None:
    before = world.clock.now()
    world.advance(0.5)
    caller = await world.arrive()
    caller.ring()
    world.dispatcher.observe(QueueJoined(at=before, channel=caller.facts, queue="sales"))
    rows = [
        LiveChannel(channel=one, bridge=None, application="Queue", seconds=3)
        for one in (caller.facts, *caller.legs)
    ]
    world.see(Snapshot, channels=tuple(rows), waiting=(("sales", caller.facts.uniqueid),))
    assert offers(caller) == [("anna", OfferState.ALERTING)]
    world.advance(1.1)
    assert world.switch.pulls == []
    caller.pick_up()
    assert offers(caller) == [("anna", OfferState.ANSWERED)]


async def test_a_caller_who_came_to_the_net_and_left_in_one_breath_is_nobody(world: World) -> None:
    caller = world.caller()
    world.see_caller(caller)
    at = world.clock.now()
    world.dispatcher.observe(
        QueueJoined(at=at, channel=caller.facts, queue="sales"),
        ChannelGone(at=at, channel=caller.facts, cause=16),
    )
    assert world.core.line.get(caller.id) is None
    assert world.switch.pulls == []


# -- everything at once ------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
async def test_an_agent_never_has_two_live_offers(seed: int) -> None:
    """2,000 random steps a seed, 10,000 in all; checked after each one."""
    chance = random.Random(seed)
    names = [f"agent{n}" for n in range(8)]
    world = World(
        [person(name) for name in names],
        [
            queue("sales", *names[:4], wrap_up_s=2, max_offers=3),
            queue("service", *names[2:6], wrap_up_s=0),
            queue("night", *names[5:], wrap_up_s=5, max_misses=2),
        ],
    )
    world.log_in(*names)
    live: list[Caller] = []
    decisions = 0
    for _ in range(2000):
        decisions += await _something(world, chance, live)
        _check(world)
    assert decisions > 500
    for caller in live:
        caller.hang_up()
    world.advance(30)
    assert len(world.core.reservations) == 0, "no orphan is left"
    assert len(world.core.line) == 0


async def _something(world: World, chance: random.Random, live: list[Caller]) -> int:
    """One random step; returns how many decisions it made."""
    live[:] = [caller for caller in live if caller.alive]
    step = chance.random()
    if not live or (step < 0.25 and len(live) < 20):
        live.append(await world.arrive(f"+99450{chance.randrange(10**7):07}", chance.choice(_QUEUES)))
        return 1
    if step < 0.28 and len(live) < 20:
        live.append(await _refused(world, f"+99450{chance.randrange(10**7):07}", chance.choice(_QUEUES)))
        return 1
    if step < 0.35:
        return len(await world.redirect())
    if step < 0.45:
        world.advance(chance.choice((0.01, 0.2, 1.1, 3.2)))
        return 0
    if step < 0.52:
        name = chance.choice(list(world.core.agents.all()))
        world.dispatcher.seats.choose(name, chance.choice(_STATES), reason=None, by="phone")
        world.dispatcher.settle()
        return 0
    caller = chance.choice(live)
    if caller.action is Action.DIAL and caller.legs:
        await _dialled(caller, chance)
        return 1
    if caller.action is Action.WAIT and chance.random() < 0.7:
        await caller.ask("waiting")
        return 1
    caller.hang_up()
    return 0


async def _refused(world: World, number: str, queue: str) -> Caller:
    """A caller whose answer the dialplan does not take: it goes to the net."""
    caller = world.caller(number, queue)
    world.see_caller(caller)
    answer = await caller.ask_only("arrived")
    assert answer is not None
    world.dispatcher.told(answer)
    world.see(QueueJoined, channel=caller.facts, queue=queue)
    return caller


_QUEUES = ("sales", "service", "night")
_STATES = (ChosenState.AVAILABLE, ChosenState.AVAILABLE, ChosenState.AVAILABLE, ChosenState.BREAK)


async def _dialled(caller: Caller, chance: random.Random) -> None:
    if caller.talking:
        caller.talk_ends()
        return
    what = chance.random()
    if what < 0.3:
        caller.ring()
    elif what < 0.6:
        caller.pick_up()
    elif what < 0.8:
        await caller.not_answered(chance.choice(("NOANSWER", "BUSY", "CHANUNAVAIL")))
    elif what < 0.9:
        legs, caller.legs = caller.legs, []
        await caller.ask("dialled", "NOANSWER")  # AGI before AMI
        for leg in legs:
            caller.end_leg(leg, "NOANSWER")
    else:
        caller.hang_up()


def _check(world: World) -> None:
    assert world.core.deadlines.failed == 0
    held = [taken.agent for taken in world.core.reservations]
    assert len(held) == len(set(held))
    open_offers: dict[str, int] = {}
    for call in world.tracker.live_calls():
        for offer in call.offers:
            if offer.ended_at is None and world.core.reservations.of_call(call.id):
                open_offers[offer.agent] = open_offers.get(offer.agent, 0) + 1
    assert all(count <= 1 for count in open_offers.values()), open_offers
    ringing: dict[str, int] = {}
    for caller in world.calls.values():
        if caller.alive and caller.legs:
            phone = endpoint_of(caller.legs[0].name) or ""
            ringing[phone] = ringing.get(phone, 0) + 1
    assert all(count <= 1 for count in ringing.values()), "a phone rings or talks for one call"


def _ringing(leg: ChannelFacts) -> ChannelFacts:
    return as_now(leg, state=5)


def _in_context(facts: ChannelFacts, context: str) -> ChannelFacts:
    return as_now(facts, context=context)
