"""Callers get their cards also when nobody was asked who takes them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from callrouter.reading.observations import ChannelSeen, StepName
from crm_core.calls.events import CallIdentified
from crm_core.calls.model import Call, CallState
from crm_core.calls.trace import Code, line
from crm_core.customers.model import CardChoice, Identity
from crm_core.ids import new_id
from tests.fakes.calls import answered_call
from tests.unit.callrouter.acd.world import Caller, World, card_of, codes, person, queue

pytestmark = pytest.mark.unit


@pytest.fixture
def world() -> World:
    made = World([person("anna")], [queue("sales", "anna")])
    made.log_in("anna")
    return made


async def _work_behind(world: World) -> None:
    await world.behind.finish(1.0)


async def test_a_call_that_never_asked_gets_its_card_behind(world: World) -> None:
    caller = world.caller("+994501112233")
    world.see_caller(caller)
    caller.step(StepName.NET, queue="sales")
    world.advance(2.9)
    await _work_behind(world)
    assert caller.call.customer_id is None
    world.advance(0.2)
    await _work_behind(world)
    assert caller.call.from_number == "+994501112233"
    assert caller.call.customer_id == world.callers.known["+994501112233"].customer_id
    assert "identified_new" in codes(caller)


async def test_a_call_that_asked_is_looked_up_once(world: World) -> None:
    caller = await world.arrive("+994501112233")
    world.advance(4.0)
    await _work_behind(world)
    assert [code for code in codes(caller) if code.startswith("identified")] == ["identified_new"]


async def test_what_the_dialplan_left_out_of_the_caller_id_is_not_looked_up(world: World) -> None:
    caller = world.caller("")
    world.see(ChannelSeen, channel=caller.facts)
    caller.step(StepName.ARRIVED, did="+994125550100", queue="sales", direction="in")
    world.advance(4.0)
    await _work_behind(world)
    assert caller.call.customer_id is None
    assert world.callers.known == {}
    assert "identified_withheld" in codes(caller)


async def test_a_call_only_the_ledger_knows_gets_its_card_and_its_owner(world: World) -> None:
    seen = replace(answered_call(world.clock.now()), customer_id=None, from_number=None, owner=None, trace=())
    finished = replace(seen, state=CallState.ENDED, settled=True, from_raw="+994501112233", agent="anna")
    world.dispatcher.settled(finished)
    await _work_behind(world)
    card = world.callers.known["+994501112233"]
    (event,) = [event for event in world.outlet.events if isinstance(event, CallIdentified)]
    assert (event.call.customer_id, event.call.owner) == (card.customer_id, "anna")
    assert event.call.version == finished.version + 1
    assert world.callers.owned == [(card.customer_id, "anna")]
    world.dispatcher.settled(event.call)
    await _work_behind(world)
    assert world.outlet.events[-1] is event, "once"


async def test_a_call_whose_card_was_still_owed_gets_it_when_it_is_settled(world: World) -> None:
    world.callers.away = True
    caller = await world.arrive("+994501112233")
    caller.hang_up()
    assert "identify_late" in codes(caller)
    stored = replace(caller.call, settled=True)
    world.callers.away = False
    world.behind = type(world.behind)()  # the worker that owed it was killed
    world.start()
    world.dispatcher.settled(stored)
    await _work_behind(world)
    assert world.outlet.events[-1].call.from_number == "+994501112233"  # type: ignore[attr-defined]


async def test_a_card_whose_owner_was_still_owed_gets_it_when_the_call_is_settled(world: World) -> None:
    caller = await world.arrive("+994501112233")
    caller.pick_up()
    caller.talk_ends()
    stored = replace(caller.call, settled=True)
    assert stored.owner is None and world.callers.owned == []
    world.behind = type(world.behind)()  # the worker that owed it was killed
    world.start()
    world.dispatcher.settled(stored)
    await _work_behind(world)
    assert world.callers.owned == [(stored.customer_id, "anna")]
    (event,) = [event for event in world.outlet.events if isinstance(event, CallIdentified)][-1:]
    assert (event.call.owner, event.call.version) == ("anna", stored.version + 1)
    assert event.call.trace[-1].code == Code.BECAME_OWNER


async def test_a_call_forgotten_while_it_is_looked_up_gets_its_card_all_the_same(world: World) -> None:
    world.callers.away = True
    caller = await world.arrive("+994501112233")
    caller.hang_up()
    world.callers.away = False
    world.behind = type(world.behind)()
    world.dispatcher._identification._behind = world.behind
    world.callers.gate = asyncio.Event()
    world.dispatcher.settled(replace(caller.call, settled=True))
    looking = asyncio.create_task(world.behind.pass_once(), name="looking")
    await asyncio.sleep(0)
    world.clock.advance(3600)
    world.see(ChannelSeen, channel=world.caller("+994501110099").facts)  # ended calls are dropped by now
    assert world.tracker.call(caller.id) is None
    world.callers.gate.set()
    await looking
    assert world.outlet.events[-1].call.from_number == "+994501112233"  # type: ignore[attr-defined]


async def test_a_settled_call_that_was_looked_up_is_left_alone(world: World) -> None:
    caller = await world.arrive("+994501112233")
    caller.hang_up()
    said = len(world.outlet.events)
    world.dispatcher.settled(replace(caller.call, settled=True))
    await _work_behind(world)
    assert len(world.outlet.events) == said


async def test_a_colleagues_call_has_no_card(world: World) -> None:
    caller = world.caller("101")
    world.see(ChannelSeen, channel=caller.facts)
    caller.step(StepName.ARRIVED, queue="sales", direction="internal", fromagent="anna")
    world.advance(4.0)
    await _work_behind(world)
    assert world.callers.known == {}


IGOR, OLGA = new_id(), new_id()


@pytest.fixture
def shared(world: World) -> World:
    """A number that two cards have; nobody owns either."""
    choices = tuple(
        CardChoice(customer_id=card, title=title, owner=None, office="baku")
        for card, title in ((IGOR, "Igor"), (OLGA, "Olga"))
    )
    world.callers.known["+994125550142"] = Identity(e164="+994125550142", choices=choices)
    world.callers.known["card"] = Identity(e164="+994125550142", customer_id=OLGA, title="Olga")
    return world


def said_olga(caller: Caller) -> Call:
    """The call as the database has it after anna said that Olga rings."""
    chosen = line(caller.world.clock.now(), Code.CUSTOMER_CHOSEN, agent="anna", title="Olga")
    return replace(
        caller.call,
        customer_id=OLGA,
        customer_title="Olga",
        choices=(),
        trace=(*caller.call.trace, chosen),
        version=1,
    )


async def test_a_shared_number_is_shown_with_its_choices(shared: World) -> None:
    caller = await shared.arrive("+994125550142")
    assert [choice.title for choice in caller.call.choices] == ["Igor", "Olga"]
    assert caller.call.customer_id is None and "identified_shared" in codes(caller)


async def test_a_choice_during_the_talk_is_followed_and_the_first_agent_owns_the_card(shared: World) -> None:
    caller = await shared.arrive("+994125550142")
    caller.pick_up()
    said = said_olga(caller)
    for _ in range(2):
        shared.dispatcher.chosen(said)  # the bus may tell it twice
        await _work_behind(shared)
    assert (caller.call.customer_id, caller.call.customer_title) == (OLGA, "Olga")
    assert caller.call.choices == () and codes(caller).count("customer_chosen") == 1
    assert shared.callers.owned == [(OLGA, "anna")]
    assert caller.call.owner == "anna" and "became_owner" in codes(caller)


async def test_a_choice_while_it_waits_makes_who_answers_the_owner(shared: World) -> None:
    caller = await shared.arrive("+994125550142")
    shared.dispatcher.chosen(said_olga(caller))
    await _work_behind(shared)
    assert shared.callers.owned == []
    caller.pick_up()
    await _work_behind(shared)
    assert shared.callers.owned == [(OLGA, "anna")]


async def test_a_choice_is_remembered_for_when_the_database_is_away(shared: World) -> None:
    caller = await shared.arrive("+994125550142")
    caller.hang_up()
    shared.dispatcher.chosen(replace(said_olga(caller), owner="anna"))
    assert caller.call.customer_id == OLGA, "also after the end"
    shared.callers.away = True
    assert (await shared.arrive("+994125550142")).agent == "anna"


async def test_a_choice_for_a_call_of_long_ago_changes_no_call_of_now(shared: World) -> None:
    caller = await shared.arrive("+994125550142")
    said = len(shared.outlet.events)
    shared.dispatcher.chosen(replace(said_olga(caller), id=uuid4()))
    assert caller.call.customer_id is None and len(shared.outlet.events) == said


async def test_a_live_call_follows_its_card(shared: World) -> None:
    caller = await shared.arrive("+994501112233")
    card = caller.call.customer_id
    assert card is not None
    shared.dispatcher.card_changed(card_of(card, title="Kamran", owner="anna"))
    assert (caller.call.customer_title, caller.call.owner) == ("Kamran", "anna")
    caller.hang_up()
    shared.dispatcher.card_changed(card_of(card, title="Somebody else"))
    assert caller.call.customer_title == "Kamran", "over: as it was"


async def test_a_live_call_follows_a_card_that_became_part_of_another(shared: World) -> None:
    caller = await shared.arrive("+994501112233")
    dropped = caller.call.customer_id
    assert dropped is not None
    shared.dispatcher.merged(card_of(IGOR, title="Igor", owner="anna"), dropped)
    assert (caller.call.customer_id, caller.call.customer_title) == (IGOR, "Igor")
    caller.hang_up()
    shared.callers.away = True
    assert (await shared.arrive("+994501112233")).agent == "anna", "remembered as the kept one"


async def test_two_choices_that_became_one_card_are_no_choice_any_more(shared: World) -> None:
    number = "+994125550142"
    third = CardChoice(customer_id=new_id(), title="Rauf", owner=None, office="baku")
    known = shared.callers.known[number]
    shared.callers.known[number] = replace(known, choices=(*known.choices, third))
    caller = await shared.arrive(number)
    caller.pick_up()
    shared.dispatcher.merged(card_of(OLGA, title="Olga"), third.customer_id)
    assert [choice.title for choice in caller.call.choices] == ["Igor", "Olga"]
    shared.dispatcher.merged(card_of(OLGA, title="Olga"), IGOR)
    await _work_behind(shared)
    assert (caller.call.customer_id, caller.call.choices) == (OLGA, ())
    assert shared.callers.owned == [(OLGA, "anna")]
