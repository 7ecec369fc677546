"""The router goes away and comes back while real calls are up."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from callrouter.router import Router
from crm_core.calls.model import Outcome
from crm_core.presence.model import ChosenState
from tests.fakes.sip_peer import Answer, Ring
from tests.journeys.router_house import router_house
from tests.servers import free_port

pytestmark = pytest.mark.journey


async def test_agents_are_members_of_the_net_as_they_work(tmp_path: Path) -> None:
    async with router_house(tmp_path, 71, "anna", "boris") as house:
        async with asyncio.timeout(20):
            while set(await house.members()) != {"anna", "boris"}:
                await asyncio.sleep(0.05)
        house.choose("boris", ChosenState.BREAK)
        house.choose("anna", ChosenState.OFFLINE)
        async with asyncio.timeout(20):
            while await house.members() != {"boris": True}:
                await asyncio.sleep(0.05)


async def test_without_a_router_the_net_rings_the_agents(tmp_path: Path) -> None:
    async with router_house(tmp_path, 72, "anna") as house:
        async with asyncio.timeout(20):
            while "anna" not in await house.members():
                await asyncio.sleep(0.05)
        await house.stop()
        house.phones["anna"].behaviour = Answer(talk=0.5)
        call = await house.call()
        await call.answered()
        await house.phones["anna"].next_invite()
        await call.ended()
        await house.start()


async def test_callers_the_net_caught_are_served_when_the_router_is_back(tmp_path: Path) -> None:
    async with router_house(tmp_path, 73, "anna") as house:
        house.choose("anna", ChosenState.BREAK)
        async with asyncio.timeout(20):
            while await house.members() != {"anna": True}:
                await asyncio.sleep(0.05)
        await house.stop()
        house.phones["anna"].behaviour = Answer()
        call = await house.call()
        await call.answered()  # by the net's music
        await asyncio.sleep(0.3)
        await house.start()
        await house.until(lambda: house.router._core.line.waiting_count() == 1, "the caller to be found")
        house.choose("anna", ChosenState.AVAILABLE)
        leg = await house.phones["anna"].next_invite(timeout=30)
        await leg.answered()
        await house.until(lambda: house.last().agent == "anna", "anna to talk")
        await call.hangup()
        (seen,) = await house.ended()
        assert seen.outcome is Outcome.ANSWERED


async def test_a_restart_in_mid_ring_and_mid_talk_loses_nothing(tmp_path: Path) -> None:
    async with router_house(tmp_path, 74, "anna", "boris", ring_s=4) as house:
        house.phones["anna"].behaviour = Answer()
        house.phones["boris"].behaviour = Ring()
        first = await house.call()
        if await _rings(house.phones["boris"]):
            second_phone = house.phones["boris"]
        else:
            await first.answered()
            second = await house.call(number="+79160000002")
            second_phone = house.phones["boris"]
            await second.ringing()
        await second_phone.next_invite()
        await house.stop()
        await house.start()
        core = house.router._core
        shown = {name: agent.state(core.clock.now()).value for name, agent in core.agents.all().items()}
        assert shown["boris"] == "ringing"
        assert len(core.reservations) == 0
        third = await house.call(number="+79160000003")
        await house.until(lambda: core.line.waiting_count() >= 1, "the third to wait")
        assert not [leg for leg in second_phone.calls if leg.remote_number == "+79160000003"]
        await third.hangup()
        await first.hangup()
        for leg in house.caller.calls:
            await leg.hangup()
        await house.until(lambda: not house.phones["anna"].calls, "everybody to be gone")


def leads(router: Router) -> bool:
    """Whether it answers the dialplan."""
    return router.dispatcher.term is not None


async def _rings(phone: object) -> bool:
    await asyncio.sleep(0.3)
    return bool(getattr(phone, "calls", ()))


async def test_of_two_routers_one_leads_and_the_other_takes_over(tmp_path: Path) -> None:
    async with router_house(tmp_path, 75, "anna") as house:
        first_term = house.router.dispatcher.term
        other = house.another(free_port("127.0.0.1"))
        await other.start()
        await asyncio.sleep(1.0)
        assert not leads(other), "the actor's account lets one login in"
        assert house.router.dispatcher.term == first_term
        await house.router.stop()
        await house.until(lambda: leads(other), "the other to lead", seconds=15)
        assert first_term is not None and other.dispatcher.term == first_term + 1
        shown = await house.running.control.run("dialplan show globals")
        assert f"CC_TERM={other.dispatcher.term}" in shown
        await other.stop()
        await house.start()
