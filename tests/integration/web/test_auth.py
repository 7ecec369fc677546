"""One door, asked of every route there is: nothing for strangers, and nothing for other sites."""

from __future__ import annotations

import pytest

from agent_ui.api.routes import OPENAPI
from agent_ui.auth import PUBLIC
from crm_core.i18n import translator
from tests.fakes.addresses import addresses, filled
from tests.fakes.house import call_id
from tests.fakes.web import House

pytestmark = pytest.mark.integration

NOBODY = [
    {},
    {"Authorization": "Basic cm9vdDpyb290"},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer "},
    {"Authorization": "Bearer wrong"},
    {"Authorization": "token-root"},
    {"Authorization": "Bearer " + "x" * 5000},
    {"X-Forwarded-User": "root", "X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"},
    {"X-Remote-User": "root", "Remote-User": "root", "X-Auth-Request-User": "root"},
    {"Cookie": "token=token-root; session=token-root"},
    {"Sec-WebSocket-Protocol": "callcard.live, callcard.token.wrong"},
    {"Sec-WebSocket-Protocol": "callcard.token.token-root"},
]


PROBLEM = ("/api/", "/live", "/phone/")  # who asks here is a program


def closed(house: House) -> list[tuple[str, str]]:
    """Every route that is not open to everybody, with something in its placeholders."""
    found = [
        (method, filled(pattern, str(call_id(1))))
        for method, pattern in addresses(house.app)
        if pattern not in PUBLIC
    ]
    assert len(found) > 15
    return found


@pytest.mark.parametrize("headers", NOBODY, ids=[str(sorted(h.items()))[:60] for h in NOBODY])
async def test_no_route_answers_a_stranger(house: House, headers: dict[str, str]) -> None:
    for method, path in closed(house):
        async with house.ask(
            method, path, headers=headers, json={"state": "offline"}, allow_redirects=False
        ) as answer:
            program = path.startswith(PROBLEM) or "Authorization" in headers or "callcard" in str(headers)
            if not program:
                assert (answer.status, answer.headers["Location"].split("?")[0]) == (303, "/login"), (
                    method,
                    path,
                )
                assert await answer.read() == b""
                continue
            assert answer.status == 401, (method, path)
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            if method != "HEAD":
                assert (await answer.json(content_type=None))["code"] == "not_signed_in"
    assert house.states.chosen == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "HERE"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": "ftp://HOST"},
        {"Origin": "http://127.0.0.1"},
        {"Referer": "HERE"},
        {},
    ],
    ids=lambda headers: " ".join(f"{k}={v}" for k, v in headers.items()) or "nothing",
)
async def test_no_other_site_changes_anything_with_a_persons_session(
    house: House, headers: dict[str, str]
) -> None:
    here = house.url
    said = {k: v.replace("HERE", here).replace("HOST", here[7:]) for k, v in headers.items()}
    for method, path in closed(house):
        if method in ("GET", "HEAD"):
            continue
        async with house.page(method, path, who="root", site=None, headers=said) as answer:
            assert answer.status == 403, (method, path)
            assert (await answer.json(content_type=None))["code"] == "forbidden"
    for upgrade in ("/live",):
        asked = {"Connection": "Upgrade", "Upgrade": "websocket", **said}
        async with house.page("GET", upgrade, who="root", site=None, headers=asked) as answer:
            assert answer.status == 403
    assert house.states.chosen == []
    async with house.page("GET", "/api/v1/calls", who="root", site=None) as answer:
        assert answer.status == 200  # and the session still works


@pytest.mark.parametrize("proof", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "HERE"}], ids=str)
async def test_a_page_of_ours_does(house: House, proof: dict[str, str]) -> None:
    said = {k: v.replace("HERE", house.url) for k, v in proof.items()}
    async with house.page(
        "PUT", "/api/v1/agents/anna/state", who="anna", site=None, headers=said, json={"state": "offline"}
    ) as answer:
        assert answer.status == 200
    assert [chosen[0] for chosen in house.states.chosen] == ["anna"]


async def test_a_wrong_token_is_not_helped_by_a_session(house: House) -> None:
    for headers in NOBODY[1:7]:
        async with house.page("GET", "/api/v1/calls", who="root", headers=headers) as answer:
            assert answer.status == 401


async def test_a_browser_comes_back_to_the_page_it_wanted(house: House) -> None:
    for path, login in (
        ("/", "/login"),
        ("/customers?phone=8495", "/login?next=%2Fcustomers%3Fphone%3D8495"),
        ("/nothing/here", "/login?next=%2Fnothing%2Fhere"),
    ):
        async with house.ask("GET", path, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, login)


async def test_a_part_of_a_page_sends_the_whole_page_to_sign_in(house: House) -> None:
    async with house.ask("POST", "/settings/password", headers={"HX-Request": "true"}) as answer:
        assert (answer.status, answer.headers["HX-Redirect"]) == (401, "/login")


async def test_a_token_in_the_address_is_no_token(house: House) -> None:
    for query in ("token=token-root", "access_token=token-root"):
        async with house.ask("GET", f"/api/v1/calls?{query}") as answer:
            assert answer.status == 401


async def test_two_authorizations_are_none(house: House) -> None:
    headers = [("Authorization", "Bearer token-root"), ("Authorization", "Bearer token-anna")]
    async with house._session.get("/api/v1/calls", headers=headers) as answer:
        assert answer.status in (400, 401)


@pytest.mark.parametrize(
    "path", ["/admin", "/api/v1", "/api/v1/nothing", "/static/a/x", "/healthz/x", "/logins"]
)
async def test_strangers_do_not_learn_what_exists(house: House, path: str) -> None:
    known = "/api/v1/calls" if path.startswith("/api/") else "/settings"
    said = []
    for asked in (path, known):
        async with house.ask("GET", asked, allow_redirects=False) as answer:
            said.append(
                (answer.status, await answer.text(), answer.headers.get("Location", "").split("?")[0])
            )
    assert said[0] == said[1]
    async with house.ask("GET", path, who="root") as answer:
        assert answer.status == 404
        assert (await answer.json(content_type=None))["code"] == "not_found"


async def test_a_wrong_method_says_which_are_right(house: House) -> None:
    async with house.ask("DELETE", "/api/v1/calls", who="root") as answer:
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET"
        assert (await answer.json(content_type=None))["code"] == "method_not_allowed"


async def test_without_the_database_nobody_is_let_in_and_nobody_is_called_a_stranger(house: House) -> None:
    house.tokens.away = True
    async with house.ask("GET", "/api/v1/queues", who="root") as answer:
        assert answer.status == 503
        assert (await answer.json(content_type=None))["code"] == "unavailable"


async def test_the_door_speaks_the_askers_language(house: House) -> None:
    async with house.ask("GET", "/api/v1/calls", headers={"Accept-Language": "ru"}) as answer:
        problem = await answer.json(content_type=None)
    assert problem["detail"] == translator("ru").gettext("No valid token.")


async def test_public_routes_say_nothing_about_people(house: House) -> None:
    assert {"/healthz", "/metrics", OPENAPI, "/login", "/static/{name}"} == PUBLIC
    for path in sorted(PUBLIC - {"/static/{name}"}):
        async with house.ask("GET", path) as answer:
            assert answer.status == 200
            text = await answer.text()
        assert "anna" not in text and "+7" not in text


async def test_every_answer_carries_the_security_headers(house: House) -> None:
    for path, who in (
        ("/healthz", None),
        ("/api/v1/calls", None),
        ("/api/v1/queues", "root"),
        ("/x", "root"),
    ):
        async with house.ask("GET", path, who=who) as answer:
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["Server"] == "callcard"
