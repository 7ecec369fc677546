"""Signing in and out with a browser that has no JavaScript."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import aiohttp
import pytest
from websockets.asyncio.client import connect

from crm_core.people.events import SessionsEnded
from crm_core.people.model import Preferences, Theme
from tests.fakes.house import NOW
from tests.fakes.web import House

pytestmark = pytest.mark.integration

OURS = {"Sec-Fetch-Site": "same-origin"}


async def post_login(house: House, headers: dict[str, str] | None = None, **fields: str):  # type: ignore[no-untyped-def]
    form = {"name": "anna", "password": "password-anna", **fields}
    asked = OURS if headers is None else headers
    return await house.ask("POST", "/login", data=form, headers=asked, allow_redirects=False)


async def test_the_page_is_a_plain_form(house: House) -> None:
    async with house.ask("GET", "/login?next=/customers", headers={"Accept-Language": "ru"}) as answer:
        assert answer.status == 200
        text = await answer.text()
        policy = answer.headers["Content-Security-Policy"]
    assert '<form method="post" action="/login"' in text
    assert 'name="next" value="/customers"' in text
    assert '<html lang="ru"' in text
    assert "unsafe" not in policy and "form-action 'self'" in policy
    assert not re.search(r"<script(?![^>]* nonce=)", text)
    assert answer.headers["Referrer-Policy"] == "same-origin"  # else browsers hide the origin of forms


async def test_signing_in_gives_a_cookie_no_script_reads(house: House) -> None:
    answer = await post_login(house, next="/customers?phone=8495")
    assert (answer.status, answer.headers["Location"]) == (303, "/customers?phone=8495")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("callcard_session=session-0;")
    assert {"HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=604800"} <= set(cookie.split("; "))
    assert "Secure" not in cookie and "Domain" not in cookie
    assert house.sessions.people == {"session-0": "anna"}


async def test_over_https_the_cookie_stays_there(house: House) -> None:
    origin = house.url.replace("http:", "https:")
    answer = await post_login(house, headers={"Origin": origin})
    assert answer.status == 303
    assert "Secure" in answer.headers["Set-Cookie"].split("; ")


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {}],
    ids=str,
)
async def test_no_other_site_signs_somebody_in(house: House, headers: dict[str, str]) -> None:
    answer = await post_login(house, headers=headers)
    assert answer.status == 403
    assert "Set-Cookie" not in answer.headers
    assert house.sessions.tries == []


@pytest.mark.parametrize(("name", "password"), [("anna", "wrong"), ("nobody", "password-anna"), ("", "")])
async def test_what_was_wrong_is_not_said(house: House, name: str, password: str) -> None:
    answer = await post_login(house, name=name, password=password, next="/calls")
    text = await answer.text()
    assert answer.status == 401
    assert "Set-Cookie" not in answer.headers
    assert "Wrong name or password." in text
    assert 'name="next" value="/calls"' in text
    assert password == "" or password not in text


async def test_too_many_tries_are_told_when_to_come_again(house: House) -> None:
    house.sessions.wait_s = 42
    answer = await post_login(house)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "42")
    assert "Try again in 42 s." in await answer.text()


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "/\t/evil.example",
        "javascript:alert(1)",
        "/login?next=/login",
        "customers",
        "/" + "x" * 600,
        "",
    ],
)
async def test_signing_in_leads_to_no_other_site(house: House, target: str) -> None:
    answer = await post_login(house, next=target)
    assert answer.headers["Location"] == "/"
    async with house.ask("GET", "/login", params={"next": target}) as page:
        assert 'name="next" value="/"' in await page.text()


async def test_what_is_typed_stays_text(house: House) -> None:
    answer = await post_login(house, name='"><script>alert(1)</script>')
    text = await answer.text()
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text


@pytest.mark.parametrize(
    ("body", "type_"),
    [
        (b"name=anna", "application/x-www-form-urlencoded"),
        (b"name=a&name=b&password=x", "application/x-www-form-urlencoded"),
        (b"name=a&password=x&admin=1", "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"&".join(b"a=1" for _ in range(200)), "application/x-www-form-urlencoded"),
        (b'{"name": "anna", "password": "password-anna"}', "application/json"),
    ],
)
async def test_what_is_no_form_is_refused(house: House, body: bytes, type_: str) -> None:
    headers = {**OURS, "Content-Type": type_}
    async with house.ask("POST", "/login", data=body, headers=headers) as answer:
        assert answer.status == 400
    assert house.sessions.tries == []


async def test_the_old_session_of_the_browser_ends(house: House) -> None:
    old = house.sessions.open("boris")
    answer = await post_login(house, headers={**OURS, "Cookie": f"callcard_session={old}"})
    assert answer.status == 303
    assert list(house.sessions.people.values()) == ["anna"]


async def test_who_is_signed_in_is_not_asked_again(house: House) -> None:
    async with house.page("GET", "/login?next=/calls", who="anna") as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/calls")


async def test_signing_out_ends_the_session_and_its_sockets(house: House) -> None:
    token = house.sessions.open("anna")
    headers = {"Cookie": f"callcard_session={token}"}
    url = f"ws://127.0.0.1:{house.port}/live"
    async with connect(url, additional_headers=headers, origin=house.url, proxy=None) as ws:  # type: ignore[arg-type]
        assert json.loads(await ws.recv())["event"] == "snapshot"
        answer = await house.ask("POST", "/logout", headers={**OURS, **headers}, allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "/login")
        assert 'callcard_session=""' in answer.headers["Set-Cookie"]
        async with asyncio.timeout(20):
            await ws.wait_closed()
        assert ws.close_code == 4401
    async with house.ask("GET", "/api/v1/calls", headers=headers) as answer:
        assert answer.status == 401


async def test_sockets_of_a_session_end_at_once_when_the_bus_says_so(house: House) -> None:
    token = house.sessions.open("anna")
    headers = {"Cookie": f"callcard_session={token}"}
    url = f"ws://127.0.0.1:{house.port}/live"
    async with connect(url, additional_headers=headers, origin=house.url, proxy=None) as ws:  # type: ignore[arg-type]
        await ws.recv()
        await asyncio.sleep(1.1)  # a look has just been taken
        await house.sessions.sign_out(token)
        await house.bus.publish(SessionsEnded(at=NOW, people=("anna",)))
        async with asyncio.timeout(0.5):
            await ws.wait_closed()
        assert ws.close_code == 4401


@pytest.mark.parametrize("origin", ["https://evil.example", "null", None])
async def test_no_other_site_opens_the_feed_with_a_session(house: House, origin: str | None) -> None:
    token = house.sessions.open("anna")
    asked = {"Connection": "Upgrade", "Upgrade": "websocket", "Cookie": f"callcard_session={token}"}
    if origin is not None:
        asked["Origin"] = origin
    async with house.ask("GET", "/live", headers=asked) as answer:
        assert answer.status == 403


async def test_the_session_speaks_the_persons_language(house: House) -> None:
    house.sessions.preferences["anna"] = Preferences(language="az", theme=Theme.DARK)
    async with house.page("GET", "/settings", who="anna", headers={"Accept-Language": "ru"}) as answer:
        text = await answer.text()
    assert '<html lang="az" data-theme="dark">' in text
    async with house.page("GET", "/settings", who="boris", headers={"Accept-Language": "ru"}) as answer:
        assert '<html lang="ru" data-theme="auto">' in await answer.text()


@pytest.mark.parametrize(
    ("proxy", "said", "counted"),
    [
        (None, ["198.51.100.7"], "127.0.0.1"),
        ("192.0.2.1", ["198.51.100.7"], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", ["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", ["203.0.113.9", "198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", ["evil"], "unknown"),
        ("127.0.0.1", [], "127.0.0.1"),
    ],
)
async def test_guesses_count_against_the_address_that_can_be_believed(
    tmp_path: Path, proxy: str | None, said: list[str], counted: str
) -> None:
    house = House(tmp_path)
    house.proxy = proxy
    async with house, aiohttp.ClientSession() as browser:
        headers = [*OURS.items(), *(("X-Forwarded-For", value) for value in said)]
        form = {"name": "anna", "password": "wrong"}
        async with browser.post(f"{house.url}/login", data=form, headers=headers) as answer:
            assert answer.status == 401
    assert house.sessions.tries == [("anna", counted)]
