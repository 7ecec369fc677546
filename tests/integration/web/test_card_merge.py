"""Two cards are merged on a page: the other one found, the outcome shown first, one way to end."""

from __future__ import annotations

import pytest

from crm_core.customers.model import ContactKind
from tests.integration.web.card_pages import CardPages, Page

pytestmark = pytest.mark.integration


async def test_the_other_card_is_found_and_what_will_be_is_shown(pages: CardPages) -> None:
    other = await pages.make("Marina", "+74955550143", owner="anna")
    await pages.call(1)
    await pages.call(2, customer_id=other.id)
    path = f"/customers/{pages.maria.id}/merge"
    find = await pages.get(f"{path}?q=mari", htmx=True)
    assert f"{path}?other={other.id}" in find
    assert f"other={pages.maria.id}" not in find  # not with itself
    text = await pages.get(f"{path}?other={other.id}")
    words = " ".join(Page(text).words.split())
    assert "2 calls of both" in words
    will_be = words.partition("What it will be")[2]
    assert will_be.startswith(" Maria 8 (495) 555-01-42, 8 (495) 555-01-43")
    taken = await pages.get(f"{path}?other={other.id}&keep={pages.maria.id}&title={other.id}", htmx=True)
    assert " ".join(Page(taken).words.split()).partition("What it will be")[2].startswith(" Marina 8")
    assert (await pages.stored(other.id)).title == "Marina"  # nothing was done


async def test_merged_cards_are_one_and_both_addresses_lead_to_it(pages: CardPages) -> None:
    other = await pages.make("Marina", "+74955550143", owner="anna")
    call = await pages.call(1)
    form = {"other": str(other.id), "keep": str(other.id), "title": str(pages.maria.id)}
    _, headers = await pages.post(f"/customers/{pages.maria.id}/merge", form, status=303, htmx=False)
    assert headers["Location"] == f"/customers/{other.id}?merged=1"
    text = await pages.get(headers["Location"])
    assert "Both cards are one now." in text and f"item-{call.id}" in text
    kept = await pages.stored(other.id)
    assert kept.title == "Maria"
    assert len([p for p in kept.contact_points if p.kind is ContactKind.PHONE]) == 2
    async with pages.house.page("GET", f"/customers/{pages.maria.id}", who="anna") as answer:
        assert (answer.status, answer.headers["Location"]) == (303, f"/customers/{other.id}?joined=1")
    assert "became part of this one" in await pages.get(f"/customers/{other.id}?joined=1")
    card = await pages.get(f"/customers/{pages.maria.id}/card", htmx=True)
    assert f'id="card-{other.id}"' in card
    form |= {"other": str(pages.maria.id)}
    again, _ = await pages.post(f"/customers/{other.id}/merge", form, status=409)
    assert "This card has become part of another." in again


async def test_cards_of_two_people_are_merged_by_a_supervisor(pages: CardPages) -> None:
    path, form = f"/customers/{pages.maria.id}/merge", {"other": str(pages.severny.id)}
    text = await pages.get(f"{path}?other={pages.severny.id}")
    assert "a supervisor merges them" in text and 'type="submit"' not in text.partition('id="join"')[2]
    await pages.post(path, form, status=403)
    await pages.post(path, form, who="oleg", status=303)
    assert (await pages.stored(pages.severny.id)).id == pages.maria.id


async def test_what_may_not_be_seen_is_not_merged(pages: CardPages) -> None:
    foreign = await pages.make("Foreign", "+994125550199", owner="leyla", who="rena")
    path, form = f"/customers/{pages.maria.id}/merge", {"other": str(foreign.id)}
    await pages.get(f"{path}?other={foreign.id}", status=404)
    await pages.get(f"{path}?other=nonsense", status=404)
    await pages.post(path, form, status=404)
    for who in ("leyla", "rena"):
        await pages.get(path, who=who, status=404)
        await pages.post(path, form, who=who, status=404)
    await pages.post(path, {"other": str(pages.maria.id)}, status=400)
    assert (await pages.stored(foreign.id)).title == "Foreign"
