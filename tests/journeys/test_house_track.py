"""What a call is shown to have been: times, sides, hold, internal calls, the trace in plain words."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from tests.fakes.sip_peer import Answer, IncomingCall, OutgoingCall, Refuse
from tests.journeys.house import (
    CALLER,
    EVERY_TONE,
    MARINA,
    SALES,
    SUPPORT,
    TONES,
    WITHHELD,
    House,
    codes,
    offers,
    texts,
)

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

CLOSE = 0.3  # seconds that a duration may differ from what the peers' clock says


def same_times(seen: dict[str, Any], call: OutgoingCall, leg: IncomingCall) -> None:
    """Waiting, ringing and talking as both phones had it."""
    assert call.ended_at and leg.answered_at and leg.ringing_at and leg.confirmed_at
    assert abs(seen["wait_s"] - (leg.answered_at - call.invited_at)) < CLOSE
    assert abs(seen["ring_s"] - (leg.answered_at - leg.ringing_at)) < CLOSE
    ended = min(call.ended_at, leg.ended_at or call.ended_at)
    assert abs(seen["talk_s"] - (ended - leg.confirmed_at)) < CLOSE
    (customer,) = [shown for shown in seen["legs"] if shown["role"] == "customer"]
    (agent,) = [shown for shown in seen["legs"] if shown["agent"] == seen["agent"]]
    assert abs(agent["talk_s"] - seen["talk_s"]) < CLOSE and abs(customer["talk_s"] - seen["talk_s"]) < CLOSE


async def test_both_hear_each_other_and_the_times_are_right(house: House) -> None:
    house.phones["anna"].behaviour = Answer(after=0.8)
    await house.available("anna")
    call, leg = await house.talk("anna", from_header=WITHHELD)
    await asyncio.gather(call.hears(EVERY_TONE, TONES["anna"]), leg.hears(EVERY_TONE, CALLER))
    await asyncio.sleep(1.0)
    seen = await house.over(call)
    await leg.ended()
    same_times(seen, call, leg)
    assert 0.7 < seen["ring_s"] < 1.1
    assert (seen["hangup_by"], seen["outcome"], seen["agent"]) == ("caller", "answered", "anna")


async def test_the_agent_hangs_up(house: House) -> None:
    await house.available("anna")
    call, leg = await house.talk("anna", from_header=WITHHELD)
    await asyncio.sleep(0.5)
    await leg.hangup()
    await call.ended()
    assert call.ended_by == "them"
    seen = await house.ended(agent="anna")
    same_times(seen, call, leg)
    assert (seen["hangup_by"], seen["outcome"]) == ("agent", "answered")
    assert "Ended by: the agent." in texts(seen)
    await house.until_state("anna", "available")


async def test_hold_and_resume(house: House) -> None:
    await house.available("anna")
    call, leg = await house.talk("anna", number=MARINA)
    assert await leg.hold() == 200
    held = await house.the_call(lambda shown: shown["state"] == "held")
    await call.hears(EVERY_TONE, None)  # music is none of the tones
    await house.until_state("anna", "talking")
    assert await leg.resume() == 200
    await house.the_call(lambda shown: shown["id"] == held["id"] and shown["state"] == "talking")
    await asyncio.gather(call.hears(EVERY_TONE, TONES["anna"]), leg.hears(EVERY_TONE, CALLER))
    seen = await house.over(call, from_=MARINA)
    assert (seen["id"], seen["outcome"]) == (held["id"], "answered")
    same_times(seen, call, leg)


async def test_a_call_between_agents_makes_both_busy(house: House) -> None:
    await house.available("anna", "elena", "rashid")
    inside = await house.phones["anna"].dial("102")
    leg = await house.leg("elena")
    await inside.answered()
    assert (leg.remote_number, leg.remote_name) == ("101", "Anna")
    await asyncio.gather(inside.hears(EVERY_TONE, TONES["elena"]), leg.hears(EVERY_TONE, TONES["anna"]))
    for agent in ("anna", "elena"):
        await house.until_state(agent, "talking")
    outside, _ = await house.talk("rashid", SUPPORT, number=MARINA)  # a card of elena's, in anna's queue
    seen = await house.over(outside, from_=MARINA)
    assert offers(seen) == [("rashid", "answered")]
    assert not house.phones["elena"].calls[1:] and not house.phones["anna"].calls[1:]
    await inside.hangup()
    seen = await house.ended(direction="internal")
    assert (seen["outcome"], seen["agent"], seen["to"]) == ("answered", "elena", "102")
    assert (seen["customer_id"], seen["hangup_by"], seen["recordings"]) == (None, "caller", [])
    assert codes(seen)[0] == "arrived_internal"
    for agent in ("anna", "elena"):
        await house.until_state(agent, "available")


async def test_a_colleague_who_refuses_an_internal_call(house: House) -> None:
    await house.available("anna", "elena")
    house.phones["elena"].behaviour = Refuse(486)
    inside = await house.phones["anna"].dial("102")
    await inside.ended()
    assert inside.status == 486
    seen = await house.ended(direction="internal")
    assert (seen["outcome"], seen["agent"], seen["talk_s"]) == ("failed", None, 0)
    for agent in ("anna", "elena"):
        await house.until_state(agent, "available")


async def test_an_agent_may_call_a_queue(house: House) -> None:
    await house.available("anna", "rashid")
    inside = await house.phones["anna"].dial("702")
    leg = await house.leg("rashid")
    await inside.answered()
    await asyncio.gather(inside.hears(EVERY_TONE, TONES["rashid"]), leg.hears(EVERY_TONE, TONES["anna"]))
    await leg.hangup()
    seen = await house.ended(direction="internal")
    assert (seen["outcome"], seen["agent"], seen["queue"]) == ("answered", "rashid", "support")
    assert offers(seen) == [("rashid", "answered")], "never to the agent who calls"


async def test_the_trace_says_it_in_plain_words(house: House) -> None:
    await house.available("anna", "elena")
    house.phones["elena"].behaviour = Refuse(486)
    call, _ = await house.talk("anna", SALES, number=MARINA)
    seen = await house.over(call, from_=MARINA)
    said = [re.sub(r"after [0-9.]+ s", "after … s", text) for text in texts(seen) if "load" not in text]
    assert said[:11] == [
        f"A call came in on {SALES} for Sales.",
        "The caller is Marina Volkova.",
        "The card's owner, Elena, is available.",
        "Elena was chosen as the card's owner.",
        "Offered to Elena for 3 s.",
        "Elena refused the call.",
        "The card's owner, Elena, cannot take the call: was offered this call before.",
        "Offered to Anna for 3 s.",
        "Anna answered.",
        "Anna and the caller talk, after … s.",
        "Ended by: the caller.",
    ]
    moments = [line["at"] for line in seen["trace"]]
    assert moments == sorted(moments)
