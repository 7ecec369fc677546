"""The worker is killed or frozen at each moment of a call. Asterisk goes on, and so does every caller."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import pairwise

import pytest
import pytest_asyncio

from tests.fakes.sip_peer import Answer, OutgoingCall, Ring
from tests.journeys.front import SUPPORT, until
from tests.journeys.running_callcard import Callcard, frozen, running_callcard, talk

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

NET_S = 2.5  # from the INVITE to the net, when the router says nothing
WAITING_S = 24.0  # for one who waits already: the announcement, a slice of music, the ask nobody answers


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def callcard() -> AsyncIterator[Callcard]:
    async with running_callcard() as running:
        yield running


async def test_killed_before_the_decision_the_net_finds_the_agent(callcard: Callcard) -> None:
    await callcard.at_work("anna")
    killed = callcard.worker_pid
    with frozen([killed]):  # the kernel takes the question, nobody reads it
        call = await callcard.call(number="+74955551001")
        await asyncio.sleep(0.3)
        callcard.kill_worker()
    agent, leg = await callcard.rung("+74955551001", timeout=NET_S)
    assert agent == "anna"
    await call.answered()
    await talk(call, leg)
    await callcard.worker_back(killed)
    await callcard.until_state("anna", "talking")
    await leg.hangup()
    seen = await callcard.ended("+74955551001")
    assert (seen["agent"], seen["outcome"], seen["queue"]) == ("anna", "answered", "sales")
    await callcard.carded("+74955551001")
    await callcard.until_state("anna", "available")
    await callcard.audit()


async def test_killed_in_mid_ring_the_phone_rings_on_and_is_not_offered_it_again(callcard: Callcard) -> None:
    await callcard.at_work("anna", "elena")
    for phone in callcard.phones.values():
        phone.behaviour = Ring()
    call = await callcard.call(number="+74955551002")
    agent, leg = await callcard.rung("+74955551002")
    await call.ringing()
    killed = callcard.kill_worker()
    await callcard.worker_back(killed)
    await callcard.until_state(agent, "ringing")
    assert leg.ended_at is None, "the phone rings on"
    leg.answer()
    await call.answered()
    await talk(call, leg)
    await callcard.until_state(agent, "talking")
    await call.hangup()
    seen = await callcard.ended("+74955551002")
    assert (seen["agent"], seen["outcome"], seen["hangup_by"]) == (agent, "answered", "caller")
    assert [name for name, _ in callcard.legs_of("+74955551002")] == [agent], "one offer, to one agent"
    await callcard.until_state(agent, "available")
    await callcard.audit()


async def test_killed_in_mid_talk_nobody_hears_it_and_the_call_is_whole(callcard: Callcard) -> None:
    await callcard.at_work("anna")
    call = await callcard.call(number="+74955551003")
    _, leg = await callcard.rung("+74955551003")
    await call.answered()
    began = time.monotonic()
    await talk(call, leg)
    killed = callcard.kill_worker()
    killed_at = datetime.now(UTC)
    await talk(call, leg)
    await callcard.worker_back(killed)
    await callcard.until_state("anna", "talking")
    shown = await callcard.get("/api/v1/agents/anna")
    assert datetime.fromisoformat(shown["since"]) < killed_at, "the talk is as old as it is"
    await talk(call, leg)
    await leg.hangup()
    talked = time.monotonic() - began
    seen = await callcard.ended("+74955551003")
    assert (seen["agent"], seen["outcome"], seen["hangup_by"]) == ("anna", "answered", "agent")
    assert seen["talk_s"] == pytest.approx(talked, abs=0.5)
    (recording,) = seen["recordings"]
    assert recording["state"] == "ok"
    assert recording["duration_s"] == pytest.approx(talked, abs=0.5)
    await callcard.until_state("anna", "available")
    await callcard.audit()


async def test_killed_twice_within_a_call_that_ends_meanwhile_leaves_no_ghost(callcard: Callcard) -> None:
    await callcard.at_work("anna")
    call = await callcard.call(number="+74955551004")
    await callcard.rung("+74955551004")
    await call.answered()
    killed = callcard.kill_worker()
    await call.hangup()
    await callcard.worker_back(killed)
    killed = callcard.kill_worker()
    await callcard.worker_back(killed)
    seen = await callcard.ended("+74955551004")
    assert (seen["agent"], seen["outcome"]) == ("anna", "answered")
    await callcard.carded("+74955551004")
    await callcard.until_state("anna", "available")
    await callcard.audit()


async def test_killed_while_callers_wait_they_reach_the_agent_in_their_order(callcard: Callcard) -> None:
    await callcard.at_work("anna")
    callcard.phones["anna"].behaviour = Answer()
    first = await callcard.call(number="+74955551005")
    _, leg = await callcard.rung("+74955551005")
    await first.answered()
    waiting = []
    for number in ("+74955551006", "+74955551007"):
        waiting.append(await callcard.call(number=number))
        await _waits(callcard, number)
    killed = callcard.kill_worker()
    await callcard.worker_back(killed)
    await leg.hangup()
    _, second = await callcard.rung("+74955551006", timeout=30)
    assert not callcard.legs_of("+74955551007"), "the older caller comes first"
    await talk(waiting[0], second)
    await second.hangup()
    _, third = await callcard.rung("+74955551007", timeout=30)
    await talk(waiting[1], third)
    await third.hangup()
    for number in ("+74955551005", "+74955551006", "+74955551007"):
        assert (await callcard.ended(number))["outcome"] == "answered"
    await callcard.until_state("anna", "available")
    await callcard.audit()


async def test_frozen_new_and_waiting_callers_reach_the_net_and_late_answers_are_ignored(
    callcard: Callcard,
) -> None:
    await callcard.at_work("anna", "elena", "rashid")
    talking, waiting = ("+74955552001", "+74955552002"), "+74955552003"
    new = ("+74955552011", "+74955552012", "+74955552013")
    calls = {}
    for number in talking:
        calls[number] = await callcard.call(number=number)
        await calls[number].answered()
    calls[waiting] = await callcard.call(number=waiting)
    await _waits(callcard, waiting)
    with frozen([callcard.worker_pid]):
        for number in new:
            calls[number] = await callcard.call(SUPPORT, number=number)
            await asyncio.sleep(0.1)  # so that there is an order
        for number in new:
            await calls[number].answered()  # by rashid, or by the net's music
        agent, leg = await callcard.rung(new[0])
        assert (agent, leg.received_at - calls[new[0]].invited_at < NET_S) == ("rashid", True)
        assert max(_took(calls[number]) for number in new) < NET_S
        elenas = next(number for number in talking if callcard.legs_of(number)[0][0] == "elena")
        await callcard.legs_of(elenas)[0][1].hangup()
        await callcard.rung(waiting, timeout=WAITING_S)
    served = [number for number in calls if number not in (elenas, *new[1:])]
    await until(lambda: _talking(callcard, len(served)), what="the router to see who talks")
    await asyncio.sleep(1.0)
    for number in served:
        assert len(callcard.legs_of(number)) == 1, "late answers change nothing"
        await talk(calls[number], callcard.legs_of(number)[0][1])
    for older, newer in pairwise(new):
        await callcard.legs_of(older)[0][1].hangup()
        agent, leg = await callcard.rung(newer)
        assert agent == "rashid"
        await talk(calls[newer], leg)
    for call in calls.values():
        await call.hangup()
    for number in calls:
        seen = await callcard.ended(number)
        assert (seen["outcome"], seen["agent"]) == ("answered", callcard.legs_of(number)[0][0])
        await callcard.carded(number)
    for agent in ("anna", "elena", "rashid"):
        await callcard.until_state(agent, "available")
    await callcard.audit()


def _took(call: OutgoingCall) -> float:
    assert call.answered_at is not None
    return call.answered_at - call.invited_at


async def _waits(callcard: Callcard, number: str) -> None:
    async def waiting() -> bool:
        return [call["state"] for call in await callcard.by_number(number)] == ["waiting"]

    await until(waiting, what=f"{number} to wait")


async def _talking(callcard: Callcard, count: int) -> bool:
    return [call["state"] for call in await callcard.calls()].count("talking") == count
