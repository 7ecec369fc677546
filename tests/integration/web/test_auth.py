"""One door: without a token nothing but health, metrics and the description, whatever headers claim."""

from __future__ import annotations

import pytest

from agent_ui.api.routes import OPENAPI, ROUTES
from agent_ui.auth import PUBLIC
from agent_ui.live.routes import LIVE
from crm_core.i18n import translator
from tests.fakes.house import call_id
from tests.fakes.web import House

pytestmark = pytest.mark.integration

ALL = [(route.method, route.path) for route in ROUTES] + [("GET", LIVE)]
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


def concrete(path: str) -> str:
    return path.replace("{id}", str(call_id(1))).replace("{name}", "anna")


@pytest.mark.parametrize("headers", NOBODY, ids=[str(sorted(h.items()))[:60] for h in NOBODY])
async def test_no_route_answers_a_stranger(house: House, headers: dict[str, str]) -> None:
    for method, path in ALL:
        async with house.ask(method, concrete(path), headers=headers, json={"state": "offline"}) as answer:
            assert answer.status == 401, (method, path)
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert (await answer.json(content_type=None))["code"] == "not_signed_in"
    assert house.states.chosen == []


async def test_a_token_in_the_address_is_no_token(house: House) -> None:
    for query in ("token=token-root", "access_token=token-root"):
        async with house.ask("GET", f"/api/v1/calls?{query}") as answer:
            assert answer.status == 401


async def test_two_authorizations_are_none(house: House) -> None:
    headers = [("Authorization", "Bearer token-root"), ("Authorization", "Bearer token-anna")]
    async with house._session.get("/api/v1/calls", headers=headers) as answer:
        assert answer.status in (400, 401)


@pytest.mark.parametrize("path", ["/", "/admin", "/api/v1", "/api/v1/nothing", "/static/../x", "/healthz/x"])
async def test_strangers_do_not_learn_what_exists(house: House, path: str) -> None:
    async with house.ask("GET", path) as answer:
        assert answer.status == 401
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
    assert {"/healthz", "/metrics", OPENAPI} == PUBLIC
    for path in sorted(PUBLIC):
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
