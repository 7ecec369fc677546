"""What journeys share: an office, callers, agents' phones, the API, and the audit at the end.

Asterisk's SIP is on 127.0.0.1, callers come from 127.0.0.2, agents' phones are on 127.0.0.3. After each
journey `audit` holds the API, the ledger and the PBX against each other.
"""

from __future__ import annotations

import asyncio
import csv
import io
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from asterisk_conf.private_pbx import PrivatePbx
from callcard.settings import Settings
from crm_core.clock import SystemClock
from crm_core.db.engine import Database
from crm_core.office.model import OfficeFile
from crm_core.people.service import PeopleService
from tests.fakes.sip_peer import OutgoingCall, Phone, SipPeer

SALES, SUPPORT, BRIEF = "+74955550100", "+994125550100", "+74955550199"
AGENTS = ("anna", "elena", "rashid")
DINA = "agent-dina-desk"  # the one phone that has to register
CALLERS, PHONES = "127.0.0.2", "127.0.0.3"


def office_text(
    phones: Mapping[str, Phone], *, sip_port: int, rtp_start: int, queue: str = "", ring_s: int = 6
) -> str:
    """The journeys' office; *queue* is YAML added to sales and support (four blanks before each line)."""
    people = "".join(
        f"""
  {name}:
    title: {name.title()}
    office: {"baku" if name == "rashid" else "moscow"}
    team: {"support" if name == "rashid" else "sales"}
    extension: "{101 + AGENTS.index(name)}"
    devices:
      - kind: contact
        contact: sip:{name}@{phones[name].host}:{phones[name].port}"""
        for name in AGENTS
    )
    return f"""version: 1
sip: {{bind: 127.0.0.1, port: {sip_port}, rtp_start: {rtp_start}, rtp_end: {rtp_start + 600}}}
offices:
  moscow: {{title: Moscow, country: RU, timezone: Europe/Moscow, language: en}}
  baku: {{title: Baku, country: AZ, timezone: Asia/Baku, language: en}}
teams:
  sales: {{title: Sales, office: moscow}}
  support: {{title: Support, office: baku}}
people:{people}
  dina: {{title: Dina, office: moscow, extension: "104", devices: [{{kind: sip}}]}}
  viktor: {{title: Viktor, role: supervisor, office: moscow}}
  admin: {{title: Admin, role: admin, office: moscow}}
trunks:
  provider: {{title: Carrier, match: [{CALLERS}]}}
numbers:
  "{SALES}": {{title: Sales line, office: moscow, queue: sales}}
  "{SUPPORT}": {{title: Support line, office: baku, queue: support}}
  "{BRIEF}": {{title: Brief line, office: moscow, queue: brief}}
queues:
  sales:
    title: Sales
    extension: "701"
    members: [anna, elena]
    ring_s: {ring_s}
    wrap_up_s: 0
{queue}
  support:
    title: Support
    extension: "702"
    members: [rashid, anna]
    ring_s: {ring_s}
    wrap_up_s: 0
{queue}
  brief:
    title: Brief
    members: [dina]
    ring_s: {ring_s}
    wrap_up_s: 0
    max_wait_s: 2
    overflow: hangup
customers:
  - {{title: Marina Volkova, phones: ["+74955550142"], owner: elena}}
  - {{title: Igor, phones: ["+74955550160"]}}
  - {{title: Olga, phones: ["+74955550160"]}}
"""


def calling_outside(text: str, carrier: SipPeer, shown: str = SALES) -> str:
    """The journeys' office that calls numbers in RU and AZ over *carrier*, *shown* one of its own."""
    trunk = f"provider: {{title: Carrier, match: [{CALLERS}]"
    assert trunk in text
    outgoing = f'{{caller_id: "{shown}", prefixes: ["+7", "+994"]}}'
    contact = f"sip:{carrier.host}:{carrier.port}"
    return text.replace(trunk, f"{trunk}, contact: {contact}, outgoing: {outgoing}")


@dataclass
class Front:
    """What a journey touches, however the product is run: callers, phones, the API, the PBX, the ledger."""

    settings: Settings
    office: OfficeFile
    pbx: PrivatePbx
    database: Database
    trunk: SipPeer
    phones: dict[str, Phone]
    tokens: dict[str, str] = field(default_factory=dict)
    http: aiohttp.ClientSession = field(init=False)

    async def call(self, did: str = SALES, *, number: str = "+74955550177", **more: Any) -> OutgoingCall:
        """A call from the carrier."""
        sip = self.office.sip
        return await self.trunk.invite(f"sip:{did}@{sip.bind}:{sip.port}", from_number=number, **more)

    async def get(self, path: str, *, who: str = "admin", status: int = 200) -> Any:
        """What the API answers to *who*."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        async with self.http.get(f"http://{self.settings.http}{path}", headers=headers) as answer:
            body = await answer.json(content_type=None)
            assert answer.status == status, body
            return body

    async def post(self, path: str, body: dict[str, Any], *, who: str, status: int = 200) -> Any:
        """What the API answers when *who* sends *body*."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        url = f"http://{self.settings.http}{path}"
        async with self.http.post(url, headers=headers, json=body) as answer:
            shown = await answer.json(content_type=None)
            assert answer.status == status, shown
            return shown

    async def set_state(self, agent: str, state: str, *, reason: str | None = None) -> None:
        """Choose a state as the agent, by the API."""
        headers = {"Authorization": f"Bearer {self.tokens[agent]}"}
        url = f"http://{self.settings.http}/api/v1/agents/{agent}/state"
        async with self.http.put(url, headers=headers, json={"state": state, "reason": reason}) as answer:
            assert answer.status == 200, await answer.text()

    async def available(self, *agents: str) -> None:
        """Log these agents in, and wait until the router shows them available."""
        for agent in agents:
            await self.set_state(agent, "available")
        for agent in agents:
            await self.until_state(agent, "available")

    async def until_state(self, agent: str, *states: str, timeout: float = 20.0) -> None:
        """Wait until the agent is shown in one of *states*."""

        async def there() -> bool:
            shown = await self.get(f"/api/v1/agents/{agent}")
            return shown["state"] in states

        await until(there, timeout=timeout, what=f"{agent} in {states}")

    async def calls(self) -> list[dict[str, Any]]:
        """All calls of the API, newest first."""
        items: list[dict[str, Any]] = (await self.get("/api/v1/calls?limit=200"))["items"]
        return items

    async def the_call(
        self, check: Callable[[dict[str, Any]], bool], *, timeout: float = 20.0
    ) -> dict[str, Any]:
        """The newest call, once *check* holds for it."""
        seen: list[dict[str, Any]] = []

        async def there() -> bool:
            seen[:] = await self.calls()
            return bool(seen) and check(seen[0])

        await until(there, timeout=timeout, what=lambda: f"the newest call to fit: {seen[:1]}")
        return seen[0]

    async def channels(self) -> int:
        """How many channels the PBX has."""
        shown = await self.pbx.control.run("core show channels count")
        return int(shown.split()[0])

    def ledger(self) -> dict[str, list[str]]:
        """Call id -> event names, read straight from Asterisk's own file."""
        found: dict[str, list[str]] = {}
        text = self.pbx.settings.cel_file.read_text("utf-8", "replace")
        for row in csv.reader(io.StringIO(text)):
            if len(row) > 13 and row[13]:
                found.setdefault(row[13], []).append(row[0])
        return found

    async def audit(self) -> None:
        """The PBX has no channel left; API and ledger know the same calls, each over and done with."""

        async def quiet() -> bool:
            return await self.channels() == 0

        await until(quiet, timeout=30, what="the PBX to have no channel left")
        wrong: list[str] = []

        async def agreed() -> bool:
            wrong[:] = differences(await self.calls(), self.ledger(), await self._merged_ids())
            return not wrong

        await until(agreed, timeout=30, what=lambda: f"API and ledger to agree: {wrong}")

    async def _merged_ids(self) -> set[str]:
        async with self.database.hot(timeout_s=5) as connection:
            rows = await connection.fetch("SELECT id FROM calls WHERE merged_into IS NOT NULL")
        return {str(row["id"]) for row in rows}


def differences(calls: list[dict[str, Any]], ledger: dict[str, list[str]], merged: set[str]) -> list[str]:
    """What API and ledger do not agree on, in words; *merged* are ids of consult calls."""
    shown, written = {call["id"] for call in calls}, ledger.keys() - merged
    wrong = [f"{id} is in the ledger only: {ledger[id]}" for id in written - shown]
    wrong += [f"{id} is in the API only" for id in shown - written]
    for call in calls:
        if call["state"] != "ended" or call["ended_at"] is None:
            wrong.append(f"{call['id']} is {call['state']}")
        if not call["settled"]:
            wrong.append(f"{call['id']} is not settled by the ledger: {ledger.get(call['id'])}")
        if any(offer["ended_at"] is None for offer in call["offers"]):
            wrong.append(f"{call['id']} has an open offer: {call['offers']}")
        if any(leg["ended_at"] is None for leg in call["legs"]):
            wrong.append(f"{call['id']} has an open leg: {call['legs']}")
        if any(recording["state"] == "running" for recording in call["recordings"]):
            wrong.append(f"{call['id']} has a recording without an end")
        talked = ledger.get(call["id"], []).count("BRIDGE_ENTER") >= 2
        if (call["outcome"] == "answered") and not talked:
            wrong.append(f"{call['id']} is answered, and was in no bridge")
    return wrong


async def until(
    check: Callable[[], Any], *, timeout: float = 20.0, what: str | Callable[[], str] = "the condition"
) -> None:
    """Poll an async *check* until it holds. Raises AssertionError that says what was waited for."""
    deadline = time.monotonic() + timeout
    while not await check():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout} s for {what() if callable(what) else what}")
        await asyncio.sleep(0.05)


async def make_tokens(database: Database, people: Iterable[str]) -> dict[str, str]:
    """A bearer token for each person."""
    service = PeopleService(database, SystemClock())
    return {name: await service.create_token(name, "journey", by="journey") for name in people}


def ready(front: Front) -> Callable[[], Any]:
    """A check that the router leads, the links are up and the live view is loaded."""

    async def answers() -> bool:
        headers = {"Authorization": f"Bearer {front.tokens['admin']}"}
        try:
            for path in ("/healthz", "/api/v1/agents"):  # 503: a part is down; the view is being loaded
                url = f"http://{front.settings.http}{path}"
                async with front.http.get(url, headers=headers) as answer:
                    if answer.status != 200:
                        return False
        except aiohttp.ClientError:
            return False
        return True

    return answers
