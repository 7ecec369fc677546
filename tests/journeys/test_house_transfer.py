"""Transfers: one call in the end, whoever had it on the way."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.fakes.sip_peer import Answer, Call, Refuse, Ring
from tests.journeys.house import CALLER, EVERY_TONE, MARINA, TONES, House, codes, offers, texts

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]


async def talk_to_each_other(caller: Call, leg: Call, agent: str) -> None:
    await asyncio.gather(caller.hears(EVERY_TONE, TONES[agent]), leg.hears(EVERY_TONE, CALLER))


async def gives_away(leg: Call, target: str) -> None:
    """A blind transfer as phones do it: told that it worked, they hang up."""
    assert await leg.refer(target) == 202
    assert await leg.transferred() == 200
    await leg.hangup()


async def one_call(house: House, known: int, **fits: Any) -> dict[str, Any]:
    """The one call that all of it was."""
    seen = await house.ended(**fits)
    assert len(await house.calls()) == known + 1
    return seen


async def test_blind_to_an_agent(house: House) -> None:
    known = len(await house.calls())
    await house.available("anna", "elena")
    call, leg = await house.talk("elena", number=MARINA)
    await gives_away(leg, house.extension("101"))
    taken = await house.leg("anna")
    assert taken.remote_number == MARINA
    await talk_to_each_other(call, taken, "anna")
    await house.until_state("anna", "talking")
    await house.until_state("elena", "available")
    await call.hangup()
    seen = await one_call(house, known, from_=MARINA)
    assert (seen["agent"], seen["outcome"], seen["hangup_by"]) == ("anna", "answered", "caller")
    assert "Elena transferred the call to Anna unannounced." in texts(seen)
    assert [leg["agent"] for leg in seen["legs"] if leg["role"] == "agent"] == ["elena", "anna"]
    assert call.ended_at and leg.confirmed_at
    assert seen["talk_s"] <= call.ended_at - leg.confirmed_at + 0.3


async def test_blind_to_a_queue_routes_anew_and_not_back(house: House) -> None:
    known = len(await house.calls())
    await house.available("anna", "rashid")
    call, leg = await house.talk("anna", number="+74955550701")
    await gives_away(leg, house.extension("702"))  # anna is a member there too
    taken = await house.leg("rashid")
    await talk_to_each_other(call, taken, "rashid")
    await taken.hangup()
    await call.ended()
    seen = await one_call(house, known, from_="+74955550701")
    assert (seen["agent"], seen["queue"], seen["hangup_by"]) == ("rashid", "support", "agent")
    assert "Anna transferred the call to Support unannounced." in texts(seen)
    assert offers(seen) == [("anna", "answered"), ("rashid", "answered")]


@pytest.mark.parametrize("behaviour", [Refuse(480, after=0.5), Refuse(486)])
async def test_a_target_who_does_not_take_it_brings_it_back_to_routing(
    house: House, behaviour: Refuse
) -> None:
    known = len(await house.calls())
    await house.available("anna", "elena")
    call, leg = await house.talk("elena", number=MARINA)
    house.phones["rashid"].behaviour = behaviour
    await gives_away(leg, house.extension("103"))
    await house.leg("rashid")
    taken = await house.leg("anna")  # not elena, though she owns the card: she has just let go of it
    await talk_to_each_other(call, taken, "anna")
    await call.hangup()
    seen = await one_call(house, known, from_=MARINA)
    assert (seen["agent"], seen["queue"], seen["outcome"]) == ("anna", "sales", "answered")
    assert offers(seen)[-1] == ("anna", "answered")
    assert "transferred_blind" in codes(seen)


async def test_attended_after_the_consulted_agent_answered(house: House) -> None:
    known = len(await house.calls())
    await house.available("anna", "elena")
    call, leg = await house.talk("elena", number=MARINA)
    assert await leg.hold() == 200
    consult = await house.phones["elena"].dial("101")
    taken = await house.leg("anna")
    await consult.answered()
    await asyncio.gather(consult.hears(EVERY_TONE, TONES["anna"]), taken.hears(EVERY_TONE, TONES["elena"]))
    await leg.join(consult)
    await talk_to_each_other(call, taken, "anna")
    await house.until_state("elena", "available")
    await house.until_state("anna", "talking")
    await taken.hangup()
    await call.ended()
    seen = await one_call(house, known, from_=MARINA)
    assert (seen["agent"], seen["outcome"], seen["hangup_by"]) == ("anna", "answered", "agent")
    assert "Elena handed the call over to Anna." in texts(seen)
    assert {leg["agent"] for leg in seen["legs"]} == {None, "elena", "anna"}


async def test_attended_while_the_consulted_agent_still_rings(house: House) -> None:
    known = len(await house.calls())
    await house.available("anna", "elena")
    call, leg = await house.talk("elena", number=MARINA)
    house.phones["anna"].behaviour = Ring()
    assert await leg.hold() == 200
    consult = await house.phones["elena"].dial("101")
    taken = await house.leg("anna")
    await consult.ringing()
    await leg.join(consult)
    await house.until_state("elena", "available")
    taken.answer()
    await talk_to_each_other(call, taken, "anna")
    await call.hangup()
    seen = await one_call(house, known, from_=MARINA)
    assert (seen["agent"], seen["outcome"], seen["hangup_by"]) == ("anna", "answered", "caller")
    assert "Elena handed the call over to Anna." in texts(seen)


async def test_a_consult_that_is_not_completed_is_a_call_of_its_own(house: House) -> None:
    known = len(await house.calls())
    await house.available("anna", "elena")
    call, leg = await house.talk("elena", number=MARINA)
    assert await leg.hold() == 200
    consult = await house.phones["elena"].dial("101")
    await house.leg("anna")
    await consult.answered()
    await consult.hangup()
    assert await leg.resume() == 200
    await talk_to_each_other(call, leg, "elena")
    seen = await house.over(call, from_=MARINA)
    assert seen["agent"] == "elena"
    asked = await house.ended(direction="internal")
    assert (asked["agent"], asked["outcome"]) == ("anna", "answered")
    assert len(await house.calls()) == known + 2


@pytest.mark.parametrize("ringing", [False, True], ids=["answered", "ringing"])
async def test_the_caller_goes_in_the_moment_of_the_transfer(house: House, ringing: bool) -> None:
    """Before, during and after the parties change places: one call, nobody stays busy, nothing rings on."""
    await house.available("anna", "elena")
    house.phones["anna"].behaviour = Ring() if ringing else Answer()
    for pause in (0.0, 0.003, 0.008, 0.02, 0.05):
        known = len(await house.calls())
        call, leg = await house.talk("elena", number=MARINA)
        assert await leg.hold() == 200
        consult = await house.phones["elena"].dial("101")
        taken = await house.leg("anna")
        await (consult.ringing() if ringing else consult.answered())
        given = asyncio.create_task(leg.refer_attended(consult), name="given")
        await asyncio.sleep(pause)
        await call.hangup()
        await asyncio.wait({given})
        await asyncio.gather(leg.hangup(), consult.hangup())
        await taken.ended()
        seen = await house.ended(from_=MARINA)
        assert (seen["outcome"], seen["hangup_by"]) == ("answered", "caller")
        assert seen["agent"] in ("elena", "anna")
        for agent in ("anna", "elena"):
            await house.until_state(agent, "available")
        assert len(await house.calls()) - known in (1, 2), "the consultation may have been a call of its own"
