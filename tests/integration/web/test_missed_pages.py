"""The worklist of missed calls as a page: whose, how often, who rang, and who ticked it off."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests.fakes.calls import missed_call
from tests.fakes.house import NOW
from tests.integration.web.card_pages import CardPages, Page

pytestmark = pytest.mark.integration

STRANGER = "+74955550177"


async def test_a_line_says_who_rang_when_and_how_often(pages: CardPages) -> None:
    for minute in (1, 2):
        at = NOW + timedelta(minutes=minute)
        await pages.write(missed_call(at, from_number=STRANGER, rang=("boris",)))
    await pages.write(missed_call(NOW, from_number="+74955550142", customer_id=pages.maria.id))
    mine = " ".join(Page(await pages.get("/missed")).words.split())
    assert "mine 1" in mine and "shared 1" in mine
    assert "Maria" not in await pages.get("/missed", who="boris"), "his own come first"
    assert "Maria" in mine and "8 (495) 555-01-77" not in mine
    text = await pages.get("/missed/list?whose=shared", htmx=True)
    shared = " ".join(Page(text).words.split())
    assert "8 (495) 555-01-77" in shared and "rang 2 times" in shared and "not taken by Boris" in shared
    assert "Sales" in shared and "12:02" in shared
    assert "<html" not in text


@pytest.mark.parametrize(
    ("who", "words"), [("anna", "1 of yours"), ("boris", "1 of yours"), ("oleg", "2 shared"), ("rena", "")]
)
async def test_the_rail_says_how_many_are_to_be_rung_back(pages: CardPages, who: str, words: str) -> None:
    await pages.write(missed_call(NOW, from_number=STRANGER, rang=("boris",)))
    await pages.write(missed_call(NOW, from_number="+74955550142", customer_id=pages.maria.id))
    text = await pages.get("/missed/count", who=who, htmx=True)
    assert " ".join(Page(text).words.split()).partition(" ")[2] == words
    assert 'hx-get="/missed/count"' in await pages.get("/customers", who=who)


async def test_a_number_is_rung_back_by_the_machines_phone(pages: CardPages) -> None:
    await pages.write(missed_call(NOW, from_number=STRANGER, rang=("anna",)))
    assert f'<a class="btn btn-call btn-icon" href="tel:{STRANGER}"' in await pages.get("/missed")


async def test_a_card_that_may_not_be_opened_is_no_link(pages: CardPages) -> None:
    queue = {"queue": "service", "did": "+994125550100"}
    call = missed_call(NOW, from_number="+74955550142", customer_id=pages.maria.id, **queue)
    await pages.write(call)
    text = await pages.get("/missed?whose=shared", who="leyla")
    assert "Maria" in text and f"/customers/{pages.maria.id}" not in text
    assert f"/customers/{pages.maria.id}" in await pages.get("/missed")


async def test_done_is_said_with_who_and_when_until_it_rings_again(pages: CardPages) -> None:
    await pages.write(missed_call(NOW, from_number=STRANGER, rang=("anna",)))
    text = await pages.get("/missed")
    line = re.search(r'hx-post="(/missed/[0-9a-f-]{36}/done)"\s+hx-vals=\'{"seen": "([^"]+)"}', text)
    assert line is not None
    done, _ = await pages.post(line[1], {"seen": line[2]})
    assert "No missed calls" in done and "<html" not in done
    await pages.write(missed_call(NOW + timedelta(minutes=30), from_number=STRANGER, rang=("anna",)))
    assert "Anna ticked it off on 2 Mar, 13:00; it rang again since" in await pages.get("/missed")
    await pages.post(line[1], {"seen": "yesterday"}, status=400)
