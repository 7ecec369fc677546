"""The manager connection is lost, goes silent, or is refused. Calls never notice; the picture heals."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.fakes.tcp_proxy import TcpProxy
from tests.journeys.front import until
from tests.journeys.running_callcard import Callcard, over_manager, running_callcard, talk

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

HALF_OPEN_S = 6.0  # a ping every 3 s, given 3 s
_FOUND_S = 2.0  # how soon the loss is shown, and everything seen again


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def callcard() -> AsyncIterator[Callcard]:
    async with running_callcard(proxy=True) as running:
        yield running


def _proxy(callcard: Callcard) -> TcpProxy:
    assert callcard.ami is not None
    return callcard.ami


async def _two_talk(callcard: Callcard, *numbers: str) -> None:
    await callcard.at_work("anna", "elena")
    for number in numbers:
        call = await callcard.call(number=number)
        await call.answered()
        _, leg = await callcard.rung(number)
        await talk(call, leg)


async def _end_one(callcard: Callcard, number: str) -> None:
    _, leg = callcard.legs_of(number)[0]
    await leg.hangup()


async def _whole_again(callcard: Callcard, ended: str, lives: str) -> None:
    """The call that ended meanwhile is over, the other goes on; nothing is there twice."""
    seen = await callcard.ended(ended)
    assert (seen["outcome"], seen["hangup_by"]) == ("answered", "agent")
    (other,) = await callcard.by_number(lives)
    assert other["state"] == "talking"
    await callcard.until_state(callcard.legs_of(ended)[0][0], "available")
    await _end_one(callcard, lives)
    seen = await callcard.ended(lives)
    assert [leg["role"] for leg in seen["legs"]] == ["customer", "agent"]
    assert [line["code"] for line in seen["trace"]].count("answered") == 1
    for agent in ("anna", "elena"):
        await callcard.until_state(agent, "available")
    await callcard.audit()


async def test_lost_and_back_a_call_that_ended_meanwhile_is_ended(callcard: Callcard) -> None:
    ends, lives = "+74955554001", "+74955554002"
    await _two_talk(callcard, ends, lives)
    _proxy(callcard).refuse()
    await callcard.until_health("ami.listener", "down", timeout=_FOUND_S)
    await _end_one(callcard, ends)
    await asyncio.sleep(0.5)
    _proxy(callcard).pass_on()
    await callcard.until_health("ami.listener", "up", timeout=_FOUND_S + 2.0)
    await _whole_again(callcard, ends, lives)


async def test_half_open_is_found_within_six_seconds(callcard: Callcard) -> None:
    ends, lives = "+74955554011", "+74955554012"
    await _two_talk(callcard, ends, lives)
    _proxy(callcard).stall()
    began = time.monotonic()
    await _end_one(callcard, ends)
    await callcard.until_health("ami.listener", "down", timeout=HALF_OPEN_S + 1.0)
    assert time.monotonic() - began < HALF_OPEN_S + 0.5
    _proxy(callcard).pass_on()
    await callcard.until_health("ami.listener", "up", timeout=_FOUND_S + 5.0)
    await _whole_again(callcard, ends, lives)


async def test_while_it_is_lost_calls_still_find_an_agent(callcard: Callcard) -> None:
    await callcard.at_work("anna", "elena")
    _proxy(callcard).refuse()
    await callcard.until_health("ami.actor", "down", timeout=_FOUND_S)
    calls = {}
    for number in ("+74955554021", "+74955554022"):
        calls[number] = await callcard.call(number=number)
        await calls[number].answered()
        _, leg = await callcard.rung(number)
        await talk(calls[number], leg)
    await calls["+74955554021"].hangup()
    _proxy(callcard).pass_on()
    await callcard.until_health("ami.listener", "up", timeout=_FOUND_S + 5.0)
    await callcard.until_health("router", "up")
    await calls["+74955554022"].hangup()
    agents = set()
    for number in calls:
        seen = await callcard.ended(number)
        assert seen["outcome"] == "answered"
        agents.add(seen["agent"])
    assert agents == {"anna", "elena"}, "nobody was offered two calls"
    for agent in agents:
        await callcard.until_state(agent, "available")
    await callcard.audit()


async def test_a_transfer_during_an_outage_stays_one_call(callcard: Callcard) -> None:
    await callcard.at_work("anna")
    number = "+74955554031"
    call = await callcard.call(number=number)
    await call.answered()
    _, leg = await callcard.rung(number)
    await talk(call, leg)
    _proxy(callcard).refuse()
    await callcard.until_health("ami.listener", "down", timeout=_FOUND_S)
    sip = callcard.office.sip
    assert await leg.refer(f"sip:102@{sip.bind}:{sip.port}") == 202  # elena's extension

    async def with_elena() -> bool:
        return any(name == "elena" and one.answered_at for name, one in callcard.invites)

    await until(with_elena, what="elena to take the transferred call")
    taken = next(one for name, one in callcard.invites if name == "elena")
    await talk(call, taken)
    _proxy(callcard).pass_on()
    await callcard.until_health("ami.listener", "up", timeout=_FOUND_S + 5.0)
    await callcard.until_state("anna", "available")
    await callcard.until_state("elena", "talking")
    await taken.hangup()
    seen = await callcard.ended(number)
    assert seen["agent"] == "elena"
    assert {leg["agent"] for leg in seen["legs"]} == {None, "anna", "elena"}
    await callcard.until_state("elena", "offline")
    await callcard.audit()


async def test_a_wrong_secret_is_one_clear_state_and_calls_go_to_the_net() -> None:
    changed = over_manager("[callcard-listener](+)\nsecret = x\n[callcard-actor](+)\nsecret = x\n")
    async with running_callcard(proxy=True, overlay=changed, leads=False) as callcard:
        for part in ("ami.listener", "ami.actor"):
            await callcard.until_health(part, "down: Authentication failed")
        tries = _proxy(callcard).accepted
        await asyncio.sleep(4.0)
        assert _proxy(callcard).accepted - tries <= 4, "two links, ever more seldom"
        call = await callcard.call(number="+74955554041")
        await call.answered()

        async def voicemail() -> bool:
            return "!cc-voicemail!" in await callcard.pbx.control.run("core show channels concise")

        await until(voicemail, timeout=20, what="voicemail: the net has no agents either")
        await call.hangup()
        seen = await callcard.ended("+74955554041", timeout=30)
        assert (seen["queue"], seen["agent"]) == ("sales", None)
