"""A real Asterisk and the real router, the database in memory; callers, three phones, a bus."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from callrouter.acd.core import Limits
from callrouter.given import RouterSettings
from callrouter.router import Router
from crm_core.bus.event import Event
from crm_core.bus.memory import MemoryBus
from crm_core.calls.events import CallEvent
from crm_core.calls.model import Call, CallState
from crm_core.clock import SystemClock
from crm_core.health import Health
from crm_core.office.model import OfficeFile
from crm_core.presence.events import AgentStateChanged
from crm_core.presence.model import AgentState, ChosenState, Presence
from tests.fakes.offices import decode_office
from tests.fakes.rows import Rows
from tests.fakes.sip_peer import OutgoingCall, Phone, SipPeer
from tests.journeys.dialplan_house import AGENTS, CALLER, MAIN, house_office
from tests.journeys.pbx import RunningPbx, running_pbx
from tests.servers import free_port


@dataclass
class RouterHouse:
    """Everything a routing journey touches."""

    running: RunningPbx
    office: OfficeFile
    settings: RouterSettings
    caller: SipPeer
    phones: dict[str, Phone]
    rows: Rows = field(default_factory=Rows)
    events: list[Event] = field(default_factory=list)
    router: Router = field(init=False)

    async def start(self) -> None:
        """A router starts; returns when it leads."""
        self._bus = MemoryBus()
        heard = await self._bus.subscribe(name="test")

        async def hear() -> None:
            async for event in heard:
                self.events.append(event)

        self._hearing = asyncio.create_task(hear(), name="test-hearing")
        self.router = self.another(self.settings.agi_port)
        await self.router.start()
        await self.until(lambda: self.router.dispatcher.term is not None, "the router to lead")

    def another(self, agi_port: int) -> Router:
        """A router of this PBX, not started."""
        return Router(
            replace(self.settings, agi_port=agi_port),
            self.office,
            clock=SystemClock(),
            bus=self._bus,
            customers=self.rows,
            presences=self.rows,
            journal=self.rows,
            health=Health(),
        )

    async def stop(self) -> None:
        """The router ends; the PBX goes on."""
        await self.router.stop()
        await self._bus.close()
        await self._hearing

    async def until(self, true: Callable[[], bool], what: str, seconds: float = 8.0) -> None:
        """Wait for what other parts bring about."""
        try:
            async with asyncio.timeout(seconds):
                while not true():
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"waited in vain for {what}; calls: {self.calls()}") from None

    def choose(self, agent: str, chosen: ChosenState) -> None:
        """As if the agent had dialled the code."""
        reason = "other" if chosen is ChosenState.BREAK else None
        assert self.router.dispatcher.seats.choose(agent, chosen, reason=reason, by=agent)
        self.router.dispatcher.settle()

    async def call(self, dialled: str = MAIN, number: str = CALLER, **more: Any) -> OutgoingCall:
        """A call from the trunk."""
        settings = self.running.settings
        uri = f"sip:{dialled}@{settings.sip_bind}:{settings.sip_port}"
        return await self.caller.invite(uri, from_number=number, **more)

    def calls(self) -> list[Call]:
        """Every call heard of on the bus, as it stands now, oldest first."""
        latest: dict[object, Call] = {}
        for event in self.events:
            if isinstance(event, CallEvent):
                known = latest.get(event.call.id)
                if known is None or known.version <= event.call.version:
                    latest[event.call.id] = event.call
        return list(latest.values())

    def last(self) -> Call:
        """The newest call."""
        return self.calls()[-1]

    async def ended(self, count: int = 1) -> list[Call]:
        """Wait until *count* calls have ended, and the PBX and the router's memory are empty."""
        await self.until(lambda: sum(c.state is CallState.ENDED for c in self.calls()) >= count, "the end")
        core = self.router._core
        await self.until(lambda: not len(core.reservations), "the last reservation to end")
        await self.until(lambda: not len(core.line), "the line to be empty")
        for _ in range(100):
            if (await self.running.control.run("core show channels count")).startswith("0 active channels"):
                return self.calls()
            await asyncio.sleep(0.05)
        raise AssertionError("channels are left")

    def states(self, agent: str) -> list[AgentState]:
        """The states shown of *agent*, repeats left out."""
        shown: list[AgentState] = []
        for event in self.events:
            if (
                isinstance(event, AgentStateChanged)
                and event.agent == agent
                and event.state not in shown[-1:]
            ):
                shown.append(event.state)
        return shown

    async def members(self, queue: str = "sales") -> dict[str, bool]:
        """The net's members: name → paused."""
        shown = await self.running.control.run(f"queue show {queue}")
        lines = [line for line in shown.splitlines() if "Local/" in line]
        return {line.split()[0]: "paused" in line for line in lines}


@asynccontextmanager
async def router_house(folder: Path, net: int, *available: str, **queue: Any) -> AsyncIterator[RouterHouse]:
    """Open all of it on addresses 127.0.*net*.x; *available* agents are at work, *queue* is of `sales`."""
    async with AsyncExitStack() as stack:
        trunk = await stack.enter_async_context(await SipPeer.open(f"127.0.{net}.2"))
        phones = {
            name: await stack.enter_async_context(
                await Phone.open(f"127.0.{net}.3", endpoint=f"agent-{name}-desk")
            )
            for name in AGENTS
        }
        office = decode_office(house_office(phones, trunk, **{"wrap_up_s": 0, **queue}))
        agi_port = free_port("127.0.0.1")
        running = await stack.enter_async_context(
            running_pbx(office, agi_port=agi_port, directory=folder, address=f"127.0.{net}.1")
        )
        pbx = running.settings
        for phone in phones.values():
            phone.server = (pbx.sip_bind, pbx.sip_port)
            phone.credentials = running.credentials(phone.user)
        settings = RouterSettings(
            pbx="main",
            ami_host="127.0.0.1",
            ami_port=pbx.ami_port,
            listener_user=pbx.listener_user,
            listener_secret=pbx.listener_secret,
            actor_user=pbx.actor_user,
            actor_secret=pbx.actor_secret,
            systemname=pbx.system_name,
            agi_port=agi_port,
            agi_token=pbx.agi_token,
            presence_cache=folder / "presence.json",
            # Journeys share their machine with other tests; what is shown here is the way, not the speed.
            limits=Limits(answer_s=1.5, identify_s=0.5),
        )
        house = RouterHouse(running, office, settings, trunk, phones)
        now = SystemClock().now()
        for name in available:
            row = Presence(agent=name, chosen=ChosenState.AVAILABLE, reason=None, since=now)
            house.rows.rows[name] = row
        await house.start()
        try:
            yield house
        finally:
            await house.stop()
