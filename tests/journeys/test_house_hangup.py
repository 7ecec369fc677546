"""Callers hang up whenever they like: nothing rings on, nobody stays busy, every call has its outcome."""

from __future__ import annotations

import asyncio
import time

import pytest

from crm_core.presence.model import ChosenState
from tests.fakes.sip_peer import Answer, OutgoingCall, Ring
from tests.journeys.house import MARINA, SALES, WITHHELD, House, codes, offers, until

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]


async def all_free(house: House, *agents: str) -> None:
    """No phone has a leg, nobody holds a reservation, and these agents are shown available."""

    async def silent() -> bool:
        return not any(phone.calls for phone in house.phones.values())

    await until(silent, what="the phones to be silent")
    for agent in agents:
        await house.until_state(agent, "available")


async def serves(house: House, agent: str, number: str) -> None:
    """The next caller is served as if nothing had been."""
    house.phones[agent].behaviour = Answer()
    seen = await house.over((await house.talk(agent, number=number))[0], from_=number)
    assert (seen["outcome"], seen["agent"]) == ("answered", agent)


async def test_before_and_while_the_router_is_asked(house: House) -> None:
    await house.available("anna")
    house.phones["anna"].behaviour = Ring()
    known = {call["id"] for call in await house.calls()}
    for pause in (0.0, 0.002, 0.004, 0.008, 0.012, 0.016, 0.02, 0.03, 0.05, 0.08):
        call = await house.call(number="+74955550901")
        await asyncio.sleep(pause)
        await call.hangup()
    await all_free(house, "anna")
    await house.audit()
    made = [call for call in await house.calls() if call["id"] not in known]
    assert {call["outcome"] for call in made} == {"abandoned"}
    assert {call["hangup_by"] for call in made} == {"caller"}
    assert {state for call in made for _, state in offers(call)} <= {"withdrawn"}
    await serves(house, "anna", "+74955550902")


async def test_while_the_phone_rings(house: House) -> None:
    await house.available("elena")
    house.phones["elena"].behaviour = Ring()
    call = await house.call(number=MARINA)
    leg = await house.leg("elena")
    await call.ringing()
    await house.until_state("elena", "ringing")
    seen = await house.over(call, from_=MARINA)
    await leg.ended()
    assert leg.ended_by == "them"
    assert (seen["outcome"], seen["hangup_by"], offers(seen)) == (
        "abandoned",
        "caller",
        [("elena", "withdrawn")],
    )
    assert [code for code in codes(seen) if code != "settled"][-1] == "ended_by"  # the ledger may be later
    await all_free(house, "elena")
    await serves(house, "elena", MARINA)


async def test_between_two_offers(house: House) -> None:
    await house.available("anna", "elena")
    phones = house.phones
    phones["elena"].behaviour = phones["anna"].behaviour = Ring()
    for jitter in (0.0, 0.004, 0.01, 0.02):
        call = await house.call(number=MARINA)
        first = await house.leg("elena")
        first.refuse(486)
        await asyncio.sleep(jitter)
        seen = await house.over(call, from_=MARINA)
        assert seen["outcome"] == "abandoned"
        assert offers(seen)[0] in (("elena", "refused"), ("elena", "withdrawn"))
        assert set(offers(seen)[1:]) <= {("anna", "withdrawn")}
        await all_free(house, "anna")
        await house.set_state("elena", "available")  # her misses are forgotten
    await serves(house, "elena", MARINA)


async def test_at_the_moment_of_the_redirect(house: House) -> None:
    """An agent becomes free, and the caller who is fetched goes: before, during and after the Redirect."""
    await house.available("anna")
    house.phones["anna"].behaviour = Ring()
    assert house.parts.router is not None
    dispatcher = house.parts.router.dispatcher
    reached = []
    for step in range(20):
        await house.set_state("anna", "break", reason="rest")
        await house.until_state("anna", "break")
        number = f"+749555509{20 + step}"
        call = await waits(house, number)
        await asyncio.sleep(0.06)  # from here on it may be fetched
        assert dispatcher.seats.choose("anna", ChosenState.AVAILABLE, reason=None, by="anna")
        dispatcher.settle()  # the Redirect is on its way
        await asyncio.sleep(step * 0.0015)
        seen = await house.over(call, from_=number)
        assert (seen["outcome"], seen["hangup_by"]) == ("abandoned", "caller")
        assert set(offers(seen)) <= {("anna", "withdrawn")}
        reached.append(bool(offers(seen)))
        await all_free(house, "anna")
    assert set(reached) == {True, False}, "gone before the offer, and after it"
    await serves(house, "anna", "+74955550940")


async def waits(house: House, number: str) -> OutgoingCall:
    call = await house.call(number=number)
    await call.answered()

    async def waiting() -> bool:
        return any(c["from"] == number and c["state"] == "waiting" for c in await house.calls())

    await until(waiting, what=f"{number} to wait")
    return call


async def test_on_hold_and_while_a_colleague_is_asked(house: House) -> None:
    await house.available("anna", "elena")
    call, leg = await house.talk("elena", number=MARINA)
    assert await leg.hold() == 200
    consult = await house.phones["elena"].dial("101")
    asked = await house.leg("anna")
    await consult.answered()
    seen = await house.over(call, from_=MARINA)
    assert (seen["outcome"], seen["hangup_by"], seen["agent"]) == ("answered", "caller", "elena")
    await leg.ended()
    assert asked.ended_at is None, "the two go on talking"
    await house.until_state("elena", "talking")
    await asked.hangup()
    inside = await house.ended(direction="internal")
    assert (inside["outcome"], inside["hangup_by"], inside["agent"]) == ("answered", "agent", "anna")
    await all_free(house, "anna", "elena")


async def test_given_to_somebody_who_rings_and_to_a_queue_where_nobody_is_free(house: House) -> None:
    await house.available("anna", "elena")
    house.phones["rashid"].behaviour = Ring()
    for target in ("103", "702"):
        call, leg = await house.talk("elena", number=MARINA)
        assert leg.confirmed_at is not None
        await leg.refer(house.extension(target))
        await leg.transferred()
        await leg.hangup()
        given_at = time.monotonic()
        if target == "103":
            await (await house.leg("rashid")).ringing()
        else:
            await house.the_call(lambda shown: shown["state"] == "waiting")
        seen = await house.over(call, from_=MARINA)
        assert (seen["outcome"], seen["hangup_by"], seen["agent"]) == ("answered", "caller", "elena")
        assert seen["talk_s"] < given_at - leg.confirmed_at + 0.3, "what she rang or waited is no talk"
        assert seen["queue"] == ("sales" if target == "103" else "support")
        await all_free(house, "elena")
        await house.set_state("anna", "break", reason="rest")  # she would take what goes to support
        await house.until_state("anna", "break")


async def test_before_a_message_is_left(house: House) -> None:
    """Nobody is logged in. Until the tone there is no message, which the ledger knows."""
    for pause in (0.0, 0.3):
        call = await house.call(SALES, number="+74955550941")
        await call.answered()
        await asyncio.sleep(pause)
        over = await house.over(call, from_="+74955550941")
        seen = await house.the_call(lambda shown, over=over: shown["id"] == over["id"] and shown["settled"])
        assert (seen["outcome"], seen["hangup_by"], seen["recordings"]) == ("abandoned", "caller", [])


async def test_just_after_the_answer(house: House) -> None:
    await house.available("anna")
    for pause in (0.0, 0.002, 0.005, 0.01, 0.03):
        call = await house.call(SALES, from_header=WITHHELD)
        await call.answered()
        await asyncio.sleep(pause)
        seen = await house.over(call)
        assert seen["outcome"] in ("answered", "abandoned")  # whether the two were connected yet
        assert (seen["hangup_by"], offers(seen)) == ("caller", [("anna", "answered")])
        assert (seen["agent"] == "anna") is (seen["outcome"] == "answered")
        assert seen["talk_s"] < 0.3
        await all_free(house, "anna")


async def test_the_agents_phone_answers_as_the_caller_goes(house: House) -> None:
    await house.available("anna")
    house.phones["anna"].behaviour = Ring()
    for pause in (0.0, 0.001, 0.003):
        call = await house.call(SALES, from_header=WITHHELD)
        leg = await house.leg("anna")
        await call.ringing()
        leg.answer()
        await asyncio.sleep(pause)
        await call.hangup()
        seen = await house.ended()
        assert seen["outcome"] in ("answered", "abandoned")
        await all_free(house, "anna")
