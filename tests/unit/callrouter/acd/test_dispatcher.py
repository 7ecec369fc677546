"""Each reason to ask, and what follows from it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest
from msgspec.structs import replace as as_now

from callrouter.acd.ask import parse_ask
from callrouter.metrics import SHOWN_LATE
from callrouter.reading.observations import ChannelGone, ChannelSeen
from crm_core.calls.model import CallState, OfferState
from crm_core.customers.model import Identity
from crm_core.ids import new_id
from crm_core.presence.model import AgentState
from crm_core.queues.model import Overflow
from crm_core.routing.model import Action
from tests.unit.callrouter.acd.world import World, codes, offers, person, queue

pytestmark = pytest.mark.unit


@pytest.fixture
def world() -> World:
    made = World(
        [person("anna"), person("boris"), person("clara"), person("zoe")],
        [queue("sales", "anna", "boris"), queue("service", "boris", "clara")],
    )
    made.log_in("anna", "boris")
    return made


async def test_an_arriving_call_is_identified_offered_and_answered(world: World) -> None:
    caller = await world.arrive()
    assert caller.agent == "anna", "the longest idle"
    assert world.outlet.offers_at_hand_off == [1], "the offer was out before the answer"
    caller.ring()
    assert world.state("anna") is AgentState.RINGING
    caller.pick_up()
    assert world.outlet.states("anna") == [
        AgentState.AVAILABLE,
        AgentState.RINGING,
        AgentState.TALKING,
    ], "a leg that was only just made is no talk"
    assert offers(caller) == [("anna", OfferState.ANSWERED)]
    assert len(world.core.reservations) == 0
    assert codes(caller)[:3] == ["arrived", "identified_new", "owner_none"]
    assert "chosen_least_loaded" in codes(caller)


def asking_screen(world: World) -> asyncio.Future[UUID]:
    """The agent's screen is told of offers, and asked to say when it shows them; the first it was told of."""
    told: asyncio.Future[UUID] = asyncio.get_running_loop().create_future()

    def tell(offer: UUID) -> None:
        world.core.showing.ask(offer, "desk")
        if not told.done():
            told.set_result(offer)

    world.outlet.screens = tell
    return told


async def test_the_phone_is_not_dialled_before_the_agents_screen_shows_the_call(world: World) -> None:
    told = asking_screen(world)
    arriving = asyncio.create_task(world.arrive())
    offer = await told
    await asyncio.sleep(0.01)
    assert not arriving.done()
    assert world.core.showing.shown(offer, "desk")
    assert (await arriving).agent == "anna"


async def test_a_screen_that_says_nothing_does_not_keep_the_phone_from_ringing(world: World) -> None:
    asking_screen(world)
    late = SHOWN_LATE._value.get()
    assert (await world.arrive("+994501112233")).agent == "anna"
    assert SHOWN_LATE._value.get() == late + 1
    assert (await world.arrive("+994501112244")).agent == "boris"
    assert SHOWN_LATE._value.get() == late + 1, "nobody waited for it again"


async def test_who_hangs_up_while_the_screen_is_waited_for_leaves_the_agent_free(world: World) -> None:
    told = asking_screen(world)
    arriving = asyncio.create_task(world.arrive())
    offer = await told
    (caller,) = world.calls.values()
    caller.hang_up()
    world.core.showing.shown(offer, "desk")
    await arriving
    assert caller.answer is None
    assert len(world.core.reservations) == 0
    assert world.state("anna") is AgentState.AVAILABLE


async def test_the_answer_says_the_term_the_channel_and_the_attempt_last(world: World) -> None:
    caller = await world.arrive()
    assert caller.answer is not None and caller.answer.offer is not None
    (first, decision), (second, proof) = caller.answer.variables()
    assert (first, second) == ("CC_DECISION", "ROUTE")
    assert decision == f"dial|anna|{caller.answer.offer.id}|PJSIP/agent-anna-desk|20|"
    assert proof == f"ok:{caller.facts.uniqueid}:1:1"


async def test_the_owner_is_chosen_even_outside_the_queue(world: World) -> None:
    world.log_in("zoe")
    world.callers.known["+994501112233"] = Identity(
        e164="+994501112233", customer_id=new_id(), title="Leyla", owner="zoe"
    )
    caller = await world.arrive()
    assert caller.agent == "zoe"
    assert caller.call.customer_title == "Leyla"


async def test_no_answer_goes_to_the_next_and_never_back_in_the_round(world: World) -> None:
    caller = await world.arrive()
    caller.ring()
    await caller.not_answered()
    assert caller.agent == "boris"
    caller.ring()
    await caller.not_answered()
    assert offers(caller) == [("anna", OfferState.NO_ANSWER), ("boris", OfferState.NO_ANSWER)]
    world.advance(1.0)
    assert world.switch.pulls == [], "who has just not answered is not fetched at once"
    await caller.ask("waiting")
    assert caller.agent == "anna", "ten seconds later a new round begins"


async def test_the_dialplan_may_be_faster_than_ami(world: World) -> None:
    caller = await world.arrive()
    caller.ring()
    legs = caller.legs
    await caller.ask("dialled", "NOANSWER")
    assert caller.agent == "boris"
    assert world.state("anna") is AgentState.RINGING, "her phone still rings, as far as anybody saw"
    caller.end_leg(legs[0], "NOANSWER")
    assert offers(caller)[0] == ("anna", OfferState.NO_ANSWER)
    assert world.core.agents.get("anna").presence.misses == 1  # type: ignore[union-attr]


async def test_without_ami_the_dialplans_word_ends_the_offer(world: World) -> None:
    world.core.seeing = False
    world.dials = False
    caller = await world.arrive()
    await caller.ask("dialled", "NOANSWER")
    assert offers(caller)[0] == ("anna", OfferState.NO_ANSWER)


async def test_misses_in_a_row_make_not_answering_until_back(world: World) -> None:
    for _ in range(3):
        caller = await world.arrive()
        while caller.agent != "anna":
            caller.ring()
            await caller.not_answered("BUSY")
        caller.ring()
        await caller.not_answered()
        caller.hang_up()
        world.log_in("boris")
    assert world.outlet.states("anna")[-1] is AgentState.NOT_ANSWERING
    caller = await world.arrive()
    assert caller.agent == "boris"
    world.log_in("anna")
    assert world.state("anna") is AgentState.AVAILABLE


async def test_an_answer_ends_the_row_of_misses(world: World) -> None:
    caller = await world.arrive()
    caller.ring()
    await caller.not_answered()
    caller.hang_up()
    again = await world.arrive()
    while again.agent != "anna":
        again.ring()
        await again.not_answered()
    again.pick_up()
    anna = world.core.agents.get("anna")
    assert anna is not None and anna.presence.misses == 0


async def test_wrap_up_ends_at_its_deadline_and_is_written(world: World) -> None:
    caller = await world.arrive()
    caller.ring()
    caller.pick_up()
    world.advance(60)
    caller.talk_ends()
    assert world.state("anna") is AgentState.WRAP_UP
    await world.behind.pass_once()
    assert world.keeper.rows["anna"].wrap_up_until is not None
    world.advance(19)
    assert world.state("anna") is AgentState.WRAP_UP
    world.advance(1.1)
    await world.behind.pass_once()
    assert world.keeper.rows["anna"] == replace(world.keeper.rows["anna"], wrap_up_until=None)
    assert world.outlet.states("anna")[-2:] == [AgentState.WRAP_UP, AgentState.AVAILABLE]


async def test_choosing_available_ends_wrap_up(world: World) -> None:
    caller = await world.arrive()
    caller.pick_up()
    caller.talk_ends()
    world.log_in("anna")
    assert world.state("anna") is AgentState.AVAILABLE
    world.advance(30)
    assert world.state("anna") is AgentState.AVAILABLE


async def test_nobody_logged_in_is_overflow_as_the_queue_says() -> None:
    world = World([person("anna")], [queue("sales", "anna"), queue("late", "anna", overflow=Overflow.HANGUP)])
    assert (await world.arrive()).action is Action.VOICEMAIL
    assert (await world.arrive(queue="late")).action is Action.HANGUP


async def test_waiting_is_told_once_and_ends_in_overflow(world: World) -> None:
    first, second = await world.arrive(), await world.arrive("+994502223344")
    first.pick_up()
    second.pick_up()
    caller = await world.arrive("+994503334455")
    assert (caller.action, caller.call.state) == (Action.WAIT, CallState.WAITING)
    lines = len(caller.call.trace)
    for _ in range(3):
        world.advance(10)
        await caller.ask("waiting")
    assert len(caller.call.trace) == lines
    world.advance(600)
    await caller.ask("waiting")
    assert caller.action is Action.VOICEMAIL
    assert "overflow_max_wait" in codes(caller)


async def test_a_freed_agent_gets_the_waiting_caller_by_redirect(world: World) -> None:
    first, second = await world.arrive(), await world.arrive("+994502223344")
    first.pick_up()
    second.pick_up()
    caller = await world.arrive("+994503334455")
    world.advance(5)
    first.talk_ends()
    world.advance(20)
    assert [channel for channel, _ in world.switch.pulls] == [caller.facts.name]
    assert world.core.agents.get("anna").reserved  # type: ignore[union-attr]
    await world.redirect()
    assert caller.agent == "anna"
    assert "freed" in codes(caller)
    caller.ring()
    caller.pick_up()
    assert len(world.core.reservations) == 0


async def test_transferred_to_a_queue_is_a_new_round_without_the_sender(world: World) -> None:
    world.log_in("clara")
    caller = await world.arrive()
    assert caller.agent == "anna"
    caller.pick_up()
    caller.queue = "sales"
    for leg in caller.legs:
        caller.end_leg(leg, "ANSWER")
    caller.legs = []
    world.log_in("anna")
    await caller.ask("transferred")
    assert caller.agent == "boris", "anna has just sent it away"
    assert caller.call.id == caller.id


async def test_internal_calls_are_not_looked_up(world: World) -> None:
    caller = world.caller("101")
    asked = parse_ask(
        [str(caller.id), "", "sales", "1", "arrived", "", "", "", "internal", "zoe"],
        uniqueid=caller.facts.uniqueid,
        channel_name=caller.facts.name,
        caller_raw="101",
    )
    answer = await world.dispatcher.ask(asked)
    assert answer is not None and answer.decision.action is Action.DIAL
    assert world.callers.known == {}


async def test_before_the_picture_is_whole_nothing_is_said(world: World) -> None:
    world.dispatcher.term = None
    caller = await world.arrive()
    assert caller.answer is None
    assert len(world.core.reservations) == 0


async def test_the_agents_own_calls_make_busy(world: World) -> None:
    own = as_now(world.leg("agent-anna-desk", new_id(), None), state=4)
    world.see(ChannelSeen, channel=own)
    assert world.state("anna") is AgentState.TALKING
    caller = await world.arrive()
    assert caller.agent == "boris"
    world.see(ChannelGone, channel=own, cause=16)
    assert world.state("anna") is AgentState.AVAILABLE, "no wrap-up after one's own call"


async def test_the_first_answered_call_makes_the_owner_once(world: World) -> None:
    caller = await world.arrive()
    caller.pick_up()
    await world.behind.pass_once()
    assert [agent for _, agent in world.callers.owned] == ["anna"]
    assert caller.call.owner == "anna"
    assert codes(caller)[-1] == "became_owner"
    caller.talk_ends()
    world.log_in("anna")
    again = await world.arrive()
    assert again.agent == "anna"
    again.pick_up()
    await world.behind.pass_once()
    assert len(world.callers.owned) == 1
