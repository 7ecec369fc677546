"""PostgreSQL is stopped, or frozen, under calls. Calls go on; facts are written down when it is back."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import pytest_asyncio

from tests.fakes.sip_peer import OutgoingCall
from tests.journeys.front import until
from tests.journeys.running_callcard import Callcard, frozen, running_callcard, talk

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

FROZEN_S = 30.0
STOPPED_S = 3.0
NEW_CALL_S = 2.0  # from the INVITE to the agent's phone: longer the dialplan waits for no decision


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def callcard() -> AsyncIterator[Callcard]:
    async with running_callcard() as running:
        yield running


async def _new_calls(callcard: Callcard, numbers: Iterable[str]) -> dict[str, OutgoingCall]:
    """One call after another, each answered by the agent it was routed to."""
    calls = {}
    for number in numbers:
        call = calls[number] = await callcard.call(number=number)
        await call.answered()
        _, leg = await callcard.rung(number)
        assert leg.received_at - call.invited_at < NEW_CALL_S
        await talk(call, leg)
    return calls


def _once(seen: dict[str, Any]) -> None:
    """Nothing is said twice of a call."""
    codes = [line["code"] for line in seen["trace"]]
    for code in ("arrived", "answered", "settled", "ended_by"):
        assert codes.count(code) == 1, codes
    assert len({offer["id"] for offer in seen["offers"]}) == len(seen["offers"]) == 1
    assert len(seen["recordings"]) == 1


@contextmanager
def _stopped(callcard: Callcard) -> Iterator[None]:
    """Killed, and whatever is started in its place finds data of no version and ends at once."""
    version = callcard.supervisor.layout.postgres / "data" / "PG_VERSION"
    aside = version.with_name("aside")
    version.rename(aside)
    try:
        os.kill(callcard.postgres_pids()[0], signal.SIGKILL)
        yield
    finally:
        aside.rename(version)


async def test_stopped_under_calls_nothing_of_them_is_lost(callcard: Callcard) -> None:
    await callcard.at_work("anna", "elena", "rashid")
    calls = await _new_calls(callcard, ["+74955553001"])
    with _stopped(callcard):
        calls |= await _new_calls(callcard, ["+74955553002"])
        await callcard.until_health("database", "down")
        await callcard.until_health("journal", "degraded")
        await calls["+74955553002"].hangup()
        await asyncio.sleep(STOPPED_S)
        calls |= await _new_calls(callcard, ["+74955553003"])
    await callcard.until_health("database", "up", timeout=20)
    await calls["+74955553001"].hangup()
    await calls["+74955553003"].hangup()
    for number in calls:
        assert (await callcard.ended(number))["outcome"] == "answered"
        seen = await callcard.carded(number)
        _once(seen)
    await callcard.audit()


async def test_frozen_for_half_a_minute_calls_go_on_and_facts_arrive_later(callcard: Callcard) -> None:
    """All that is promised inside one freeze: talks, new calls, an answer to who asks, a new worker."""
    await callcard.at_work("anna", "elena", "rashid")
    calls = await _new_calls(callcard, ["+74955553011"])
    await until(lambda: _copied(callcard), what="the states of agents to be copied")
    began = time.monotonic()
    with frozen(callcard.postgres_pids()):
        await calls["+74955553011"].hangup()
        await asyncio.sleep(0.2)
        calls |= await _new_calls(callcard, ["+74955553012", "+74955553013"])
        await callcard.until_health("database", "down")
        await callcard.until_health("journal", "degraded")  # facts are on disk
        await _asked_in_vain(callcard)
        await calls["+74955553012"].hangup()
        await _another_worker(callcard)
        calls |= await _new_calls(callcard, ["+74955553014"])
        await asyncio.sleep(max(0.0, FROZEN_S - 1.0 - (time.monotonic() - began)))
        for number in ("+74955553013", "+74955553014"):
            await talk(calls[number], callcard.legs_of(number)[0][1])
        await calls["+74955553013"].hangup()
        await asyncio.sleep(max(0.0, FROZEN_S - (time.monotonic() - began)))
    await callcard.until_health("database", "up", timeout=30)
    await callcard.until_health("journal", "up", timeout=30)
    await until(lambda: _shows(callcard), timeout=30, what="the new worker's live view to be loaded")
    await calls["+74955553014"].hangup()
    for number in calls:
        assert (await callcard.ended(number, timeout=20))["outcome"] == "answered"
        seen = await callcard.carded(number)
        assert seen["agent"] == callcard.legs_of(number)[0][0]
        assert "net" not in [line["code"] for line in seen["trace"]], "routed, not caught by the net"
        _once(seen)
    for agent in ("anna", "elena", "rashid"):
        await callcard.until_state(agent, "available")
    await callcard.audit()


async def _copied(callcard: Callcard) -> bool:
    """Whether a router that starts without the database would find everybody at work."""
    rows = json.loads(callcard.supervisor.layout.presence_copy.read_text())
    return {row["agent"] for row in rows if row["chosen"] == "available"} == {"anna", "elena", "rashid"}


async def _asked_in_vain(callcard: Callcard) -> None:
    """Who asks what only the database knows is told so, soon."""
    asked = time.monotonic()
    problem: dict[str, Any] = await callcard.get("/api/v1/calls", status=503)
    assert problem["code"] == "unavailable"
    assert time.monotonic() - asked < 15, "the database is frozen for thirty"


async def _another_worker(callcard: Callcard) -> None:
    """The worker is killed; the next one leads without having seen the database."""
    killed = callcard.kill_worker()

    async def leads() -> bool:
        worker = callcard.supervisor.worker
        child = worker.child if worker is not None else None
        if child is None or child.pid == killed:
            return False
        return (await callcard.healthz()).get("router", "").startswith("up")

    await until(leads, timeout=20, what="a worker that leads")


async def _shows(callcard: Callcard) -> bool:
    """Whether the live view has been loaded: a worker that began without the database has none at first."""
    headers = {"Authorization": f"Bearer {callcard.tokens['admin']}"}
    async with callcard.http.get(f"http://{callcard.settings.http}/api/v1/agents", headers=headers) as answer:
        return answer.status == 200
