"""Numbers that a press calls: wherever one is seen, for who has a phone, where the office calls outside."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from agent_ui.phone.proxy import PhoneProxy
from crm_core.calls.missed import MissedLine
from crm_core.calls.model import Direction, Outcome
from crm_core.customers.model import CardStatus, ContactKind, ContactPoint, Customer
from crm_core.errors import Unavailable
from crm_core.ids import new_id
from crm_core.live.projection import Seed
from tests.fakes.calls import answered_call
from tests.fakes.house import NOW
from tests.fakes.offices_outside import outside
from tests.fakes.web import House
from tests.integration.web.test_phone import MemoryCredentials

pytestmark = pytest.mark.integration

MARIA, ELSEWHERE, MISSED = "+74955550142", "+15555550142", "+74955550177"
DIALLED = re.compile(r'data-dial="([^"]+)"')


@asynccontextmanager
async def opened(folder: Path, *prefixes: str) -> AsyncIterator[House]:
    """A card with two numbers, one of them not called from here; calls both ways; and a missed call."""
    house = House(folder)
    house.seed = Seed(directory=outside(*prefixes))
    house.phones = PhoneProxy("http://127.0.0.1:9/ws", MemoryCredentials())
    points = [ContactPoint(id=new_id(), kind=ContactKind.PHONE, value=value) for value in (MARIA, ELSEWHERE)]
    card = Customer(
        id=new_id(),
        title="Maria",
        status=CardStatus.KEPT,
        owner="anna",
        office="moscow",
        contact_points=tuple(points),
        created_at=NOW,
        updated_at=NOW,
    )
    house.customers.rows = [card]
    came = answered_call(NOW, from_number=MARIA, customer_id=card.id, customer_title="Maria")
    made = replace(came, id=new_id(), direction=Direction.OUT, from_number="101", to=ELSEWHERE)
    house.calls.rows = [came, made]
    line = MissedLine(
        id=new_id(),
        pbx="main",
        number=MISSED,
        calls=1,
        first_at=NOW,
        last_at=NOW,
        last_call_id=new_id(),
        last_outcome=Outcome.ABANDONED,
        queue="sales",
        did=None,
        offered=("anna",),
        customer_id=None,
        customer_title=None,
        owner=None,
    )
    house.missed.rows = [(frozenset({"anna", "boris", "oleg"}), line)]
    phones = asyncio.create_task(house.phones.run(), name="phones")
    async with house:
        yield house
    phones.cancel()
    await asyncio.wait({phones})


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path, "+7", "+994") as started:
        yield started


async def read(house: House, who: str, path: str) -> str:
    async with house.page("GET", path, who=who) as answer:
        assert answer.status == 200, path
        return await answer.text()


async def pressed(house: House, who: str, path: str) -> list[str]:
    """Numbers that a press calls, in the order of the page."""
    return DIALLED.findall(await read(house, who, path))


async def test_every_number_that_is_seen_is_called_by_a_press(house: House) -> None:
    card, call = house.customers.rows[0].id, house.calls.rows[0].id
    wanted = {
        f"/customers/{card}/card": [MARIA],
        f"/customers/{card}/timeline": [MARIA],
        "/customers?q=Maria": [MARIA],
        "/search?q=Maria": [MARIA],
        "/search?q=8%20(495)%20555-01-99": ["+74955550199"],
        "/missed/list": [MISSED],
        "/calls": [MARIA],
        f"/calls/{call}": [MARIA],
    }
    assert {path: await pressed(house, "anna", path) for path in wanted} == wanted
    assert await pressed(house, "boris", "/missed") == [MISSED]


async def test_without_a_phone_there_is_nothing_to_press(house: House) -> None:
    for path in ("/customers?q=Maria", "/calls", f"/customers/{house.customers.rows[0].id}"):
        assert await pressed(house, "oleg", path) == []
    text = await read(house, "oleg", "/missed")
    assert "data-dial" not in text and f'href="tel:{MISSED}"' in text
    assert "toast-pick-up" not in text


async def test_an_office_that_calls_nobody_shows_nothing_to_press(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        for path in ("/customers?q=Maria", "/calls", f"/customers/{house.customers.rows[0].id}", "/missed"):
            assert await pressed(house, "anna", path) == []
        page = await read(house, "anna", "/calls")
        assert "data-outside" not in page and "Call a colleague" in page


async def test_the_dial_field_is_there_for_who_has_a_phone_in_the_browser(house: House) -> None:
    anna, boris = [await read(house, who, "/calls") for who in ("anna", "boris")]
    assert "data-outside" in anna and "Call a number or a colleague" in anna and 'data-key="D"' in anna
    assert "toast-pick-up" not in anna
    assert "data-outside" not in boris and "toast-pick-up" in boris


async def test_what_is_typed_is_read_by_the_office_and_called_by_its_cards_name(house: House) -> None:
    text = await read(house, "anna", "/phone/number?typed=8%20(495)%20555-01-42")
    assert f'data-number="{MARIA}"' in text and "Maria" in text
    text = await read(house, "leyla", "/phone/number?typed=%2B7%20495%20555%2001%2042")
    assert f'data-number="{MARIA}"' in text and "Maria" not in text  # a card of the other office
    text = await read(house, "anna", "/phone/number?typed=%2B1%20555%20555%2001%2042")
    assert "data-number" not in text and "not called from here" in text
    async with house.page("GET", f"/phone/number?typed={'8' * 81}", who="anna") as answer:
        assert answer.status == 400
    async with house.ask("GET", "/phone/number?typed=1") as answer:
        assert answer.status == 401


async def test_a_number_is_called_also_while_the_database_is_away(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise Unavailable

    monkeypatch.setattr(house.customers, "list", away)
    text = await read(house, "anna", "/phone/number?typed=84955550142")
    assert f'data-number="{MARIA}"' in text and "Maria" not in text
