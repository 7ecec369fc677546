"""Who takes the call: owner, least loaded, next one; and how agents say whether they work."""

from __future__ import annotations

import time

import pytest

from tests.fakes.sip_peer import Answer, Refuse, Ring, Silent
from tests.journeys.house import BRIEF, MARINA, SALES, SUPPORT, WITHHELD, House, codes, offers, texts, until

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]


async def misses(house: House, agent: str) -> int:
    """Unanswered offers in a row, as the database has them."""
    async with house.database.hot(timeout_s=5) as connection:
        return int(await connection.fetchval("SELECT misses FROM agent_presence WHERE agent = $1", agent))


async def test_equal_loads_go_to_who_is_idle_longest(house: House) -> None:
    await house.available("elena")
    await house.available("anna")
    for agent in ("elena", "anna", "elena"):
        call, _ = await house.talk(agent, from_header=WITHHELD)
        seen = await house.over(call, agent=agent)
        assert {"chosen_least_loaded", "tie_longest_idle"} <= set(codes(seen))
        await house.until_state(agent, "available")


async def test_a_busy_owner_leaves_the_call_to_the_other(house: House) -> None:
    await house.available("elena", "anna")  # she is first also where nobody was looked up in time
    first, _ = await house.talk("elena", number=MARINA)
    second, _ = await house.talk("anna", number=MARINA)
    seen = await house.over(second, agent="anna")
    await house.over(first, agent="elena")
    assert (seen["from"], seen["owner"]) == (MARINA, "elena")
    assert "The card's owner, Elena, cannot take the call: talking." in texts(seen)
    assert offers(seen) == [("anna", "answered")]


async def test_no_answer_goes_on_to_the_next_within_the_ring_time(house: House) -> None:
    await house.available("anna", "elena")
    house.phones["elena"].behaviour = Ring()
    call = await house.call(number=MARINA)
    tried = await house.leg("elena")
    taken = await house.leg("anna", timeout=30)
    await call.answered()
    assert tried.ended_by == "them" and tried.ended_at is not None and tried.ringing_at is not None
    assert 2.5 < tried.ended_at - tried.ringing_at < 3.6, "ring_s is 3"
    assert taken.received_at - tried.ended_at < 3
    seen = await house.over(call, from_=MARINA)
    assert offers(seen) == [("elena", "no_answer"), ("anna", "answered")]
    assert await misses(house, "elena") == 1
    assert "Elena did not answer." in texts(seen)
    assert 2.7 < seen["ring_s"] < 3.5


async def test_refused_goes_on_and_too_many_misses_are_not_answering(house: House) -> None:
    await house.available("anna", "elena")
    house.phones["elena"].behaviour = Refuse(486)
    for _ in range(3):  # max_misses
        call, _ = await house.talk("anna", number=MARINA)
        seen = await house.over(call, from_=MARINA)
        assert offers(seen) == [("elena", "refused"), ("anna", "answered")]
        await house.until_state("anna", "available")
    await house.until_state("elena", "not_answering")
    house.phones["elena"].behaviour = Answer()
    seen = await house.over((await house.talk("anna", number=MARINA))[0], from_=MARINA)
    assert offers(seen) == [("anna", "answered")]
    await house.available("elena")  # she says that she is back
    seen = await house.over((await house.talk("elena", number=MARINA))[0], from_=MARINA)
    assert offers(seen) == [("elena", "answered")]
    assert await misses(house, "elena") == 0


async def test_a_phone_that_is_gone_costs_seconds_once_and_its_agent_nothing(house: House) -> None:
    await house.available("anna", "elena")
    phone = house.phones["elena"]
    phone.behaviour = Silent()
    began = time.monotonic()
    call, _ = await house.talk("anna", number=MARINA)
    assert time.monotonic() - began < 12, "it would ring for twenty"
    seen = await house.over(call, from_=MARINA)
    assert offers(seen) == [("elena", "unreachable"), ("anna", "answered")]
    assert await misses(house, "elena") == 0
    await house.until_state("anna", "available")
    seen = await house.over((await house.talk("anna", number=MARINA))[0], from_=MARINA)
    assert offers(seen) == [("anna", "answered")], "known to be out: not tried again"
    phone.behaviour = Answer()
    code = await phone.dial("*50")
    await code.answered()
    await code.hangup()
    await house.until_state("anna", "available")
    seen = await house.over((await house.talk("elena", number=MARINA))[0], from_=MARINA)
    assert offers(seen) == [("elena", "answered")], "it was heard of: it is back"


async def test_work_still_to_be_done_is_load(house: House) -> None:
    await house.available("anna")
    await house.over((await house.talk("anna", number="+74955550501"))[0], agent="anna")

    async def loaded() -> bool:
        return bool((await house.get("/api/v1/agents/anna"))["load"] >= 3)  # one provisional card

    await until(loaded, what="anna's new card to be load")
    await house.available("rashid")  # idle for less long, and not loaded
    seen = await house.over((await house.talk("rashid", SUPPORT, from_header=WITHHELD))[0], agent="rashid")
    considered = [line["values"] for line in seen["trace"] if line["code"] == "considered"]
    assert {line["agent"] for line in considered} == {"anna", "rashid"}
    assert "chosen_least_loaded" in codes(seen)


async def test_a_break_takes_no_call_and_says_why(house: House) -> None:
    await house.available("anna", "elena")
    await house.set_state("elena", "break", reason="lunch")
    await house.until_state("elena", "break")
    assert (await house.get("/api/v1/agents/elena"))["reason"] == "lunch"
    seen = await house.over((await house.talk("anna", number=MARINA))[0], from_=MARINA)
    assert offers(seen) == [("anna", "answered")]
    assert "The card's owner, Elena, cannot take the call: on a break." in texts(seen)


async def test_codes_dialled_on_the_phone_choose_the_state(house: House) -> None:
    known = len(await house.calls())
    for code, state in (("*50", "available"), ("*51", "break"), ("*52", "offline")):
        call = await house.phones["elena"].dial(code)
        await call.answered()
        await house.until_state("elena", state)
        await call.hangup()

    async def written() -> bool:  # behind what is shown
        async with house.database.hot(timeout_s=5) as connection:
            chosen = await connection.fetchval("SELECT chosen FROM agent_presence WHERE agent = 'elena'")
        return bool(chosen == "offline")

    await until(written, what="the last choice to be written")
    assert len(await house.calls()) == known, "choosing a state is no call"


async def test_a_phone_that_logs_in_makes_its_agent_available(house: House) -> None:
    phone = house.phones["dina"]
    assert (await house.get("/api/v1/agents/dina"))["state"] == "offline"
    await phone.register()
    await house.until_state("dina", "available")
    seen = await house.over((await house.talk("dina", BRIEF, from_header=WITHHELD))[0], agent="dina")
    assert seen["outcome"] == "answered"
    await phone.unregister()
    await house.until_state("dina", "offline", timeout=30)  # gone for five seconds


async def test_unknown_extensions_and_outside_numbers_are_not_dialled(house: House) -> None:
    known = len(await house.calls())
    for target in ("199", "+74957770000", SALES, "*99"):
        call = await house.phones["elena"].dial(target)
        await call.ended()
        assert call.status == 404, target
    assert len(await house.calls()) == known
