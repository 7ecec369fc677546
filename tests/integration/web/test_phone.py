"""The phone's way through the web: who may come, what passes, and how each end of it is told."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import aiohttp
import pytest
from aiohttp import WSMsgType
from structlog.testing import capture_logs

from agent_ui.phone.proxy import MESSAGE_LIMIT, SOCKETS_PER_DEVICE, PhoneProxy
from crm_core.errors import NotFound, Unavailable
from crm_core.ids import new_id
from crm_core.people.model import Reader
from crm_core.people.phone_credentials import Issued, Standing
from tests.fakes.house import NOW
from tests.fakes.web import House
from tests.fakes.ws_switch import WsSwitch

pytestmark = pytest.mark.integration

ENDPOINT = "agent-anna-web"


@dataclass
class MemoryCredentials:
    """Everybody has one phone, `agent-<name>-web`."""

    owner: dict[UUID, str] = field(default_factory=dict)
    standing: dict[UUID, Standing] = field(default_factory=dict)
    ended: list[UUID] = field(default_factory=list)
    away: bool = False

    async def issue(self, reader: Reader) -> Issued:
        if self.away:
            raise Unavailable("not taken", hint="try again")
        id = new_id()
        self.owner[id], self.standing[id] = reader.person, Standing.IN_FORCE
        until = NOW + timedelta(hours=8)
        return Issued(id=id, endpoint=f"agent-{reader.person}-web", password="p" * 32, expires_at=until)

    async def endpoint_of(self, reader: Reader, id: UUID) -> str:
        if self.owner.get(id) != reader.person:
            raise NotFound
        return f"agent-{reader.person}-web"

    async def standings(self, ids: Collection[UUID]) -> Mapping[UUID, Standing]:
        if self.away:
            raise Unavailable
        return {id: self.standing[id] for id in ids}

    async def end(self, id: UUID) -> None:
        self.ended.append(id)


@dataclass
class Phones:
    """A web with phones, their passwords, and the switch behind."""

    house: House
    switch: WsSwitch
    credentials: MemoryCredentials
    proxy: PhoneProxy
    http: aiohttp.ClientSession

    async def password(self, who: str = "anna") -> str:
        """The address of a new phone's socket."""
        async with self.house.ask("POST", "/phone/credentials", who=who) as answer:
            assert answer.status == 200
            return str((await answer.json())["ws"])

    async def connect(self, address: str, who: str = "anna") -> aiohttp.ClientWebSocketResponse:
        """Raises aiohttp.WSServerHandshakeError."""
        headers = {"Authorization": f"Bearer token-{who}"}
        return await self.http.ws_connect(address, protocols=("sip",), headers=headers)


@pytest.fixture
async def phones(tmp_path: Path) -> AsyncIterator[Phones]:
    house, credentials = House(tmp_path), MemoryCredentials()
    async with WsSwitch() as switch:
        proxy = PhoneProxy(switch.address, credentials)
        house.phones = proxy
        running = asyncio.create_task(proxy.run(), name="proxy")
        async with house, aiohttp.ClientSession(house.url) as http:
            yield Phones(house, switch, credentials, proxy, http)
        running.cancel()
        await asyncio.wait({running})


@asynccontextmanager
async def connected(phones: Phones) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    ws = await phones.connect(await phones.password())
    try:
        yield ws
    finally:
        await ws.close()


def options(user: str = ENDPOINT, body: str = "") -> str:
    party = f"<sip:{user}@pbx.invalid>"
    return (
        f"OPTIONS sip:102@pbx.invalid SIP/2.0\r\nVia: SIP/2.0/WS x.invalid;branch=z9hG4bK1\r\nTo: {party}\r\n"
        f"From: {party};tag=1\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )


async def closed(ws: aiohttp.ClientWebSocketResponse) -> int | None:
    """The close code, once the web has closed."""
    async with asyncio.timeout(20):
        while (await ws.receive()).type not in (WSMsgType.CLOSE, WSMsgType.CLOSED):
            pass
    return ws.close_code


async def test_messages_pass_both_ways_as_they_are(phones: Phones) -> None:
    async with connected(phones) as ws:
        await ws.send_str(options(body="v=0\r\n"))
        await phones.switch.say("SIP/2.0 200 OK\r\n\r\n")
        assert await ws.receive_str(timeout=20) == "SIP/2.0 200 OK\r\n\r\n"
        async with asyncio.timeout(20):
            while not phones.switch.heard:
                await asyncio.sleep(0.01)
        assert phones.switch.heard == [options(body="v=0\r\n")]


async def test_what_a_phone_must_not_say_cuts_it_and_does_not_pass(phones: Phones) -> None:
    async with connected(phones) as ws:
        await ws.send_str(options("agent-boris-web"))
        assert await closed(ws) == 1008
    async with connected(phones) as ws:
        await ws.send_bytes(options().encode())
        assert await closed(ws) == 1008
    async with connected(phones) as ws:
        await ws.send_str(options(body="x" * MESSAGE_LIMIT))
        assert await closed(ws) == 1009
    assert phones.switch.heard == []


@pytest.mark.parametrize(("standing", "code"), [(Standing.REPLACED, 4409), (Standing.ENDED, 4401)], ids=str)
async def test_a_phone_ends_with_its_password(phones: Phones, standing: Standing, code: int) -> None:
    async with connected(phones) as ws:
        (id,) = phones.credentials.standing
        phones.credentials.standing[id] = standing
        assert await closed(ws) == code
        assert phones.credentials.ended == ([id] if standing is Standing.ENDED else [])


async def test_a_database_that_is_away_ends_no_phone(phones: Phones) -> None:
    async with connected(phones) as ws:
        phones.credentials.away = True
        await asyncio.sleep(1.3)  # more than one look
        await phones.switch.say("SIP/2.0 200 OK\r\n\r\n")
        assert await ws.receive_str(timeout=20)


async def test_the_switch_and_the_web_say_come_again(phones: Phones) -> None:
    async with connected(phones) as ws:
        await phones.switch.end()
        assert await closed(ws) == 1012
    async with connected(phones) as ws:
        phones.proxy.close()
        assert await closed(ws) == 1001


async def test_the_switchs_end_goes_with_the_phone(phones: Phones) -> None:
    async with connected(phones):
        assert len(phones.switch.sockets) == 1
    async with asyncio.timeout(20):
        while phones.switch.sockets:
            await asyncio.sleep(0.01)


async def refusal(phones: Phones, address: str, who: str = "anna") -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as error:
        await phones.connect(address, who)
    return error.value.status


async def test_who_may_not_come_is_told_so(phones: Phones) -> None:
    mine = await phones.password()
    assert await refusal(phones, mine, "boris") == 404
    assert await refusal(phones, "/phone/ws?credential=1") == 404
    assert await refusal(phones, "/phone/ws") == 400
    async with phones.house.ask("GET", mine, who="anna") as answer:
        assert (answer.status, (await answer.json())["field"]) == (400, "Sec-WebSocket-Protocol")
    async with phones.house.ask("GET", mine, who="anna", headers={"Sec-WebSocket-Protocol": "sip"}) as answer:
        assert answer.status == 426
    held = [await phones.connect(mine) for _ in range(SOCKETS_PER_DEVICE)]
    assert await refusal(phones, mine) == 429
    for ws in held:
        await ws.close()


async def test_a_switch_that_is_away_or_starting_is_502(phones: Phones) -> None:
    mine = await phones.password()
    phones.switch.silent = True
    assert await refusal(phones, mine) == 502
    phones.switch.silent = False
    await (await phones.connect(mine)).close()


async def test_a_password_that_is_not_in_force_is_a_problem_with_a_way_out(phones: Phones) -> None:
    phones.credentials.away = True
    async with phones.house.ask("POST", "/phone/credentials", who="anna") as answer:
        body = await answer.json()
        assert (answer.status, body["code"], body["hint"]) == (503, "unavailable", "try again")


async def test_without_phones_in_the_browser_the_answer_says_so(tmp_path: Path) -> None:
    async with House(tmp_path) as house:
        for method, path in (("POST", "/phone/credentials"), ("GET", "/phone/ws?credential=1")):
            async with house.ask(method, path, who="anna") as answer:
                assert answer.status == 503
                assert "private Asterisk" in (await answer.json())["hint"]


async def test_a_page_can_ask_why_its_socket_does_not_open(phones: Phones) -> None:
    mine = (await phones.password()).replace("/phone/ws", "/phone/standing")
    for path, who, status in ((mine, "anna", 204), (mine, "boris", 404), ("/phone/standing", "anna", 400)):
        async with phones.house.ask("GET", path, who=who) as answer:
            assert answer.status == status


async def test_the_list_names_who_can_be_reached_and_may_be_seen(house: House) -> None:
    async with house.ask("GET", "/phone/colleagues", who="anna") as answer:
        assert answer.status == 200
        text = await answer.text()
    found = re.findall(r'data-number="(\d+)" data-name="(\w+)"', text)
    assert found == [("102", "Boris"), ("601", "Sales"), ("602", "Service")]


async def test_a_page_that_leaves_while_its_line_is_made_is_no_fault(phones: Phones) -> None:
    mine = await phones.password()
    phones.switch.silent = True
    with capture_logs() as logs:
        connecting = asyncio.create_task(phones.connect(mine), name="connecting")
        await until_sockets(phones, 1)
        connecting.cancel()
        await asyncio.wait({connecting})
        await asyncio.sleep(0.1)
        phones.switch.silent = False
        await until_sockets(phones, 0)
    assert [line for line in logs if line["log_level"] == "error"] == []


async def until_sockets(phones: Phones, count: int) -> None:
    async with asyncio.timeout(20):
        while len(phones.switch.sockets) != count:
            await asyncio.sleep(0.01)
