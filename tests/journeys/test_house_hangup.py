"""Callers hang up whenever they like: nothing rings on, nobody stays busy, every call has its outcome."""

from __future__ import annotations

import asyncio

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
    assert codes(seen)[-2:] == ["ended_by", "settled"] or codes(seen)[-1] == "ended_by"
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
