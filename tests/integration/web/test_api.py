"""REST: names, filters, pages, problems, languages, who may."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from crm_core.customers.model import CardChoice
from crm_core.i18n import translator
from crm_core.ids import new_id
from crm_core.presence.model import ChosenState
from tests.fakes.house import call, call_id
from tests.fakes.web import House

pytestmark = pytest.mark.integration

# Integrations rely on these: names are added, never renamed.
STABLE = (
    "id direction from from_raw to did queue state outcome disposition agent owner customer_id started_at "
    "answered_at ended_at wait_s ring_s talk_s hangup_by legs recordings trace"
)


async def get(house: House, path: str, who: str, status: int = 200, **rest: Any) -> Any:
    async with house.ask("GET", path, who=who, **rest) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json(content_type=None)


async def test_a_call_has_the_stable_names(house: House) -> None:
    one = await get(house, f"/api/v1/calls/{call_id(1)}", "anna")
    assert set(STABLE.split()) <= set(one)
    assert one["from"] == "+74955550142"
    assert one["started_at"] == "2026-03-02T09:00:00Z"
    assert one["legs"][0]["agent"] == "anna" and "channel" not in one["legs"][0]
    assert one["recordings"][0]["audio"] == f"/api/v1/recordings/{call_id(100)}/audio"
    assert "path" not in one["recordings"][0]
    assert one["trace"] == [
        {
            "at": "2026-03-02T09:00:00Z",
            "code": "offer_answered",
            "values": {"agent": "anna"},
            "text": "Anna answered.",
        }
    ]


async def test_a_trace_speaks_the_language_of_the_asker(house: House) -> None:
    headers = {"Accept-Language": "ru-RU, en;q=0.5"}
    one = await get(house, f"/api/v1/calls/{call_id(1)}", "anna", headers=headers)
    wanted = translator("ru").gettext("{agent} answered.").format(agent="Anna")
    assert one["trace"][0]["text"] == wanted


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/api/v1/calls", 2),
        ("/api/v1/calls?phone=%2B74955550142", 1),
        ("/api/v1/calls?phone=8+(495)+555-01-42", 1),
        ("/api/v1/calls?phone=+74955550142", 1),
        ("/api/v1/calls?agent=leyla", 1),
        ("/api/v1/calls?state=ended", 2),
        ("/api/v1/calls?state=talking", 0),
        ("/api/v1/calls?since=2026-03-02T09:00:00Z", 2),
        ("/api/v1/calls?since=2026-03-02T13:00:01%2B04:00", 0),
        ("/api/v1/customers?phone=84955550142", 1),
        ("/api/v1/customers?agent=boris", 0),
        ("/api/v1/agents", 3),
        ("/api/v1/agents?agent=anna", 1),
        ("/api/v1/agents?state=talking", 0),
        ("/api/v1/agents?since=2026-03-02T09:00:01Z", 0),
        ("/api/v1/queues", 3),
        ("/api/v1/queues?agent=boris", 2),
        ("/api/v1/recordings", 2),
        ("/api/v1/recordings?state=missing", 0),
    ],
)
async def test_filters(house: House, path: str, found: int) -> None:
    assert len((await get(house, path, "root"))["items"]) == found


@pytest.mark.parametrize("subject", ["calls", "agents", "queues", "recordings"])
async def test_pages_hold_everything_once(house: House, subject: str) -> None:
    whole = (await get(house, f"/api/v1/{subject}", "root"))["items"]
    pieces, cursor = [], ""
    while True:
        page = await get(house, f"/api/v1/{subject}?limit=1{cursor}", "root")
        assert len(page["items"]) == 1
        pieces += page["items"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert pieces == whole


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=ten", "limit"),
        ("state=flying", "state"),
        ("since=2026-03-02T09:00:00", "since"),
        ("since=yesterday", "since"),
        ("since=9999-12-31T23:59:59-14:00", "since"),
        ("since=0001-01-01T00:00:00%2B14:00", "since"),
        ("phone=call-me", "phone"),
        ("phone=%00", "phone"),
        ("agent=" + "a" * 81, "agent"),
        ("agent=%00", "agent"),
        ("agent=anna%0A", "agent"),
        ("colour=red", "colour"),
        ("agent=anna&agent=boris", "agent"),
        ("cursor=%27%3B--", "cursor"),
    ],
)
async def test_a_wrong_parameter_is_named(house: House, query: str, field: str) -> None:
    async with house.ask("GET", f"/api/v1/calls?{query}", who="root") as answer:
        assert answer.status == 400
        assert answer.content_type == "application/problem+json"
        problem = await answer.json(content_type=None)
    assert (problem["code"], problem["field"], problem["status"]) == ("bad_input", field, 400)
    assert problem["type"] == "about:blank" and problem["title"] == "Bad Request" and problem["detail"]


async def test_the_disposition_of_a_call_is_set_and_taken_away(house: House) -> None:
    path = f"/api/v1/calls/{call_id(1)}"
    for disposition in ("sold", None):
        async with house.ask("PATCH", path, who="anna", json={"disposition": disposition}) as answer:
            assert answer.status == 200
        assert (await get(house, path, "anna"))["disposition"] == disposition


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b'{"disposition": "sold"}', "text/plain", 415, "not_json"),
        (b"disposition=sold", "application/x-www-form-urlencoded", 415, "not_json"),
        (b"{", "application/json", 400, "bad_input"),
        (b"\xff\xfe", "application/json", 400, "bad_input"),
        (b"{}", "application/json", 400, "bad_input"),
        (b'{"disposition": ""}', "application/json", 400, "bad_input"),
        (b'{"disposition": "sold\\u0000"}', "application/json", 400, "bad_input"),
        (b'{"disposition": "sold\\n"}', "application/json", 400, "bad_input"),
        (b'{"disposition": "\\ud800"}', "application/json", 400, "bad_input"),
        (b'{"disposition": "sold", "agent": "boris"}', "application/json", 400, "bad_input"),
        (b'{"disposition": "' + b"x" * 70_000 + b'"}', "application/json", 413, "too_large"),
        (b"[" * 20_000, "application/json", 400, "bad_input"),
    ],
)
async def test_bodies_are_strict_json(
    house: House, body: bytes, content_type: str, status: int, code: str
) -> None:
    path, headers = f"/api/v1/calls/{call_id(1)}", {"Content-Type": content_type}
    async with house.ask("PATCH", path, who="anna", data=body, headers=headers) as answer:
        assert answer.status == status
        assert json.loads(await answer.text())["code"] == code
    assert house.calls.rows[1].disposition is None


async def test_an_agent_and_the_own_supervisor_choose_a_state(house: House) -> None:
    async with house.ask(
        "PUT", "/api/v1/agents/anna/state", who="anna", json={"state": "break", "reason": "lunch"}
    ) as answer:
        assert answer.status == 200
        assert (await answer.json())["chosen"] == "break"
    async with house.ask(
        "PUT", "/api/v1/agents/anna/state", who="oleg", json={"state": "available"}
    ) as answer:
        assert answer.status == 200
    assert house.states.chosen == [
        ("anna", ChosenState.BREAK, "lunch", "anna"),
        ("anna", ChosenState.AVAILABLE, None, "oleg"),
    ]


@pytest.mark.parametrize(
    ("who", "agent", "wish", "status"),
    [
        ("boris", "anna", {"state": "offline"}, 403),  # a colleague: seen, but not theirs to change
        ("leyla", "anna", {"state": "offline"}, 404),  # of another office: not there
        ("rena", "anna", {"state": "offline"}, 404),
        ("root", "nobody", {"state": "offline"}, 404),
        ("anna", "anna", {"state": "talking"}, 400),
        ("anna", "anna", {"state": "break"}, 400),
        ("anna", "anna", {"state": "offline", "reason": "x"}, 400),
    ],
)
async def test_other_choices_are_refused(
    house: House, who: str, agent: str, wish: dict[str, str], status: int
) -> None:
    async with house.ask("PUT", f"/api/v1/agents/{agent}/state", who=who, json=wish) as answer:
        assert answer.status == status
    assert house.states.chosen == []


async def test_the_choice_between_cards_is_shown_and_made(house: House) -> None:
    card = house.customers.rows[0]
    abroad = CardChoice(customer_id=new_id(), title="Rauf", owner=None, office="baku")
    own = CardChoice(customer_id=card.id, title=card.title, owner=card.owner, office=card.office)
    open_call = replace(house.calls.rows[1], customer_id=None, customer_title=None, choices=(own, abroad))
    house.calls.rows[1] = open_call
    path = f"/api/v1/calls/{call_id(1)}"
    shown = {"customer_id": str(card.id), "title": "Maria", "owner": "anna"}
    assert (await get(house, path, "anna"))["choices"] == [shown]
    assert len((await get(house, path, "root"))["choices"]) == 2
    for who, body, status in (
        ("anna", {"customer_id": str(new_id())}, 404),
        ("leyla", {"customer_id": str(card.id)}, 404),
        ("anna", {"customer_id": "7"}, 400),
        ("anna", {}, 400),
    ):
        async with house.ask("POST", f"{path}/customer", who=who, json=body) as answer:
            assert answer.status == status
    before = house.written
    async with house.ask(
        "POST", f"{path}/customer", who="anna", json={"customer_id": str(card.id)}
    ) as answer:
        assert answer.status == 200
        chosen = await answer.json()
    assert (chosen["customer_id"], chosen["owner"], chosen["choices"]) == (str(card.id), "anna", [])
    assert house.written == before + 1, "what was said need not wait for the outbox's next look"


async def test_cards_are_made_and_changed(house: House) -> None:
    new = {"title": "Olga", "phones": ["8 (495) 555-01-60", "+74955550160"], "owner": "anna"}
    async with house.ask("POST", "/api/v1/customers", who="anna", json=new) as answer:
        assert answer.status == 200
        made = await answer.json()
    assert [point["value"] for point in made["contact_points"]] == ["+74955550160"]
    path = f"/api/v1/customers/{made['id']}"
    async with house.ask("PATCH", path, who="anna", json={"title": "Olga S.", "owner": None}) as answer:
        assert answer.status == 200
        changed = await answer.json()
    assert (changed["title"], changed["owner"]) == ("Olga S.", None)
    assert changed["contact_points"] == made["contact_points"], "what is not said stays"
    async with house.ask("PATCH", path, who="anna", json={"phones": []}) as answer:
        assert (await answer.json())["contact_points"] == []
    assert await get(house, path, "anna") == changed | {"contact_points": []}


@pytest.mark.parametrize(
    ("who", "body", "status", "code", "field"),
    [
        ("anna", {"phones": ["+74955550142"], "title": "X"}, 409, "number_taken", "phones"),
        ("anna", {"title": "X", "phones": ["call me"]}, 400, "bad_input", "phones"),
        ("anna", {"title": ""}, 400, "bad_input", "title"),
        ("anna", {"title": "x" * 201}, 400, "bad_input", "title"),
        ("anna", {"title": "X", "phones": ["+74955550160"] * 51}, 400, "bad_input", "phones"),
        ("anna", {"phones": []}, 400, "bad_input", "title"),
        ("anna", {"title": "X", "status": "kept"}, 400, "bad_input", "status"),
        ("leyla", {"title": "X", "office": "moscow"}, 403, "forbidden", None),
    ],
)
async def test_a_card_that_cannot_be_made_is_a_problem_that_says_why(
    house: House, who: str, body: dict[str, Any], status: int, code: str, field: str | None
) -> None:
    async with house.ask("POST", "/api/v1/customers", who=who, json=body) as answer:
        problem = await answer.json(content_type=None)
    assert (problem["status"], problem["code"], problem["field"]) == (status, code, field)
    assert len(house.customers.rows) == 1


FOREIGN = {
    "leyla": (f"calls/{call_id(1)}", f"recordings/{call_id(100)}", f"recordings/{call_id(100)}/audio"),
    "rena": (f"calls/{call_id(1)}", f"recordings/{call_id(100)}", f"recordings/{call_id(100)}/audio"),
    "boris": (f"calls/{call_id(1)}", f"calls/{call_id(2)}", f"recordings/{call_id(100)}/audio"),
    "anna": (f"calls/{call_id(2)}", f"recordings/{call_id(101)}", "agents/leyla", "queues/empty"),
    "root": (
        "calls/1",
        f"calls/{call_id(77)}",
        "customers/x",
        "agents/%2e%2e",
        "queues/no",
    ),
}


@pytest.mark.parametrize(("who", "path"), [(who, path) for who, paths in FOREIGN.items() for path in paths])
async def test_what_one_may_not_see_is_not_there(house: House, who: str, path: str) -> None:
    problem = await get(house, f"/api/v1/{path}", who, 404)
    assert problem["code"] == "not_found"
    assert house.playback.audit == []


async def test_a_problem_speaks_the_language_of_the_asker(house: House) -> None:
    for language in ("en", "ru", "az"):
        problem = await get(
            house, f"/api/v1/calls/{call_id(77)}", "root", 404, headers={"Accept-Language": language}
        )
        assert problem["detail"] == translator(language).gettext("There is no such thing here.")


async def test_what_nobody_foresaw_says_nothing_of_itself(house: House) -> None:
    house.calls.rows = [call(1, legs=(object(),))]
    async with house.ask("GET", "/api/v1/calls", who="root") as answer:
        assert answer.status == 500
        text = await answer.text()
    assert json.loads(text)["code"] == "internal"
    assert "Traceback" not in text and "object" not in text
