"""A Callcard under `callcard up`'s own supervisor (worker in its own process), with load from this one.

Callers on 127.0.0.2 and the agents' phones on 127.0.0.3 run here, so both ends of a measure are on one
clock. The peer is app_queue on the same Asterisk: the same phones, the same recording, other extensions.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from callcard.pbx import Overlay, pbx_settings
from callcard.settings import Listen, Settings, load_keys
from callcard.supervisor import Supervisor
from crm_core.clock import SystemClock
from crm_core.db.engine import Database
from crm_core.office.reading import read_office
from crm_core.people.service import PeopleService
from crm_core.presence.model import ChosenState
from crm_core.presence.service import PresenceService
from tests.fakes.sip_peer import IncomingCall, OutgoingCall, SipPeer
from tests.journeys.pbx import cache_folder, find_or_install, free_sip_port
from tests.servers import free_port

OURS, PEER = "+74955550100", "74955550199"
OURS_ONE, PEER_ONE = "+74955550101", "74955550198"
CALLERS, PHONES = "127.0.0.2", "127.0.0.3"


@dataclass
class Bench:
    """A running house under load."""

    settings: Settings
    supervisor: Supervisor
    database: Database
    caller: SipPeer
    phones: SipPeer
    sip_port: int
    tokens: dict[str, str] = field(default_factory=dict)  # of the agents
    admin_token: str = ""
    invites: dict[str, float] = field(default_factory=dict)  # caller's number -> when an agent's phone got it
    answered: dict[str, IncomingCall] = field(default_factory=dict)
    on_invite: Callable[[str, str], None] | None = None  # agent, caller's number: before the phone rings
    serial: int = 0

    def number(self) -> str:
        """A number that has not called yet (fictitious range)."""
        self.serial += 1
        return f"+7495555{self.serial:04d}"

    async def token(self, name: str) -> str:
        """A new token of *name*."""
        return await PeopleService(self.database, SystemClock()).create_token(name, "bench", by="bench")

    async def invite(self, did: str, number: str) -> OutgoingCall:
        """Call *did* from the carrier."""
        return await self.caller.invite(f"sip:{did}@127.0.0.1:{self.sip_port}", from_number=number)

    def take(self, call: IncomingCall) -> None:
        """An agent's phone: note when, answer at once."""
        number = "+" + call.remote_number.lstrip("+")
        if self.on_invite is not None:
            self.on_invite(call.called, number)
        self.invites.setdefault(number, time.monotonic())
        self.answered[number] = call
        call.ring()
        call.answer()


def _office(agents: int, sip_port: int, phones_port: int) -> str:
    names = [f"agent{i:02d}" for i in range(agents)]
    people = "".join(
        f"""
  {name}:
    title: Agent {i}
    office: moscow
    extension: "{200 + i}"
    devices: [{{kind: contact, contact: "sip:{name}@{PHONES}:{phones_port}"}}]"""
        for i, name in enumerate(names)
    )
    return f"""version: 1
sip: {{bind: 127.0.0.1, port: {sip_port}, rtp_start: 20000, rtp_end: 23000}}
offices:
  moscow: {{title: Moscow, country: RU, timezone: Europe/Moscow}}
people:{people}
  solo:
    title: Solo
    office: moscow
    extension: "199"
    devices: [{{kind: contact, contact: "sip:solo@{PHONES}:{phones_port}"}}]
  admin: {{title: Admin, role: admin, office: moscow}}
trunks:
  provider: {{title: Carrier, match: [{CALLERS}]}}
numbers:
  "{OURS}": {{title: Load, office: moscow, queue: load}}
  "{OURS_ONE}": {{title: One, office: moscow, queue: one}}
queues:
  load: {{title: Load, members: [{", ".join(names)}], wrap_up_s: 0}}
  one: {{title: One, members: [solo], wrap_up_s: 0}}
"""


def monitor(recordings: Path) -> str:
    """The dialplan step that records a call of the peer as ours are."""
    return (
        f"MixMonitor({recordings}/peer-${{UNIQUEID}}.wav,"
        f"br({recordings}/peer-${{UNIQUEID}}-in.wav)t({recordings}/peer-${{UNIQUEID}}-out.wav))"
    )


def _queues(agents: int, recordings: Path) -> Overlay:
    """app_queue beside ours: the same phones as members, the same recording, retry=1."""
    queue = (
        "strategy = leastrecent\nringinuse = no\nretry = 1\nwrapuptime = 0\ntimeout = 20\nautofill = yes\n"
    )
    members = "".join(f"member => PJSIP/agent-agent{i:02d}-desk\n" for i in range(agents))
    added = {
        "extensions.conf": f"""
[cc-in-provider](+)
exten => {PEER},1,Ringing()
 same => n,{monitor(recordings)}
 same => n,Queue(bench)
exten => {PEER_ONE},1,Answer()
 same => n,{monitor(recordings)}
 same => n,Queue(benchone)
""",
        "queues.conf": f"""
[bench]
{queue}{members}
[benchone]
{queue}member => PJSIP/agent-solo-desk
""",
    }
    return Overlay(added=added)


@asynccontextmanager
async def running_bench(
    agents: int = 50,
    *,
    more: Callable[[str], str] = str,
    beside: Callable[[Path], Mapping[str, str]] | None = None,
) -> AsyncIterator[Bench]:
    """A house with *agents* available.

    *more* changes the office's text; *beside*: the folder of recordings → text at the end of Asterisk's
    files, instead of the queues.
    """
    await find_or_install()
    data = Path(tempfile.mkdtemp(prefix="cc-bench-", dir="/tmp"))
    data.chmod(0o755)
    async with AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, data, ignore_errors=True)
        caller = await stack.enter_async_context(await SipPeer.open(CALLERS))
        phones = await stack.enter_async_context(await SipPeer.open(PHONES))
        sip_port = free_sip_port("127.0.0.1")
        settings = Settings(
            data=data,
            cache=cache_folder(),
            http=Listen("127.0.0.1", free_port("127.0.0.1")),
            agi=Listen("127.0.0.1", free_port("127.0.0.1")),
            ami_port=free_port("127.0.0.1"),
            pbx_http_port=free_port("127.0.0.1"),
            ami_listener_user="callcard-listener",
            ami_actor_user="callcard-actor",
        )
        text = more(_office(agents, sip_port, phones.port))
        own = pbx_settings(settings, load_keys(data), read_office(text)).recordings
        overlay = _queues(agents, own) if beside is None else Overlay(added=beside(own))
        supervisor = Supervisor(settings, office_text=text, overlay=overlay)
        await stack.enter_async_context(supervisor.running())
        database = await Database.open(supervisor.database_url, pool_size=2, hot_size=1)
        stack.push_async_callback(database.close)
        presence = PresenceService(database, SystemClock())
        names = [f"agent{i:02d}" for i in range(agents)] + ["solo"]
        for name in names:
            await presence.choose(name, ChosenState.AVAILABLE, None, by="bench")
        bench = Bench(settings, supervisor, database, caller, phones, sip_port)
        bench.tokens = {name: await bench.token(name) for name in names}
        bench.admin_token = await bench.token("admin")
        phones.on_invite = bench.take
        await _all_available(settings, bench.tokens["solo"], len(names))
        yield bench


async def _all_available(settings: Settings, token: str, count: int) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers) as session, asyncio.timeout(30):
        while True:
            async with session.get(f"http://{settings.http}/api/v1/agents?limit=200") as answer:
                items = (await answer.json()).get("items", ())  # none while it is being loaded
            if sum(item["state"] == "available" for item in items) >= count:
                return
            await asyncio.sleep(0.2)
