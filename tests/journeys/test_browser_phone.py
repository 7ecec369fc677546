"""The phone in the browser up to its media: passwords, the way through the web, calls, and every end."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from crm_core.clock import SystemClock
from crm_core.office.service import OfficeService
from crm_core.people.service import PeopleService
from tests.conftest import fresh_database
from tests.fakes.sip.ws_phone import Account, WsPhone
from tests.journeys.house import House, offers, running_house, until

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

LINE = "+74955550188"
ENDPOINT = "agent-bella-web"
PASSWORD = "the same for all of them"
ENDED_S = 4.0  # two, and as long again for a machine with a lot to do


def with_browser_phones(text: str) -> str:
    """The journeys' office with two people who work in the browser, and a line to the first.

    One of its trunks is where the web, which stands between them and the switch, is too.
    """
    people = "".join(
        f"""people:
  {name}: {{title: {name.title()}, office: moscow, extension: "{number}",
    devices: [{{name: web, kind: browser}}]}}
""".removeprefix("people:\n")
        for name, number in (("bella", 111), ("boris", 112))
    )
    text = text.replace("people:\n", f"people:\n{people}")
    text = text.replace("trunks:\n", "trunks:\n  beside: {title: Beside the web, match: [127.0.0.1]}\n")
    text = text.replace(
        "queues:\n", "queues:\n  web: {title: Web, members: [bella], ring_s: 3, wrap_up_s: 0}\n"
    )
    return text.replace("numbers:\n", f'numbers:\n  "{LINE}": {{title: Web, office: moscow, queue: web}}\n')


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_house(postgres_home: Path, template_database: str) -> AsyncIterator[House]:
    """The whole product with two phones in the browser."""
    async with (
        fresh_database(postgres_home) as dsn,
        running_house(dsn, more=with_browser_phones) as house,
    ):
        yield house


def bearer(house: House, who: str, token: str | None = None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token or house.tokens[who]}"}


async def account(house: House, who: str = "bella") -> Account:
    """A new password, in force at the switch."""
    return Account.read(await house.post("/phone/credentials", {}, who=who))


@asynccontextmanager
async def phone(house: House, given: Account | None = None, who: str = "bella") -> AsyncIterator[WsPhone]:
    """A phone of *who*, connected and not registered."""
    given = given or await account(house, who)
    url = f"http://{house.settings.http}"
    async with await WsPhone.open(house.http, url, given, bearer(house, who)) as opened:
        yield opened


async def refused(house: House, given: Account, who: str = "bella", **headers: str) -> int:
    """The status with which *given*'s socket is refused to *who*."""
    url = f"http://{house.settings.http}"
    with pytest.raises(aiohttp.WSServerHandshakeError) as error:
        await WsPhone.open(house.http, url, given, {**bearer(house, who), **headers})
    return error.value.status


async def contacts(house: House) -> int:
    """How many contacts the switch has of bella's phone."""
    shown = await house.pbx.control.run("pjsip show contacts")
    return len(re.findall(rf"Contact:  {ENDPOINT}/", shown))


async def until_contacts(house: House, count: int, timeout: float = 20.0) -> None:
    async def there() -> bool:
        return await contacts(house) == count

    await until(there, timeout=timeout, what=f"{count} contacts")


async def test_a_phone_registers_and_its_agent_can_be_called(house: House) -> None:
    async with phone(house) as bella:
        assert await bella.register() == 200
        await house.until_state("bella", "available")  # as with any phone that logs in
        call = await house.call(LINE)
        async with asyncio.timeout(20):
            invite = await bella.invites.get()
        sdp = invite.body.decode()
        assert "UDP/TLS/RTP/SAVPF" in sdp
        for line in ("a=fingerprint:SHA-256 ", "a=ice-ufrag:", "a=rtcp-mux", "a=setup:actpass"):
            assert line in sdp
        assert "a=rtpmap:8 PCMA/8000" in sdp
        offered = re.findall(r"a=candidate:\S+ 1 UDP \d+ (\S+) \d+ typ host", sdp, re.IGNORECASE)
        assert [a for a in offered if not ipaddress.ip_address(a).is_loopback]  # what a browser can reach
        await bella.refuse(invite)
        await call.hangup()
        await house.ended(from_="+74955550177")


async def test_a_phone_that_went_away_is_not_called(house: House) -> None:
    async with phone(house) as bella:
        assert await bella.register() == 200
        await house.until_state("bella", "available")
    await until_contacts(house, 0)

    async def down() -> bool:
        return (await house.get("/api/v1/agents/bella"))["devices_up"] is False

    await until(down, what="bella's device to be down")
    call = await house.call(LINE)
    await asyncio.sleep(1.0)
    await call.hangup()
    ended = await house.ended(from_="+74955550177")
    assert ended["offers"] == []
    await house.until_state("bella", "offline", timeout=30)


@pytest.mark.parametrize("reason", ["did_not_ring", "no_phone"])
async def test_a_page_too_slow_to_ring_is_said_and_called_again_with_its_first_sign_of_life(
    house: House, reason: str
) -> None:
    """Once it wakes before the switch has missed an answer of its own question, once afterwards."""

    def out_of_reach(agent: dict[str, Any]) -> bool:
        return (agent["name"], agent["state"], agent["unreachable"]) == ("bella", "available", reason)

    async with phone(house) as bella, house.feed("bella") as feed:
        assert await bella.register() == 200
        await house.until_state("bella", "available")
        bella.hang()
        call = await house.call(LINE)
        heard = (await feed.heard("agent.changed", out_of_reach)).data
        assert (heard["unreachable_until"] is not None) is (reason == "did_not_ring")
        shown = await house.get("/api/v1/agents/bella")
        assert (shown["state"], shown["unreachable"]) == ("available", reason)
        assert feed.view.queues["web"].unreachable == 1 and feed.view.queues["web"].free == 0
        bella.wake()
        async with asyncio.timeout(20):  # by time alone it would be a minute
            late, again = await bella.invites.get(), await bella.invites.get()
        assert late.call_id != again.call_id
        await feed.heard("call.alerting", lambda shown: bool(shown["offer"]["attempt"] > 1))
        assert feed.view.agents["bella"].unreachable is None
        await call.hangup()
        made = offers(await house.ended(from_="+74955550177"))
        assert (made[0], [agent for agent, _ in made]) == (("bella", "unreachable"), ["bella", "bella"])


async def test_the_newest_password_wins(house: House) -> None:
    async with phone(house) as old:
        assert await old.register() == 200
        newer = await account(house)
        assert newer.password != old.account.password
        async with phone(house, newer) as new:
            assert await new.register(password=old.account.password) == 401
            assert await new.register() == 200
            assert await old.closed(within=3) == 4409
            await until_contacts(house, 1)
            assert await refused(house, old.account) == 409  # a window that was replaced stays so
            assert not new.ended.done()


async def test_nobody_speaks_in_anothers_name(house: House) -> None:
    boris = await account(house, "boris")
    for method in ("REGISTER", "INVITE", "MESSAGE", "SUBSCRIBE"):
        async with phone(house) as bella:
            await bella.say(bella.request(method, user=boris.endpoint, uri="sip:101@pbx.invalid"))
            assert await bella.closed() == 1008
    async with phone(house) as bella:
        hidden = bella.request("REGISTER", user=boris.endpoint).to_bytes()
        own = bella.request("OPTIONS").to_bytes()
        await bella.ws.send_str((own + hidden).decode())  # two messages in one frame
        assert await bella.closed() == 1008
    assert await refused(house, boris) == 404  # another's password, one's own session


async def test_who_may_not_come_is_told_before_the_socket_opens(house: House) -> None:
    given = await account(house)
    assert await refused(house, given, Origin="https://elsewhere.example") == 403
    async with house.http.get(f"http://{house.settings.http}{given.ws}") as answer:
        assert answer.status == 401
    body = await house.post("/phone/credentials", {}, who="anna", status=404)
    assert "kind browser" in body["hint"]


async def test_the_phone_ends_with_its_session(house: House) -> None:
    people = PeopleService(house.database, SystemClock())
    token = await people.create_token("bella", "short", by="test")
    kept, house.tokens["bella"] = house.tokens["bella"], token
    try:
        async with phone(house) as bella:
            assert await bella.register() == 200
            for info in await people.list_tokens("bella"):
                if info.label == "short":
                    await people.revoke_token(info.id, by="test")
            assert await bella.closed(within=2.5) == 4401
            await until_contacts(house, 0)
    finally:
        house.tokens["bella"] = kept

    async def gone() -> bool:
        shown: str = await house.pbx.control.run(f"pjsip show auth {ENDPOINT}-cred")
        return "Unable to find object" in shown

    await until(gone, timeout=30, what="the password to leave the switch")


@asynccontextmanager
async def browser(house: House) -> AsyncIterator[aiohttp.ClientSession]:
    """A page of ours in which bella has signed in with PASSWORD."""
    jar = aiohttp.CookieJar(unsafe=True)  # unsafe: also for hosts that are addresses
    own = {"Origin": f"http://{house.settings.http}"}
    async with aiohttp.ClientSession(own["Origin"], cookie_jar=jar, headers=own) as session:
        form = {"name": "bella", "password": PASSWORD, "next": "/settings"}
        async with session.post("/login", data=form) as answer:
            assert (answer.status, answer.url.path) == (200, "/settings")
        yield session


async def sign_out(_: House, page: aiohttp.ClientSession) -> None:
    async with page.post("/logout") as answer:
        assert answer.status == 200


async def give_another_password(house: House, _: aiohttp.ClientSession) -> None:
    await PeopleService(house.database, SystemClock()).add_user("bella", f"not {PASSWORD}", by="test")


async def give_another_role(house: House, _: aiohttp.ClientSession) -> None:
    offices = OfficeService(house.database, SystemClock())
    text = await offices.export()
    assert text is not None
    promoted = text.replace("  bella: {title: Bella,", "  bella: {title: Bella, role: supervisor,")
    assert promoted != text
    await offices.apply(promoted, None, "test", None)


@pytest.mark.parametrize("how", [sign_out, give_another_password, give_another_role])
async def test_all_sockets_of_a_session_end_with_it_within_two_seconds(
    house: House, how: Callable[[House, aiohttp.ClientSession], Awaitable[None]]
) -> None:
    await PeopleService(house.database, SystemClock()).add_user("bella", PASSWORD, by="test")
    url = f"http://{house.settings.http}"
    async with browser(house) as page, page.ws_connect("/live?as=html&screen=desk") as desk:
        assert (await desk.receive_json())["event"] == "snapshot"
        async with page.post("/phone/credentials") as answer:
            given = Account.read(await answer.json())
        async with await WsPhone.open(page, url, given, {}) as bella:
            assert await bella.register() == 200
            await how(house, page)
            async with asyncio.timeout(ENDED_S):
                while (message := await desk.receive()).type is aiohttp.WSMsgType.TEXT:
                    pass
                assert (message.data, await bella.closed()) == (4401, 4401)

        async def turned_away() -> bool:
            async with page.get("/settings", allow_redirects=False) as answer:
                return answer.headers.get("Location") == "/login?next=%2Fsettings"

        await until(turned_away, what="pages to be refused too")
    await until_contacts(house, 0)


async def test_a_password_outlives_the_switch(house: House) -> None:
    given = await account(house)
    async with phone(house, given) as bella:
        assert await bella.register() == 200
        pid = house.pbx.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert await bella.closed() == 1012
    statuses: list[Any] = []

    async def registered() -> bool:
        try:
            async with phone(house, given) as again:
                statuses.append(await again.register())
        except (aiohttp.WSServerHandshakeError, TimeoutError) as error:
            statuses.append(getattr(error, "status", "time-out"))
        return bool(statuses[-1] == 200)

    await until(registered, timeout=30, what=lambda: f"the old password to work: {statuses}")
    assert set(statuses) == {502, 200}  # nobody is let in before the switch has the password again

    async def led() -> bool:
        return (await house.http.get(f"http://{house.settings.http}/healthz")).status == 200

    await until(led, timeout=30, what="the house to be whole again")
