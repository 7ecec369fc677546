"""The whole product as it is run: supervisor, worker in its own process, Asterisk, embedded PostgreSQL.

Faults are done to real processes by their ids: killed, frozen, let go on. Callers and agents' phones are
in the test's own process, so whatever happens to the product, both ends of a call are seen.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp

from callcard.pbx import Overlay
from callcard.settings import Listen, Settings
from callcard.supervisor import Supervisor
from crm_core.db.engine import Database
from crm_core.office.reading import read_office
from tests.fakes.sip_peer import Answer, Call, IncomingCall, Phone, SipPeer
from tests.fakes.tcp_proxy import TcpProxy
from tests.journeys.front import (
    AGENTS,
    CALLERS,
    PHONES,
    Front,
    calling_outside,
    make_tokens,
    office_text,
    ready,
    until,
)
from tests.journeys.pbx import cache_folder, find_or_install, free_sip_port
from tests.servers import free_port, rtp_start

CALLER_TONE, AGENT_TONE = 440, 600  # Hz, as SipPeer and Phone send them
RING_S = 25  # longer than a worker needs to start again on a busy machine
TONES = (CALLER_TONE, AGENT_TONE)


@dataclass(kw_only=True)
class Callcard(Front):
    """The running product, and what can be done to it."""

    supervisor: Supervisor
    ami: TcpProxy | None = None
    invites: list[tuple[str, IncomingCall]] = field(default_factory=list)  # (agent, leg), in order of arrival

    # -- processes --------------------------------------------------------------------------------

    @property
    def worker_pid(self) -> int:
        """Process id of the worker. Fails between two runs."""
        worker = self.supervisor.worker
        assert worker is not None and worker.child is not None, "the worker does not run"
        return worker.child.pid

    def kill_worker(self) -> int:
        """Kill it so that it can do nothing more; the id it had."""
        pid = self.worker_pid
        os.kill(pid, signal.SIGKILL)
        return pid

    async def worker_back(self, killed: int, timeout: float = 25.0) -> None:
        """Wait until another worker than *killed* runs, leads and sees the PBX."""

        async def another() -> bool:
            worker = self.supervisor.worker
            child = worker.child if worker is not None else None
            return child is not None and child.pid != killed and await ready(self)()

        await until(another, timeout=timeout, what="a new worker")

    def postgres_pids(self) -> list[int]:
        """The server and all its children, the server first."""
        text = (self.supervisor.layout.postgres / "data" / "postmaster.pid").read_text()
        server = int(text.split("\n", 1)[0])
        return [server, *children_of(server)]

    def pbx_pid(self) -> int:
        """Process id of Asterisk."""
        assert self.pbx.pid is not None, "Asterisk does not run"
        return self.pbx.pid

    # -- what is seen -----------------------------------------------------------------------------

    async def healthz(self) -> dict[str, str]:
        """Part -> `state: detail`, as /healthz tells now."""
        async with self.http.get(f"http://{self.settings.http}/healthz") as answer:
            body = await answer.json()
        return {part["name"]: f"{part['state']}: {part['detail']}" for part in body["parts"]}

    async def state_since(self, part: str) -> datetime:
        """Since when /healthz tells that *part* is as it is."""
        async with self.http.get(f"http://{self.settings.http}/healthz") as answer:
            parts = (await answer.json())["parts"]
        return next(datetime.fromisoformat(one["since"]) for one in parts if one["name"] == part)

    async def until_health(self, part: str, state: str, *, timeout: float = 20.0) -> None:
        """Wait until /healthz shows *part* in *state* (`state`, or `state: detail`)."""
        seen: dict[str, str] = {}

        async def there() -> bool:
            seen.update(await self.healthz())
            return f"{seen.get(part, '')} ".startswith((f"{state}: ", f"{state} "))

        await until(there, timeout=timeout, what=lambda: f"{part} to be {state}: {seen}")

    async def by_number(self, number: str) -> list[dict[str, Any]]:
        """The API's calls from *number*, newest first."""
        return [call for call in await self.calls() if call["from_raw"] == number]

    async def ended(self, number: str, *, timeout: float = 60.0) -> dict[str, Any]:
        """The one call from *number*, once it has ended, is settled, and its recording looked at."""
        seen: list[dict[str, Any]] = []

        async def over() -> bool:
            seen[:] = await self.by_number(number)
            return bool(seen) and all(_finished(call) for call in seen)

        await until(over, timeout=timeout, what=lambda: f"the call from {number} to end: {seen}")
        assert len(seen) == 1, f"one call, shown {len(seen)} times"
        return seen[0]

    async def carded(self, number: str, *, timeout: float = 20.0) -> dict[str, Any]:
        """The one call from *number*, once it has the card of that number, and who answered owns it."""
        seen: list[dict[str, Any]] = []

        async def there() -> bool:
            seen[:] = await self.by_number(number)
            if [call["customer_title"] for call in seen] != [number] or seen[0]["from"] != number:
                return False
            card = await self.get(f"/api/v1/customers/{seen[0]['customer_id']}")
            return bool(card["owner"] == seen[0]["agent"])

        await until(there, timeout=timeout, what=lambda: f"the card of {number}: {seen}")
        return seen[0]

    def legs_of(self, number: str) -> list[tuple[str, IncomingCall]]:
        """Every INVITE that agents' phones got for the caller *number*."""
        return [
            (agent, leg) for agent, leg in self.invites if leg.remote_number.lstrip("+") == number.lstrip("+")
        ]

    async def rung(self, number: str, *, timeout: float = 20.0) -> tuple[str, IncomingCall]:
        """The first INVITE an agent's phone got for the caller *number*."""

        async def there() -> bool:
            return bool(self.legs_of(number))

        await until(there, timeout=timeout, what=f"a phone to ring for {number}")
        return self.legs_of(number)[0]

    async def alerting(self, number: str, *, timeout: float = 30.0) -> None:
        """Wait until the newest call from *number* rings at a phone, and Callcard knows."""
        seen: list[dict[str, Any]] = []

        async def there() -> bool:
            seen[:] = await self.by_number(number)
            return any(offer["state"] == "alerting" for call in seen[:1] for offer in call["offers"][-1:])

        await until(there, timeout=timeout, what=lambda: f"a phone to ring for {number}: {seen}")

    # -- between journeys -------------------------------------------------------------------------

    async def at_work(self, *agents: str) -> None:
        """Begin a journey: no call up, phones as new, exactly *agents* available, nobody else logged in."""
        for peer in (self.trunk, *self.phones.values()):
            await asyncio.gather(*(leg.hangup() for leg in peer.calls))
        self.invites.clear()
        for phone in self.phones.values():
            phone.behaviour = Answer()
        for agent in AGENTS:
            await self.set_state(agent, "available" if agent in agents else "offline")
        for agent in AGENTS:
            await self.until_state(agent, "available" if agent in agents else "offline")
        await until(lambda: self._net_has(set(agents)), what=f"the net to have {agents}")

    async def _net_has(self, agents: set[str]) -> bool:
        shown = await self.pbx.control.run("queue show")
        return set(re.findall(r"Local/(\w+)@cc-fallback", shown)) == agents and "(paused" not in shown


def _finished(call: dict[str, Any]) -> bool:
    recorded = [recording["state"] for recording in call["recordings"]]
    known = "running" not in recorded and (bool(recorded) or call["answered_at"] is None)
    return call["state"] == "ended" and call["settled"] and known


async def talk(*legs: Call) -> None:
    """Both sides hear each other, now: first the caller's leg, then the agent's."""
    caller, agent = legs
    await asyncio.gather(caller.hears(TONES, AGENT_TONE), agent.hears(TONES, CALLER_TONE))


def children_of(pid: int) -> list[int]:
    """Living direct children of a process."""
    found: list[int] = []
    for task in (Path("/proc") / str(pid) / "task").iterdir():
        found += map(int, (task / "children").read_text().split())
    return found


@contextmanager
def frozen(pids: Iterable[int]) -> Iterator[None]:
    """Stop these processes (SIGSTOP), the first one first, and let them go on at the end."""
    stopped = list(pids)
    try:
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in stopped:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass  # a child that ended at the moment it was frozen


@asynccontextmanager
async def running_callcard(
    *,
    queue: str = "",
    overlay: Overlay | None = None,
    proxy: bool = False,
    leads: bool = True,
    outside: str | None = None,
    more: Callable[[str], str] = str,
) -> AsyncIterator[Callcard]:
    """The product up and quiet, nobody logged in.

    *proxy*: the worker reaches AMI through `Callcard.ami`. *leads*: wait until everything works. *outside*:
    agents call numbers outside, which are shown this one of ours. *more* changes the office's text.
    """
    await find_or_install()
    data = Path(tempfile.mkdtemp(prefix="cc-", dir="/tmp"))
    data.chmod(0o755)
    async with AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, data, ignore_errors=True)
        phones = {
            name: await stack.enter_async_context(await Phone.open(PHONES, endpoint=name, behaviour=Answer()))
            for name in AGENTS
        }
        trunk = await stack.enter_async_context(await SipPeer.open(CALLERS))
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
        ami = None
        if proxy:
            ami = await stack.enter_async_context(
                TcpProxy.open(("127.0.0.1", settings.ami_port), ("127.0.0.1", free_port("127.0.0.1")))
            )
            overlay = over_manager(f"[general](+)\nport = {ami.target[1]}\n", overlay)
        text = office_text(
            phones, sip_port=free_sip_port("127.0.0.1"), rtp_start=rtp_start(20_600), queue=queue
        )
        text = more(text.replace("ring_s: 6", f"ring_s: {RING_S}"))
        text = calling_outside(text, trunk, outside) if outside is not None else text
        supervisor = Supervisor(settings, office_text=text, overlay=overlay)
        await stack.enter_async_context(supervisor.running())
        assert supervisor.pbx is not None
        database = await Database.open(supervisor.database_url, pool_size=2, hot_size=1)
        stack.push_async_callback(database.close)
        callcard = Callcard(
            settings,
            read_office(text),
            supervisor.pbx,
            database,
            trunk,
            phones,
            supervisor=supervisor,
            ami=ami,
        )
        for name, phone in phones.items():
            note_invites(callcard, name, phone)
        callcard.tokens = await make_tokens(database, callcard.office.people)
        callcard.http = await stack.enter_async_context(aiohttp.ClientSession())
        if leads:
            await until(ready(callcard), timeout=30, what="Callcard to be ready")
        yield callcard


def over_manager(text: str, overlay: Overlay | None = None) -> Overlay:
    """*overlay* with *text* at the end of manager.conf."""
    added = dict(overlay.added) if overlay else {}
    added["manager.conf"] = added.get("manager.conf", "") + text
    return Overlay(added=added, modules=overlay.modules if overlay else ())


def note_invites(callcard: Callcard, agent: str, phone: Phone) -> None:
    """Write down each INVITE of *phone* before it behaves as it was told to."""
    behave = phone.on_invite
    assert behave is not None

    def noted(leg: IncomingCall) -> None:
        callcard.invites.append((agent, leg))
        behave(leg)

    phone.on_invite = noted
