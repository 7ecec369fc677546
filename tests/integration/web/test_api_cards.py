"""Cards by API over the real database: found as on the desk, and two of them merged after a look."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from crm_core.db.engine import Database
from tests.integration.web.card_pages import CardPages

pytestmark = pytest.mark.integration

CARDS = "/api/v1/customers"


async def ask(
    pages: CardPages, path: str, *, who: str = "anna", status: int = 200, json: Any = None
) -> dict[str, Any]:
    """What *who* is answered; with *json* to a POST."""
    method = "GET" if json is None else "POST"
    async with pages.house.ask(method, path, who=who, json=json) as answer:
        said: dict[str, Any] = await answer.json(content_type=None)
        assert answer.status == status, (path, who, said)
        problem = answer.content_type == "application/problem+json"
        assert problem == (status >= 400)
    return said


async def found(pages: CardPages, query: str, who: str = "anna") -> list[str]:
    page = await ask(pages, f"{CARDS}?{query}", who=who)
    assert page["next"] is None
    return [card["title"] for card in page["items"]]


async def test_cards_are_searched_as_on_the_desk(pages: CardPages) -> None:
    await pages.make("Maria Orlova", "+74955550143", owner="boris")
    await pages.make("Maria of Baku", "+994125550199", owner="leyla", who="rena")
    assert await found(pages, "search=mari") == ["Maria", "Maria Orlova"], "one's own come first"
    assert await found(pages, "search=orl+mar") == ["Maria Orlova"], "words in any order"
    assert await found(pages, "search=5550143") == ["Maria Orlova"], "any part of a number"
    assert await found(pages, "search=%2B74955550142") == ["Maria"]
    assert await found(pages, "search=mari&agent=boris") == ["Maria Orlova"]
    assert await found(pages, "search=mari&limit=1") == ["Maria"]
    assert await found(pages, "search=mari", who="leyla") == ["Maria of Baku"]
    assert sorted(await found(pages, "search=mari", who="root")) == [
        "Maria",
        "Maria Orlova",
        "Maria of Baku",
    ]
    assert await found(pages, "search=nobody") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("search=", "search"),
        ("search=+", "search"),
        ("search=%00", "search"),
        ("search=" + "x" * 201, "search"),
        ("search=x&limit=201", "limit"),
        ("search=x&phone=%2B74955550142", "phone"),
        ("search=x&since=2026-03-02T09:00:00Z", "since"),
        ("search=x&cursor=x", "cursor"),
    ],
)
async def test_what_is_no_search_is_named(pages: CardPages, query: str, field: str) -> None:
    problem = await ask(pages, f"{CARDS}?{query}", status=400)
    assert (problem["code"], problem["field"]) == ("bad_input", field)


async def test_a_merge_is_looked_at_first_and_done_once(pages: CardPages, database: Database) -> None:
    other = await pages.make("Marina", "+74955550143", owner="anna")
    await pages.call(1)
    await pages.call(2, customer_id=other.id)
    path = f"{CARDS}/{pages.maria.id}/merge"
    look = await ask(pages, f"{path}?with={other.id}")
    assert (look["kept"]["title"], look["dropped"]["title"], look["calls"]) == ("Maria", "Marina", 2)
    assert look["conflicts"] == [{"field": "title", "kept": "Maria", "dropped": "Marina"}]
    assert look["allowed"]
    taken = await ask(pages, f"{path}?with={other.id}&take=title,owner")
    assert taken["kept"]["title"] == "Marina"
    assert (await pages.stored(other.id)).title == "Marina", "nothing was done"
    written = pages.house.written
    kept = await ask(pages, path, json={"with": str(other.id), "take": ["title"]})
    assert (kept["id"], kept["title"]) == (str(pages.maria.id), "Marina")
    assert [point["value"] for point in kept["contact_points"]] == ["+74955550142", "+74955550143"]
    assert pages.house.written == written + 1, "what was said need not wait for the outbox's next look"
    assert (await ask(pages, f"{CARDS}/{other.id}"))["id"] == kept["id"], "its address leads to the kept one"
    assert await deeds(database, pages.maria.id) == ["customer.created", "customer.merged"]
    assert await deeds(database, other.id) == ["customer.created", "customer.dropped"]
    again = await ask(pages, path, json={"with": str(other.id)}, status=409)
    assert (again["code"], again["field"]) == ("card_merged", "with")
    turned = await ask(pages, f"{CARDS}/{other.id}/merge", json={"with": str(pages.maria.id)}, status=409)
    assert (turned["code"], turned["field"]) == ("card_merged", "id")


async def deeds(database: Database, card: UUID) -> list[str]:
    """What the audit says of a card."""
    async with database.hot(timeout_s=5) as connection:
        rows = await connection.fetch(
            "SELECT action FROM audit WHERE subject_kind = 'customer' AND subject_id = $1 ORDER BY id",
            str(card),
        )
    return [row["action"] for row in rows]


async def test_cards_of_two_people_are_merged_by_a_supervisor(pages: CardPages) -> None:
    path, body = f"{CARDS}/{pages.maria.id}/merge", {"with": str(pages.severny.id)}
    assert not (await ask(pages, f"{path}?with={pages.severny.id}"))["allowed"]
    refused = await ask(pages, path, json=body, status=403)
    assert (refused["code"], refused["field"]) == ("forbidden", "owner")
    assert (await ask(pages, path, who="oleg", json=body | {"take": ["owner"]}))["owner"] == "boris"


async def test_a_card_met_in_a_call_is_read_and_not_changed(pages: CardPages) -> None:
    """Refused, here and on the page: it may be seen. Whoever met nobody is told that there is none."""
    own = await pages.make("Own", "+994125550199", owner="leyla", who="rena")
    maria, body = f"{CARDS}/{pages.maria.id}", {"title": "Mine"}
    ways: tuple[tuple[str, str, Any], ...] = (
        ("PATCH", maria, body),
        ("GET", f"{maria}/merge?with={own.id}", None),
        ("POST", f"{maria}/merge", {"with": str(own.id)}),
        ("GET", f"{CARDS}/{own.id}/merge?with={pages.maria.id}", None),
        ("POST", f"{CARDS}/{own.id}/merge", {"with": str(pages.maria.id)}),
    )
    page, form = f"/customers/{own.id}/merge", {"other": str(pages.maria.id)}

    async def answered(status: int) -> None:
        for method, path, json in ways:
            async with pages.house.ask(method, path, who="leyla", json=json) as answer:
                assert answer.status == status, (method, path, await answer.text())
        await pages.get(f"{page}?other={pages.maria.id}", who="leyla", status=status)
        await pages.post(page, form, who="leyla", status=status)

    await answered(404)
    await pages.call(1, agent="leyla")
    await answered(403)
    assert (await ask(pages, maria, who="leyla"))["title"] == "Maria"
    await ask(pages, f"{CARDS}/{own.id}/merge?with={UUID(int=7)}", who="leyla", status=404)


async def test_what_cannot_be_merged_is_a_problem_that_says_why(pages: CardPages) -> None:
    foreign = await pages.make("Foreign", "+994125550199", owner="leyla", who="rena")
    maria = str(pages.maria.id)
    path = f"{CARDS}/{maria}/merge"
    for who, other in (("anna", str(foreign.id)), ("leyla", str(foreign.id)), ("anna", str(UUID(int=7)))):
        await ask(pages, f"{path}?with={other}", who=who, status=404)
        await ask(pages, path, who=who, json={"with": other}, status=404)
    for wrong, field in (
        ("", "with"),
        ("?with=nonsense", "with"),
        (f"?with={maria}", "with"),
        (f"?with={pages.severny.id}&take=name", "take"),
        (f"?with={pages.severny.id}&take=title,", "take"),
        (f"?with={pages.severny.id}&keep=x", "keep"),
    ):
        problem = await ask(pages, path + wrong, status=400)
        assert (problem["code"], problem["field"]) == ("bad_input", field)
    for body, field in (
        ({}, "with"),
        ({"with": maria}, "with"),
        ({"with": str(pages.severny.id), "take": ["phones"]}, "take[0]"),
        ({"with": str(pages.severny.id), "keep": maria}, "keep"),
    ):
        problem = await ask(pages, path, json=body, status=400)
        assert (problem["code"], problem["field"]) == ("bad_input", field)
    assert (await pages.stored(pages.severny.id)).title == "Severny"
