"""Search as one types: held against the plain reading of the rule, for random cards and texts."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm_core.customers import searching
from crm_core.customers.model import CustomerChange, NewCustomer
from crm_core.customers.tables import TITLE_WORDS
from crm_core.ids import new_id
from crm_core.people.model import Reader
from tests.integration.crm.conftest import ADMIN, ANNA, RASHID, VIKTOR, House, reader

pytestmark = pytest.mark.integration

WORDS = (
    "anna",
    "Anton",
    "Кузнецов",
    "кузьма",
    "Əliyev",
    "a.b",
    "O'Neil",
    "ООО",
    "<b>x</b>",
    "8.3",
    "an",
    "№7",
)
BLANK = re.compile(r"[\W_]+")


async def titles(house: House, text: str, reader: Reader = ADMIN, **rest: Any) -> list[str]:
    return [card.title for card in await house.customers.search(reader, text, **rest)]


def words_of(text: str) -> list[str]:
    return [word for word in BLANK.split(text.lower()) if word]


def fits(title: str, numbers: list[str], text: str) -> bool:
    """The rule, as it is written down."""
    asked, has = words_of(text), words_of(title)
    if asked and all(any(word.startswith(begin) for word in has) for begin in asked):
        return True
    digits = re.sub(r"\D", "", text)
    plain = re.fullmatch(r"[0-9+(). /-]+", text) is not None
    return plain and len(digits) >= 3 and any(digits in number for number in numbers)


async def random_cards(house: House, count: int, seed: int) -> list[tuple[str, list[str]]]:
    """*count* cards, some without a number, each changed at another moment."""
    dice = random.Random(seed)
    made = []
    at = datetime(2026, 1, 1, tzinfo=UTC)
    async with house.database.hot(timeout_s=30) as connection:
        for place in range(count):
            title = " ".join(dice.choices(WORDS, k=dice.randint(1, 3)))
            numbers = [f"+7495555{dice.randrange(10_000):04}" for _ in range(dice.randint(0, 2))]
            card = new_id()
            await connection.execute(
                "INSERT INTO customers (id, title, status, office, created_at, updated_at) "
                "VALUES ($1, $2, 'kept', 'moscow', $3, $3)",
                card,
                title,
                at + timedelta(minutes=place),
            )
            for number in numbers:
                await connection.execute(
                    "WITH point AS (INSERT INTO contact_points VALUES ($1, 'phone', $2, now()) "
                    "ON CONFLICT (kind, value) DO UPDATE SET value = excluded.value RETURNING id) "
                    "INSERT INTO customer_contacts SELECT id, $3 FROM point ON CONFLICT DO NOTHING",
                    new_id(),
                    number,
                    card,
                )
            made.append((title, numbers))
    return made


@pytest.mark.parametrize("near", [3, searching.NEAR])
async def test_what_is_found_is_what_the_rule_says(
    empty_house: House, near: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With few looked at first, the indexes must give the same."""
    house = empty_house
    monkeypatch.setattr(searching, "NEAR", near)
    await house.rows("INSERT INTO offices VALUES ('moscow', 'Moscow', 'RU', 'Europe/Moscow', 'ru')")
    cards = await random_cards(house, 120, seed=near)
    dice = random.Random(7)
    texts = [
        "an",
        "кУз",
        "ə",
        "b a",
        "o'n",
        "o n",
        "8.3",
        "x b",
        "7",
        "(495) 5",
        "+7 495 555",
        "zzz",
        "an куз",
    ]
    texts += [
        number[start : start + 3] for _, numbers in cards[:20] for number in numbers for start in (1, 6)
    ]
    texts += [dice.choice(words_of(title))[:2] for title, _ in cards[:20]]
    for text in texts:
        wanted = sorted(title for title, numbers in cards if fits(title, numbers, text))
        assert sorted(await titles(house, text, limit=500)) == wanted, text
        few = await titles(house, text, limit=5)
        assert len(few) == min(5, len(wanted)) and set(few) <= set(wanted), text


@pytest.mark.parametrize("near", [3, searching.NEAR])
async def test_changed_last_comes_first(
    empty_house: House, near: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = empty_house
    monkeypatch.setattr(searching, "NEAR", near)
    await house.rows("INSERT INTO offices VALUES ('moscow', 'Moscow', 'RU', 'Europe/Moscow', 'ru')")
    cards = await random_cards(house, 60, seed=1)
    newest = [title for title, numbers in reversed(cards) if fits(title, numbers, "an") and title != "an"]
    exact = [title for title, _ in reversed(cards) if title == "an"]
    assert await titles(house, "an") == (exact + newest)[:8]


async def test_of_more_than_an_index_gives_those_changed_last_are_still_first(
    empty_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = empty_house
    for limit in ("NEAR", "MANY_TITLES", "MANY_NUMBERS"):
        monkeypatch.setattr(searching, limit, 3)
    await house.rows("INSERT INTO offices VALUES ('moscow', 'Moscow', 'RU', 'Europe/Moscow', 'ru')")
    cards = await random_cards(house, 60, seed=2)
    for text in ("an", "7495"):
        newest = [title for title, numbers in list(reversed(cards))[:3] if fits(title, numbers, text)]
        found = await titles(house, text)
        assert newest and [title for title in found if title != text][: len(newest)] == newest, text
        assert len(found) > len(newest), "and some of the others"


async def test_exact_and_own_cards_come_first(house: House) -> None:
    for title, owner in (("Volkov", None), ("Volkovskaya Anna", "anna"), ("Volkova Olga", None)):
        await house.customers.create(VIKTOR, NewCustomer(title=title, owner=owner))
        house.clock.advance(1)
    assert (await titles(house, "volkov", ANNA))[:3] == ["Volkov", "Volkovskaya Anna", "Marina Volkova"]
    assert (await titles(house, "volkov", VIKTOR))[:2] == ["Volkov", "Volkova Olga"]
    await house.customers.create(VIKTOR, NewCustomer(title="55501", phones=("+74955550199",)))
    assert (await titles(house, "8 (495) 555-01-42", VIKTOR)) == ["Marina Volkova"]
    assert (await titles(house, "55501", VIKTOR))[0] == "55501"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("84955550142", ["Marina Volkova"]),  # as one dials at home
        ("0074955550142", ["Marina Volkova"]),  # and from abroad
        ("+7 495 555-01-42", ["Marina Volkova"]),
        ("01", []),
        ("", []),
        ("  ", []),
        ("'", []),
        ("%", []),
        ("%%%", []),
        ("a & !b:*", []),
        ("\x00", []),
        ("\ud800", []),
        ("_____", []),
        ("x" * 5000, []),
    ],
)
async def test_texts_of_all_kinds(house: House, text: str, found: list[str]) -> None:
    assert await titles(house, text, ANNA) == found


async def test_only_what_may_be_seen_is_found(house: House) -> None:
    assert await titles(house, "mar", ANNA) == ["Marina Volkova"]
    assert await titles(house, "mar", RASHID) == []
    assert await titles(house, "0142", RASHID) == ["Kamran Mammadov"]
    (marina,) = await house.customers.search(ANNA, "mar")
    await house.customers.update(ADMIN, marina.id, CustomerChange(owner="rashid"))
    assert await titles(house, "mar", RASHID) == ["Marina Volkova"], "one's own, of whatever office"


async def test_cards_of_the_team_are_found_in_whatever_office(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, owner in enumerate(("rashid", "anna", "rashid", None)):
        await house.customers.create(
            ADMIN, NewCustomer(title=f"Teamwork {number}", owner=owner, office="baku")
        )
        house.clock.advance(1)
    support = reader("elena", team="support")  # as rashid, who sits in Baku
    for near in (searching.NEAR, 1):
        monkeypatch.setattr(searching, "NEAR", near)
        assert await titles(house, "teamwork", support) == ["Teamwork 2", "Teamwork 0"]


async def test_each_way_has_its_index(house: House) -> None:
    """With sequential scans priced out, the planner finds a way by index for each part of a search."""
    plans = {
        "SELECT id FROM contact_points WHERE value LIKE '%5014%'": "ix_contact_points_part",
        f"SELECT id FROM customers WHERE {TITLE_WORDS} @@ to_tsquery('simple', 'volk:*')": (
            "ix_customers_title_words"
        ),
        "SELECT id FROM customers WHERE lower(title) = 'x'": "ix_customers_title",
        "SELECT id FROM customers ORDER BY updated_at DESC LIMIT 9": "ix_customers_updated_at",
        "SELECT id FROM customers WHERE owner BETWEEN 'anna' AND 'anna' "
        "ORDER BY owner DESC, updated_at DESC LIMIT 9": "ix_customers_owner_updated_at",
        "SELECT id FROM customers WHERE office BETWEEN 'baku' AND 'baku' "
        "ORDER BY office DESC, updated_at DESC LIMIT 9": "ix_customers_office_updated_at",
    }
    async with house.database.hot(timeout_s=5) as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        await connection.execute("SET LOCAL enable_sort = off")
        for query, index in plans.items():
            plan = await connection.fetch(f"EXPLAIN {query}")
            assert any(index in row[0] for row in plan), query


async def test_a_search_is_narrowed_to_an_owners_cards(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        owner = ("anna", "elena")[number % 2]
        await house.customers.create(ADMIN, NewCustomer(title=f"Narrow {number}", owner=owner))
    for near in (searching.NEAR, 1):  # found among those changed last, and by the index
        monkeypatch.setattr(searching, "NEAR", near)
        assert await titles(house, "narrow", owner="elena") == ["Narrow 3", "Narrow 1"]
        assert await titles(house, "narrow", owner="nobody") == []
