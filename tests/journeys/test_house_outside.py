"""Agents call customers: the same card, recording, ledger and missed calls as when customers call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.conftest import fresh_database
from tests.fakes.sip_peer import Answer, Call, IncomingCall, Manual, OutgoingCall, Refuse
from tests.journeys.house import (
    CALLER,
    EVERY_TONE,
    MARINA,
    SALES,
    TONES,
    House,
    codes,
    offers,
    running_house,
    until,
)
from tests.journeys.test_house_record import kept, said, settled_talk, whole

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

WRAP_UP = "wrap_up_s: 2"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_house(postgres_home: Path, template_database: str) -> AsyncIterator[House]:
    """A house that calls outside, and whose sales people have a wrap-up."""

    def more(text: str) -> str:
        return text.replace("wrap_up_s: 0", WRAP_UP, 1)

    async with fresh_database(postgres_home) as dsn, running_house(dsn, outside=True, more=more) as house:
        yield house


async def hear_each_other(agents: Call, customers: Call, agent: str) -> None:
    await asyncio.gather(agents.hears(EVERY_TONE, CALLER), customers.hears(EVERY_TONE, TONES[agent]))


async def talk(house: House, agent: str, number: str) -> tuple[OutgoingCall, IncomingCall]:
    """A customer whom *agent* called has answered."""
    made, leg = await house.call_out(agent, number)
    leg.answer()
    await asyncio.gather(made.answered(), leg.answered())
    await hear_each_other(made, leg, agent)
    return made, leg


async def missed(house: House, number: str) -> int:
    """How many missed calls of *number* are open."""
    async with house.database.hot(timeout_s=5) as connection:
        count = await connection.fetchval("SELECT calls FROM missed_lines WHERE number = $1", number)
    return int(count or 0)


async def until_missed(house: House, number: str, count: int) -> None:
    async def there() -> bool:
        return await missed(house, number) == count

    await until(there, what=f"{count} missed calls of {number}")


def own(shown: dict[str, Any], number: str) -> bool:
    return bool(shown["direction"] == "out" and shown["to"] == number)


async def test_who_called_in_vain_is_called_back(house: House) -> None:
    number = "+74955550951"
    call = await house.call(SALES, number=number)
    await call.answered()  # by the voice that asks for a message
    lost = await house.over(call, from_=number)
    await until_missed(house, number, 1)

    made, leg = await house.call_out("anna", "84955550951")
    assert (leg.called, leg.remote_number, leg.remote_name) == (number[1:], SALES, "")
    seen = await house.the_call(lambda shown: own(shown, number) and shown["customer_id"] is not None)
    assert (seen["state"], seen["agent"], seen["did"], seen["queue"]) == ("offered", "anna", SALES, "sales")
    assert seen["from"] == "101"
    assert seen["customer_id"] == lost["customer_id"]
    await house.until_state("anna", "talking")
    leg.answer()
    await asyncio.gather(made.answered(), leg.answered())
    await hear_each_other(made, leg, "anna")
    await house.the_call(lambda shown: own(shown, number) and shown["state"] == "talking")
    await until_missed(house, number, 0)
    await asyncio.sleep(1.0)  # something to record
    await leg.hangup()
    await made.ended()

    seen = await house.ended(to=number)
    assert (seen["outcome"], seen["hangup_by"], seen["agent"]) == ("answered", "caller", "anna")
    assert codes(seen)[:3] == ["called", "identified_customer", "reached"]
    recording = await kept(house, seen["id"])
    assert (recording["state"], recording["reason"]) == ("ok", None)
    talk_s = await settled_talk(house, seen["id"])
    assert recording["duration_s"] == pytest.approx(talk_s, rel=0.25)
    left, right = map(said, whole(house, seen["id"]))
    assert (list(left), list(right)) == ([CALLER], [TONES["anna"]])
    await house.until_state("anna", "offline")  # as she was

    async def owned() -> bool:
        card = await house.get(f"/api/v1/customers/{seen['customer_id']}")
        return bool(card["owner"] == "anna")

    await until(owned, what="anna to own the card of whom she talked with first")


async def test_who_was_not_reached_stays_missed(house: House) -> None:
    number = "+74955550952"
    call = await house.call(SALES, number=number)
    await call.answered()
    await house.over(call, from_=number)
    await until_missed(house, number, 1)
    await house.available("anna")
    for said_no in (True, False):
        made, leg = await house.call_out("anna", number)
        await house.until_state("anna", "talking")
        if said_no:
            leg.refuse(486)
            await made.ended()
            assert made.status == 486
        else:
            await made.hangup()
            await leg.ended()
        seen = await house.ended(to=number)
        expected = ("failed", "system") if said_no else ("abandoned", "agent")
        assert (seen["outcome"], seen["hangup_by"]) == expected
        assert (seen["agent"], seen["recordings"], seen["talk_s"]) == ("anna", [], 0)
        await house.until_state("anna", "available")  # nothing to wrap up
    assert await missed(house, number) == 1


async def test_who_calls_gets_no_offer_and_wraps_up(house: House) -> None:
    await house.available("anna", "elena")
    made, leg = await talk(house, "elena", "+994125550953")
    caller = await house.call(SALES, number=MARINA)  # a card of elena's
    taken = await house.leg("anna")
    await caller.answered()
    await hear_each_other(taken, caller, "anna")
    await caller.hangup()
    assert offers(await house.ended(from_=MARINA)) == [("anna", "answered")]
    await made.hangup()
    await leg.ended()
    seen = await house.ended(to="+994125550953")
    assert (seen["outcome"], seen["hangup_by"], seen["agent"]) == ("answered", "agent", "elena")
    await house.until_state("elena", "wrap_up")
    await house.until_state("elena", "available")


async def test_a_press_on_a_number_lets_the_own_telephone_ring_and_call(house: House) -> None:
    number = "+74955550954"
    await house.available("elena")
    house.phones["elena"].behaviour = Manual()
    house.trunk.forget_invites()
    await house.post("/phone/dial", {"number": "8 (495) 555-09-54"}, who="elena", status=204)
    own_leg = await house.leg("elena")
    assert own_leg.remote_number == number, "what is called is shown on it"
    again = await house.post("/phone/dial", {"number": number}, who="elena", status=409)
    assert again["detail"] == "You are in a call."
    own_leg.answer()
    leg = await house.trunk.next_invite()
    assert (leg.called, leg.remote_number) == (number[1:], SALES)
    leg.answer()
    await asyncio.gather(own_leg.answered(), leg.answered())
    await hear_each_other(own_leg, leg, "elena")
    await leg.hangup()
    await own_leg.ended()
    seen = await house.ended(to=number)
    assert (seen["from"], seen["from_raw"], seen["agent"]) == ("102", "102", "elena")
    assert (seen["outcome"], seen["hangup_by"]) == ("answered", "caller")
    assert await settled_talk(house, seen["id"]) == pytest.approx(seen["talk_s"], abs=0.3)
    await house.until_state("elena", "wrap_up")
    refused = await house.post("/phone/dial", {"number": "+15555550142"}, who="elena", status=400)
    assert refused["detail"] == "This number is not called from here."


async def test_a_press_that_is_not_picked_up_calls_nobody_and_keeps_nobody(house: House) -> None:
    known = len(await house.calls())
    await house.available("anna")
    house.phones["anna"].behaviour = Refuse(486)
    await house.post("/phone/dial", {"number": MARINA}, who="anna", status=204)
    await house.leg("anna")
    house.phones["anna"].behaviour = Answer()
    call = await house.call(number="+74955550955")
    taken = await house.leg("anna")
    await asyncio.gather(call.answered(), taken.answered())
    await call.hangup()
    await house.ended(from_="+74955550955")
    assert len(await house.calls()) == known + 1, "what nobody picked up is no call"


@pytest.mark.parametrize("way", ["blind", "queue", "attended"])
async def test_a_customer_who_was_called_is_handed_over_and_recorded_on(house: House, way: str) -> None:
    await house.available("rashid")
    known = len(await house.calls())
    made, leg = await talk(house, "anna", MARINA)
    house.phones["rashid"].forget_invites()
    await asyncio.sleep(0.5)
    if way == "attended":
        assert await made.hold() == 200
        consult = await house.phones["anna"].dial("103")
        taken = await house.leg("rashid")
        await consult.answered()
        await made.join(consult)
    else:
        assert await made.refer(house.extension("702" if way == "queue" else "103")) == 202
        taken = await house.leg("rashid")
        assert await made.transferred() == 200
        await made.hangup()
        assert taken.remote_number == MARINA
    await hear_each_other(taken, leg, "rashid")
    await asyncio.sleep(0.5)
    await leg.hangup()
    await taken.ended()
    seen = await house.ended(to=MARINA)
    assert len(await house.calls()) == known + 1
    assert (seen["agent"], seen["outcome"], seen["hangup_by"]) == ("rashid", "answered", "caller")
    assert seen["customer_title"] == "Marina Volkova"
    recording = await kept(house, seen["id"])
    assert (recording["state"], recording["reason"]) == ("ok", None)
    left, right = map(said, whole(house, seen["id"]))
    assert list(right) == [TONES["anna"], TONES["rashid"]]
    assert left[CALLER] >= recording["duration_s"] * 0.6
