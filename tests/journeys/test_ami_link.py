"""Our AMI links and FastAGI server on a real Asterisk: what they tell and command, how they come back."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from callrouter.agi.server import Ended, FastAgiServer
from callrouter.agi.session import AgiSession
from callrouter.ami.actions import Actor, QueueMember
from callrouter.ami.link import AmiLink, LinkState
from callrouter.reading.observations import (
    BridgeEntered,
    ChannelGone,
    DeviceSeen,
    DialBegan,
    DialRinging,
    Observation,
    PbxBooted,
    Snapshot,
    Step,
    StepName,
)
from callrouter.tracking.channel import endpoint_of
from crm_core.clock import SystemClock
from crm_core.ids import parse_id
from tests.fakes.offices import decode_office
from tests.fakes.sip_peer import Answer, Phone, SipPeer
from tests.journeys.dialplan_house import AGENTS, CALLER, MAIN, dial, house_office
from tests.journeys.pbx import RunningPbx, running_pbx
from tests.servers import free_port

pytestmark = pytest.mark.journey

NET = 41
OFFER = "0191c0de-0000-7000-8000-000000000001"
T = TypeVar("T", bound=Observation)


@dataclass
class Desk:
    """A PBX, its two links, the answering server and what came of them."""

    running: RunningPbx
    trunk: SipPeer
    phones: dict[str, Phone]
    listener: AmiLink = field(init=False)
    actor_link: AmiLink = field(init=False)
    agi: FastAgiServer = field(init=False)
    seen: list[Observation] = field(default_factory=list)
    asked: list[AgiSession] = field(default_factory=list)
    decisions: list[str] = field(default_factory=list)

    @property
    def actor(self) -> Actor:
        return Actor(self.actor_link)

    async def take(self, observations: Sequence[Observation]) -> None:
        self.seen += observations

    async def decide(self, session: AgiSession) -> None:
        self.asked.append(session)
        await session.set_variable("CC_DECISION", self.decisions.pop(0))
        await session.set_variable("ROUTE", f"ok:{session.uniqueid}:1:{session.args[3]}")

    def of(self, kind: type[T]) -> list[T]:
        return [one for one in self.seen if isinstance(one, kind)]

    async def until(self, true: Callable[[], object], timeout: float = 20.0) -> None:
        async with asyncio.timeout(timeout):
            while not true():
                await asyncio.sleep(0.02)

    def link(self, user: str, secret: str, **more: object) -> AmiLink:
        settings = self.running.settings
        return AmiLink(
            "127.0.0.1",
            settings.ami_port,
            user,
            secret,
            systemname=settings.system_name,
            clock=SystemClock(),
            **more,  # type: ignore[arg-type]
        )


@asynccontextmanager
async def desk(directory: Path) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        trunk = await stack.enter_async_context(await SipPeer.open(f"127.0.{NET}.2"))
        phones = {
            name: await stack.enter_async_context(
                await Phone.open(f"127.0.{NET}.3", endpoint=f"agent-{name}-desk")
            )
            for name in AGENTS
        }
        running = await stack.enter_async_context(
            running_pbx(
                decode_office(house_office(phones, trunk)),
                agi_port=free_port("127.0.0.1"),
                directory=directory,
                address=f"127.0.{NET}.1",
            )
        )
        made = Desk(running, trunk, phones)
        settings = running.settings
        for phone in phones.values():
            phone.server = (settings.sip_bind, settings.sip_port)
            phone.credentials = running.credentials(phone.user)
        made.agi = FastAgiServer(
            "127.0.0.1",
            settings.agi_port,
            settings.agi_token,
            {"route": made.decide},
            systemname=settings.system_name,
        )
        await made.agi.start()
        stack.push_async_callback(made.agi.stop)
        made.listener = made.link(settings.listener_user, settings.listener_secret, on_observations=made.take)
        made.actor_link = made.link(settings.actor_user, settings.actor_secret)
        for link in (made.listener, made.actor_link):
            await link.start()
            stack.push_async_callback(link.stop)
        await made.until(lambda: made.of(Snapshot) and made.actor_link.state is LinkState.UP)
        await made.actor.set_global("CC_TERM", "1")
        yield made


async def test_a_waiting_caller_is_pulled_out_and_answered(tmp_path: Path) -> None:
    async with desk(tmp_path) as house:
        settings = house.running.settings
        assert [type(one) for one in house.seen[:1]] == [PbxBooted]
        assert {one.endpoint for one in house.of(DeviceSeen)} >= {f"agent-{name}-desk" for name in AGENTS}
        assert await house.actor.get_global("CC_TERM") == "1"
        house.decisions = ["wait|||||", dial("anna", offer=OFFER)]
        house.phones["anna"].behaviour = Answer(after=0.1)
        call = await house.trunk.invite(
            f"sip:{MAIN}@{settings.sip_bind}:{settings.sip_port}", from_number=CALLER
        )
        await house.until(lambda: any(step.step is StepName.WAITING for step in house.of(Step)))
        waiting = house.of(Step)[-1].channel
        assert waiting.call_id == parse_id(house.asked[0].args[0]) is not None
        assert waiting.caller_number == CALLER
        assert await house.actor.redirect_to_offer(waiting.name)
        await house.until(lambda: len(house.of(BridgeEntered)) == 2)
        assert house.asked[1].args[4] == "freed"
        (began,) = house.of(DialBegan)
        assert endpoint_of(began.dest.name) == "agent-anna-desk"
        assert began.dest.offer_id == parse_id(OFFER)
        assert began.dest.call_id == waiting.call_id
        assert house.of(DialRinging)
        assert await house.actor.hangup_leg(waiting.name)
        await call.ended()
        await house.until(lambda: len(house.of(ChannelGone)) == 2)
        assert not await house.actor.redirect_to_offer(waiting.name)
        assert house.agi.counts == {Ended.ANSWERED: 2}
        assert house.listener.counts["rejected"] == house.listener.counts["unreadable"] == 0


async def test_the_mirror_in_app_queue(tmp_path: Path) -> None:
    async with desk(tmp_path) as house:
        member = "Local/anna@cc-fallback/n"
        hint = "hint:anna@cc-hints"
        assert await house.actor.queue_add("sales", member, member="anna", state_interface=hint, penalty=2)
        assert not await house.actor.queue_add("sales", member, member="anna", state_interface=hint)
        assert await house.actor.queue_pause(member, True, reason="lunch")
        assert await house.actor.queue_penalty("sales", member, 3)
        assert await house.actor.queue_members() == (
            QueueMember(queue="sales", interface=member, penalty=3, paused=True),
        )
        assert await house.actor.queue_remove("sales", member)
        assert not await house.actor.queue_remove("sales", member)
        assert await house.actor.queue_members() == ()


async def test_refused_logins_are_one_clear_state(tmp_path: Path) -> None:
    async with desk(tmp_path) as house:
        settings = house.running.settings
        wrong = house.link(settings.listener_user, "not-the-secret")
        second = house.link(settings.actor_user, settings.actor_secret)
        for link in (wrong, second):
            await link.start()
        try:
            await house.until(lambda: wrong.state is second.state is LinkState.REFUSED)
            assert wrong.reason == "Authentication failed"
            assert second.reason == "Login Already In Use"
        finally:
            await wrong.stop()
            await second.stop()
        assert house.actor_link.state is LinkState.UP


async def test_a_frozen_pbx_is_found_in_six_seconds_and_a_killed_one_comes_back(tmp_path: Path) -> None:
    async with desk(tmp_path) as house:
        loop = asyncio.get_running_loop()
        pid = house.running.pbx.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        frozen = loop.time()
        try:
            await house.until(lambda: house.listener.state is not LinkState.UP, timeout=30)
            assert loop.time() - frozen < 6.5
        finally:
            os.kill(pid, signal.SIGCONT)
        thawed, before = loop.time(), len(house.of(Snapshot))
        await house.until(lambda: len(house.of(Snapshot)) > before, timeout=30)
        assert loop.time() - thawed < 3.5

        snapshots = len(house.of(Snapshot))
        os.kill(pid, signal.SIGKILL)
        await house.until(lambda: house.listener.state is not LinkState.UP)
        await house.until(lambda: len(house.of(Snapshot)) > snapshots, timeout=20)
        boots = [boot.uptime_s for boot in house.of(PbxBooted)]
        assert boots[-1] < boots[-2]
        assert house.of(Snapshot)[-1].channels == ()
        await house.until(lambda: house.actor_link.state is LinkState.UP)
