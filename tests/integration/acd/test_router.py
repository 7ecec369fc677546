"""The whole router on sockets: AMI and FastAGI peers that speak the wire, everything between them real."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from prometheus_client import generate_latest

from callrouter.given import RouterSettings
from callrouter.metrics import ROUTER
from callrouter.router import Router
from crm_core.bus.event import Event
from crm_core.bus.memory import MemoryBus
from crm_core.calls.events import CallIdentified, CallOffered
from crm_core.calls.model import Call, CallState
from crm_core.calls.trace import Code, line
from crm_core.clock import SystemClock
from crm_core.health import Health, HealthState
from crm_core.office.model import OfficeFile
from crm_core.presence.events import AgentStateChanged, AgentStateChosen
from crm_core.presence.model import AgentState, ChosenState, Presence
from tests.fakes.agi_client import AgiCall, environment
from tests.fakes.ami_server import SYSTEM, AmiServer, channel, event, frame
from tests.fakes.calls import answered_call
from tests.fakes.offices import decode_office
from tests.fakes.rows import Rows

pytestmark = pytest.mark.integration

TOKEN = "t0ken"


def office(*names: str) -> OfficeFile:
    extensions = {"anna": "101", "boris": "102"}
    return decode_office(
        {
            "offices": {"moscow": {"title": "Moscow", "country": "RU", "timezone": "Europe/Moscow"}},
            "people": {
                name: {
                    "title": name.title(),
                    "office": "moscow",
                    "extension": extensions[name],
                    "devices": [{}],
                }
                for name in names
            },
            "trunks": {"city": {"title": "City", "match": ["127.0.0.2"]}},
            "numbers": {"+74955550100": {"title": "Main", "office": "moscow", "queue": "sales"}},
            "queues": {"sales": {"title": "Sales", "members": list(names), "wrap_up_s": 0}},
        }
    )


OFFICE = office("anna", "boris")


class Bench:
    """A router between an AMI peer and dialplans that ask."""

    def __init__(self, ami: AmiServer, folder: Path) -> None:
        self.ami = ami
        self.database = Rows()
        self.bus = MemoryBus()
        self.health = Health()
        self.events: list[Event] = []
        self.settings = RouterSettings(
            pbx="main",
            ami_host="127.0.0.1",
            ami_port=ami.port,
            listener_user="listener",
            listener_secret=ami.secret,
            actor_user="actor",
            actor_secret=ami.secret,
            systemname=SYSTEM,
            agi_port=0,
            agi_token=TOKEN,
            presence_cache=folder / "presence.json",
        )
        self.globals: dict[str, str] = {}
        ami.answers["Getvar"] = self._get
        ami.answers["Setvar"] = self._set

    def _get(self, headers: dict[str, str]) -> bytes:
        value = self.globals.get(headers["Variable"], "")
        own = f"ActionID: {headers['ActionID']}"
        return frame("Response: Success", own, f"Variable: {headers['Variable']}", f"Value: {value}")

    def _set(self, headers: dict[str, str]) -> bytes:
        self.globals[headers["Variable"]] = headers["Value"]
        return frame("Response: Success", f"ActionID: {headers['ActionID']}", "Message: set")

    def at_work(self, *names: str) -> None:
        now = SystemClock().now()
        for name in names:
            self.database.rows[name] = Presence(
                agent=name, chosen=ChosenState.AVAILABLE, reason=None, since=now
            )

    async def start(self, office: OfficeFile = OFFICE) -> None:
        await self._listen()
        self.router = Router(
            self.settings,
            office,
            clock=SystemClock(),
            bus=self.bus,
            customers=self.database,
            presences=self.database,
            journal=self.database,
            health=self.health,
        )
        await self.router.start()

    async def _listen(self) -> None:
        heard = await self.bus.subscribe(name="test")

        async def hear() -> None:
            async for one in heard:
                self.events.append(one)

        self.hearing = asyncio.create_task(hear(), name="test-hearing")

    async def leads(self) -> None:
        await until(lambda: self.router.dispatcher.term is not None)

    def shown(self, agent: str) -> AgentState | None:
        """The state last said of *agent*."""
        said = (one for one in reversed(self.events) if isinstance(one, AgentStateChanged))
        return next((one.state for one in said if one.agent == agent), None)

    async def stop(self) -> None:
        await self.router.stop()
        await self.bus.close()
        await self.hearing

    async def ask(
        self, call: UUID, reason: str = "arrived", number: int = 33, attempt: int = 1, **given: str
    ) -> dict[str, str]:
        uniqueid = f"{SYSTEM}-1795287447.{number}"
        args = [str(call), "+74955550100", "sales", str(attempt), reason]
        args += [given.get("status", ""), "allowed", given.get("offer", ""), "in", ""]
        asking = AgiCall(self.router.agi_port)
        return await asking.ask(environment(f"{TOKEN}/route", *args, uniqueid=uniqueid))

    def arrives(self, call: UUID, number: int = 33) -> None:
        """What AMI tells of an arriving call."""
        state = channel(number, f"PJSIP/trunk-city-{number:08x}", AccountCode=str(call), ChannelState="4")
        self.ami.push(event("Newchannel", *state))


async def until(true: Callable[[], bool]) -> None:
    """Wait, at most five seconds, for what other tasks bring about."""
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.01)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    before = asyncio.all_tasks()
    async with AmiServer() as ami:
        made = Bench(ami, tmp_path)
        yield made
        await made.stop()
        await ami.cut()
        await asyncio.sleep(0)
    ours = {task.get_name() for task in asyncio.all_tasks() - before if not task.done()}
    assert not {name for name in ours if name.startswith(("router-", "ami-", "agi-", "pull", "hang_up"))}


async def test_a_call_is_decided_and_the_offer_is_out_before_the_proof(bench: Bench) -> None:
    bench.at_work("anna")
    await bench.start()
    await bench.leads()
    call = uuid4()
    bench.arrives(call)
    said = await bench.ask(call)
    action, agent, offer, dial, ring, _ = said["CC_DECISION"].split("|")
    assert (action, agent, dial, ring) == ("dial", "anna", "PJSIP/agent-anna-desk", "20")
    assert said["ROUTE"] == f"ok:{SYSTEM}-1795287447.33:1:1"
    assert bench.globals["GLOBAL(CC_TERM)"] == "1"
    offered = [one for one in bench.events if isinstance(one, CallOffered)]
    assert [str(one.offer.id) for one in offered] == [offer]
    await until(lambda: any(isinstance(one, CallOffered) for one in bench.database.recorded))


async def test_the_term_grows_with_each_leader(bench: Bench) -> None:
    bench.globals["GLOBAL(CC_TERM)"] = "41"
    await bench.start()
    await bench.leads()
    assert bench.router.dispatcher.term == 42
    await bench.ami.cut()
    await until(lambda: bench.globals["GLOBAL(CC_TERM)"] == "43")
    await until(lambda: bench.router.dispatcher.term == 43)


async def test_before_the_snapshot_nothing_is_said(bench: Bench) -> None:
    bench.at_work("anna")
    bench.ami.booted = False  # the PBX accepts logins, but is not up yet
    await bench.start()
    await until(lambda: "GLOBAL(CC_TERM)" in bench.globals)
    assert await bench.ask(uuid4()) == {}
    assert bench.router.dispatcher.term is None


async def test_agents_are_mirrored_into_the_net(bench: Bench) -> None:
    bench.at_work("anna")
    now = SystemClock().now()
    bench.database.rows["boris"] = Presence(
        agent="boris", chosen=ChosenState.BREAK, reason="lunch", since=now
    )
    member = ["Event: QueueMember", "Queue: sales", "Name: gone", "Location: Local/gone@cc-fallback/n"]
    bench.ami.rows["QueueStatus"] = [[*member, "Penalty: 0", "Paused: 0"]]
    await bench.start()
    added = {one["Interface"]: one for one in await bench.ami.wait_for("QueueAdd", 2)}
    assert added["Local/anna@cc-fallback/n"]["StateInterface"] == "hint:anna@cc-hints"
    assert added["Local/anna@cc-fallback/n"]["Paused"] == "false"
    assert added["Local/boris@cc-fallback/n"]["Paused"] == "true"
    (removed,) = await bench.ami.wait_for("QueueRemove")
    assert removed["Interface"] == "Local/gone@cc-fallback/n"


async def test_who_chose_before_the_router_knew_them_is_as_they_chose(bench: Bench) -> None:
    """A new person signs in at once, while the office they came with is on its way to the router."""
    await bench.start(office("anna"))
    await bench.leads()
    for name in ("boris", "anna"):
        bench.at_work(name)
        await bench.bus.publish(AgentStateChosen(presence=bench.database.rows[name], by=name))
    await until(lambda: bench.shown("anna") is AgentState.AVAILABLE)
    bench.router.configure(OFFICE)
    await until(lambda: bench.shown("boris") is AgentState.AVAILABLE)


async def test_a_waiting_caller_is_redirected_when_an_agent_becomes_free(bench: Bench) -> None:
    bench.at_work("anna")
    now = SystemClock().now()
    bench.database.rows["anna"] = replace(
        bench.database.rows["anna"], chosen=ChosenState.BREAK, reason="rest"
    )
    await bench.start()
    await bench.leads()
    call = uuid4()
    bench.arrives(call)
    said = await bench.ask(call)
    assert said["CC_DECISION"].startswith("wait|")
    waiting = ["Event: Status", "Channel: PJSIP/trunk-city-00000021", "BridgeID: "]
    bench.ami.rows["Status"] = [waiting]  # the switch is asked before a caller is pulled
    row = Presence(agent="anna", chosen=ChosenState.AVAILABLE, reason=None, since=SystemClock().now())
    assert row.since > now
    await bench.bus.publish(AgentStateChosen(presence=row, by="anna"))
    (redirect,) = await bench.ami.wait_for("Redirect")
    assert (redirect["Context"], redirect["Exten"]) == ("cc-offer", "s")
    assert redirect["Channel"] == "PJSIP/trunk-city-00000021"
    said = await bench.ask(call, "freed", attempt=2)
    assert said["CC_DECISION"].startswith("dial|anna|")


async def test_a_dialled_code_changes_the_state(bench: Bench) -> None:
    await bench.start()
    await bench.leads()
    said = await AgiCall(bench.router.agi_port).ask(environment(f"{TOKEN}/state", "anna", "available"))
    assert said == {"CC_RESULT": "ok"}
    await until(lambda: "anna" in bench.database.rows)
    assert (
        await AgiCall(bench.router.agi_port).ask(environment(f"{TOKEN}/state", "nobody", "available")) == {}
    )
    assert await AgiCall(bench.router.agi_port).ask(environment(f"{TOKEN}/state", "anna", "asleep")) == {}
    states = [one.state for one in bench.events if isinstance(one, AgentStateChanged) and one.agent == "anna"]
    assert states[-1] == "available"


async def test_a_start_without_the_database_uses_the_local_copy(bench: Bench) -> None:
    bench.at_work("anna")
    await bench.start()
    await until(lambda: bench.settings.presence_cache is not None and bench.settings.presence_cache.exists())
    await bench.router.stop()
    bench.hearing.cancel()
    bench.database.away = True
    await bench.start()
    await bench.leads()
    call = uuid4()
    bench.arrives(call)
    said = await bench.ask(call)
    assert said["CC_DECISION"].startswith("dial|anna|"), "routed without a card"


async def test_what_the_router_before_left_undone_is_seen_to(bench: Bench) -> None:
    """It was killed behind a call: this one has no card, and nobody owns the card of that one."""
    ended = {"state": CallState.ENDED, "settled": True}
    nobody = answered_call(SystemClock().now(), from_number=None, **ended)
    unowned = replace(
        answered_call(SystemClock().now(), customer_id=uuid4(), customer_title="Leyla", **ended),
        trace=(line(SystemClock().now(), Code.IDENTIFIED_KNOWN, title="Leyla"),),
    )
    bench.database.owing = [nobody, unowned]
    await bench.start()

    def told() -> dict[UUID, Call]:
        return {event.call.id: event.call for event in bench.events if isinstance(event, CallIdentified)}

    await until(lambda: told().keys() == {nobody.id, unowned.id})
    assert told()[nobody.id].customer_id is not None
    assert told()[unowned.id].owner == "anna"


async def test_a_question_out_of_form_is_left_to_the_net(bench: Bench) -> None:
    bench.at_work("anna")
    await bench.start()
    await bench.leads()
    asking = AgiCall(bench.router.agi_port)
    assert await asking.ask(environment(f"{TOKEN}/route", "not-a-uuid", "", "sales", "1", "arrived")) == {}


async def test_what_parts_notice_is_among_the_metrics(bench: Bench) -> None:
    await bench.start()
    await bench.leads()
    assert 'callcard_noticed_total{kind="logins",part="ami_actor"} 1.0' in generate_latest(ROUTER).decode()
    await bench.router.stop()
    assert "callcard_noticed_total{" not in generate_latest(ROUTER).decode()


async def test_links_report_their_health(bench: Bench) -> None:
    await bench.start()
    await bench.leads()
    part = bench.health.get("ami.listener")
    assert part is not None and part.state is HealthState.UP
    bench.ami.refusal = ("Error", "Authentication failed")
    await bench.ami.cut()
    await until(lambda: _state(bench, "ami.actor") is HealthState.DOWN)
    await until(lambda: _state(bench, "ami.listener") is HealthState.DOWN)


def _state(bench: Bench, name: str) -> HealthState | None:
    part = bench.health.get(name)
    return part.state if part else None
