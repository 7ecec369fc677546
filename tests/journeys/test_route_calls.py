"""Calls find their agent through a real Asterisk and the real router."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from crm_core.calls.model import CallState, Outcome
from crm_core.customers.model import Identity
from crm_core.ids import new_id
from crm_core.presence.model import AgentState, ChosenState
from tests.fakes.sip_peer import Answer, Refuse, Ring, Silent
from tests.journeys.dialplan_house import CALLER
from tests.journeys.router_house import RouterHouse, router_house

pytestmark = pytest.mark.journey


def offers(house: RouterHouse) -> list[tuple[str, str]]:
    return [(offer.agent, offer.state.value) for offer in house.last().offers]


async def test_the_owner_is_rung_talks_and_is_free_again(tmp_path: Path) -> None:
    async with router_house(tmp_path, 61, "anna", "boris") as house:
        house.rows.cards[CALLER] = Identity(e164=CALLER, customer_id=new_id(), title="Marina", owner="boris")
        house.phones["boris"].behaviour = Answer(after=0.2)
        call = await house.call()
        leg = await house.phones["boris"].next_invite()
        await call.answered()
        await house.until(lambda: house.states("boris")[-1:] == [AgentState.TALKING], "boris to talk")
        await leg.hangup()
        await call.ended()
        (seen,) = await house.ended()
        assert (seen.outcome, seen.agent, seen.customer_title) == (Outcome.ANSWERED, "boris", "Marina")
        assert offers(house) == [("boris", "answered")]
        codes = [line.code for line in seen.trace]
        assert codes[:3] == ["arrived", "identified_known", "owner_available"]
        assert {"chosen_owner", "offered", "offer_answered", "answered"} <= set(codes)
        wanted = [AgentState.AVAILABLE, AgentState.RINGING, AgentState.TALKING, AgentState.AVAILABLE]
        assert house.states("boris") == wanted


async def test_no_answer_and_refusal_go_on_to_the_next(tmp_path: Path) -> None:
    async with router_house(tmp_path, 62, "anna", "boris", "clara", ring_s=3) as house:
        house.phones["anna"].behaviour = Refuse(status=486)
        house.phones["boris"].behaviour = Ring()
        house.phones["clara"].behaviour = Answer(talk=0.3)
        call = await house.call()
        await call.answered(timeout=30)
        await call.ended()
        await house.ended()
        results = dict(offers(house))
        assert results["clara"] == "answered"
        assert set(results.items()) <= {("anna", "refused"), ("boris", "no_answer"), ("clara", "answered")}
        assert len(results) == len(offers(house)), "nobody twice"


async def test_a_freed_agent_has_the_waiting_caller_at_once(tmp_path: Path) -> None:
    async with router_house(tmp_path, 63, "anna") as house:
        phone = house.phones["anna"]
        phone.behaviour = Answer()
        first = await house.call()
        leg = await phone.next_invite()
        await first.answered()
        second = await house.call(number="+79160000002")
        await house.until(lambda: len(house.router._core.line) == 2, "the second to wait")
        await house.until(lambda: house.router._core.line.waiting_count() == 1, "the second to wait")
        await asyncio.sleep(0.2)
        await leg.hangup()
        freed = time.monotonic()
        again = await phone.next_invite()
        spent = time.monotonic() - freed
        assert again.remote_number == "+79160000002"
        assert spent < 3, "a caller who waits for the next slice of music waits ten seconds"
        await again.answered()
        await second.hangup()
        await house.ended(2)
        assert "freed" in [line.code for line in house.last().trace]


async def test_a_phone_that_is_gone_is_found_out_within_seconds(tmp_path: Path) -> None:
    async with router_house(tmp_path, 64, "anna", "boris") as house:
        house.rows.cards[CALLER] = Identity(e164=CALLER, customer_id=new_id(), title="Marina", owner="anna")
        house.phones["anna"].behaviour = Silent()
        house.phones["boris"].behaviour = Answer(talk=0.2)
        began = time.monotonic()
        call = await house.call()
        await call.answered(timeout=30)
        assert time.monotonic() - began < 12, "it would ring for twenty"
        await call.ended()
        await house.ended()
        assert offers(house) == [("anna", "unreachable"), ("boris", "answered")]
        anna = house.router._core.agents.get("anna")
        assert anna is not None and anna.presence.misses == 0 and not anna.reachable


async def test_sent_to_a_queue_by_refer_it_goes_to_somebody_else(tmp_path: Path) -> None:
    async with router_house(tmp_path, 65, "anna", "boris") as house:
        for phone in house.phones.values():
            phone.behaviour = Answer()
        call = await house.call()
        await call.answered()
        sender, taker = "anna", "boris"
        if not house.phones["anna"].calls:
            sender, taker = taker, sender
        leg = await house.phones[sender].next_invite()
        await house.until(lambda: house.last().state is CallState.TALKING, "both to be in the bridge")
        server = house.running.settings
        assert await leg.refer(f"sip:600@{server.sip_bind}:{server.sip_port}") == 202
        taken = await house.phones[taker].next_invite(timeout=30)
        await taken.answered()
        await house.until(lambda: house.last().agent == taker, "the other to talk")
        await call.hangup()
        (seen,) = await house.ended()
        assert seen.agent == taker


async def test_codes_dialled_on_the_phone_choose_the_state(tmp_path: Path) -> None:
    async with router_house(tmp_path, 66) as house:
        for code, state in (
            ("*50", AgentState.AVAILABLE),
            ("*51", AgentState.BREAK),
            ("*52", AgentState.OFFLINE),
        ):
            call = await house.phones["boris"].dial(code)
            await call.answered()
            await house.until(lambda state=state: house.states("boris")[-1] is state, f"{state}")  # type: ignore[misc]
            await call.ended(timeout=30)
        await house.until(lambda: house.rows.rows["boris"].chosen is ChosenState.OFFLINE, "the row")


async def test_a_caller_may_hang_up_at_every_step(tmp_path: Path) -> None:
    async with router_house(tmp_path, 67, "anna", ring_s=5) as house:
        house.phones["anna"].behaviour = Ring()
        for pause in (0.0, 0.005, 0.02, 0.05, 0.15, 0.4):
            call = await house.call(number=f"+7916000{int(pause * 1000):04}")
            await asyncio.sleep(pause)
            await call.hangup()
        await house.until(lambda: not house.phones["anna"].calls, "the phone to be silent")
        await asyncio.sleep(0.3)
        calls = await house.ended(len(house.calls()))
        assert {seen.outcome for seen in calls} <= {Outcome.ABANDONED}
        anna = house.router._core.agents.get("anna")
        assert anna is not None and anna.presence.misses == 0


async def test_hanging_up_in_the_moment_of_the_redirect_leaves_nothing(tmp_path: Path) -> None:
    async with router_house(tmp_path, 68, "anna") as house:
        house.phones["anna"].behaviour = Ring()
        for step in range(6):
            house.choose("anna", ChosenState.BREAK)
            call = await house.call(number=f"+791600001{step:02}")
            await house.until(lambda: house.router._core.line.waiting_count() == 1, "the caller to wait")
            await asyncio.sleep(0.1)
            house.choose("anna", ChosenState.AVAILABLE)
            await asyncio.sleep(step * 0.002)
            await call.hangup()
            await house.ended(step + 1)
