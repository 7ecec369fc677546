"""Pages of cards on a real database: who sees what, found as one types, changed beside others."""

from __future__ import annotations

import asyncio
import re

import pytest
from markupsafe import escape

from agent_ui.gallery.views import HOSTILE
from crm_core.calls.model import Outcome
from crm_core.customers.model import CardStatus, ContactKind, Customer, CustomerChange
from tests.fakes.calls import missed_call
from tests.fakes.house import NOW, reader
from tests.integration.web.card_pages import CardPages, Page

pytestmark = pytest.mark.integration

MOSCOW = ("anna", "boris", "oleg", "root")


def phones(card: Customer) -> list[str]:
    return [p.value for p in card.contact_points if p.kind is ContactKind.PHONE]


async def test_a_card_says_who_it_is_and_what_happened(pages: CardPages) -> None:
    call = await pages.call(1)
    await pages.services.calls.set_disposition(reader("anna"), call.id, "agreed")
    await pages.write(
        missed_call(NOW.replace(hour=11), from_number="+74955550142", customer_id=pages.maria.id)
    )
    text = await pages.get(f"/customers/{pages.maria.id}")
    words = " ".join(Page(text).words.split())
    assert "Maria · Callcard" in words  # the title of the page
    assert "8 (495) 555-01-42" in words  # as people in Moscow write it
    assert "your customer" in words
    assert "Moscow, local time 13:00" in words
    assert 'data-zone="Europe/Moscow"' in text
    assert "Calls2 since 2 Mar 2026" in words and "Missed, still open1" in words
    assert "Last talk2 Mar, 12:00 0:56 with you · Agreed" in words
    assert "Talked 0:56 with you" in words, words
    assert "Agreed" in words
    foreign = " ".join(Page(await pages.get(f"/customers/{pages.severny.id}")).words.split())
    assert "+994 12 555 01 50" in foreign and "Boris" in foreign and "Baku, local time" in foreign


async def test_who_talked_was_not_missed_when_the_pbx_stopped(pages: CardPages) -> None:
    await pages.call(1, outcome=Outcome.PBX_LOST)
    words = " ".join(Page(await pages.get(f"/customers/{pages.maria.id}")).words.split())
    assert "Talked 0:56 with you PBX stopped" in words


async def test_a_card_met_in_a_call_is_read_and_not_changed(pages: CardPages) -> None:
    await pages.call(1, agent="leyla")
    text = await pages.get(f"/customers/{pages.maria.id}", who="leyla")
    assert "Maria" in text and "/edit" not in text and "/merge" not in text
    await pages.get(f"/customers/{pages.maria.id}/edit", who="leyla", status=403)
    await pages.get(f"/customers/{pages.maria.id}/merge", who="leyla", status=403)
    path = f"/customers/{pages.maria.id}/title"
    await pages.post(path, {"title": "Mine", "was": "Maria"}, who="leyla", status=403)
    assert (await pages.stored(pages.maria.id)).title == "Maria"


@pytest.mark.parametrize("typed", ["mar", "MARIA", "5550142", "8495555", "0142"])
async def test_cards_are_found_as_one_types(pages: CardPages, typed: str) -> None:
    for path in (f"/search?q={typed}", f"/customers?q={typed}"):
        found = await pages.get(path, htmx=True)
        assert f"/customers/{pages.maria.id}" in found
        assert f"/customers/{pages.severny.id}" not in found
        assert "<html" not in found
    assert "Maria" not in await pages.get(f"/search?q={typed}", who="leyla", htmx=True)


async def test_the_list_is_narrowed_to_an_owner_and_goes_on(pages: CardPages) -> None:
    made = [await pages.make(f"Customer {number}", owner="boris") for number in range(52)]
    text = await pages.get("/customers?owner=boris")
    more = re.search(r'hx-get="(/customers\?[^"]+)"', text)
    assert more is not None and "Maria" not in text
    rest = await pages.get(more[1].replace("&amp;", "&"), htmx=True)
    shown = re.findall(r'href="/customers/([0-9a-f-]{36})"', text + rest)
    assert sorted(shown) == sorted(str(card.id) for card in (*made, pages.severny))
    found = await pages.get("/customers?owner=anna&q=customer", htmx=True)
    assert "Nobody is found by this" in found
    assert "The 50 likeliest cards are shown" in await pages.get("/customers?owner=boris&q=customer")


async def test_who_is_there_already_is_said_while_a_card_is_made(pages: CardPages) -> None:
    for query in ("title=mari", "phones=8+495+555-01-42"):
        assert f"/customers/{pages.maria.id}" in await pages.get(f"/customers/new/similar?{query}", htmx=True)
    form = {"title": "Maria's husband", "phones": "8 495 555-01-42\n+7 495 555-01-49\n", "mine": "true"}
    text, _ = await pages.post("/customers", form, status=409, htmx=False)
    assert (
        f"/customers/{pages.maria.id}" in text and "Maria&#39;s husband" in text and 'name="shared"' in text
    )
    _, headers = await pages.post("/customers", form | {"shared": "true"}, status=303, htmx=False)
    made = await pages.services.customers.search(reader("anna"), "husband")
    assert headers["Location"] == f"/customers/{made[0].id}"
    assert (phones(made[0]), made[0].owner) == (["+74955550142", "+74955550149"], "anna")
    text, _ = await pages.post("/customers", {"title": " ", "phones": "12"}, status=400, htmx=False)
    assert "This is not a telephone number." in text
    assert "“12”: write it like +74955550142." in text  # which of several lines


async def test_a_new_callers_card_is_kept_with_a_name(pages: CardPages) -> None:
    async with pages.house.page("GET", "/customers", who="anna") as answer:
        assert answer.status == 200
    identity = await pages.services.customers.identify("+74955550188", office="moscow", via=None)
    assert identity.customer_id is not None
    id = identity.customer_id
    text = await pages.get(f"/customers/{id}")
    assert "<title>8 (495) 555-01-88 ·" in text and "Keep" in text
    await pages.post(f"/customers/{id}/title", {"title": "Ildar", "was": "+74955550188"})
    kept = await pages.stored(id)
    assert (kept.title, kept.status) == ("Ildar", CardStatus.KEPT)
    assert "Keep" not in await pages.get(f"/customers/{id}")


async def test_a_change_made_elsewhere_is_said_and_nothing_is_lost(pages: CardPages) -> None:
    path = f"/customers/{pages.maria.id}/title"
    form = {"title": "Maria Sokolova", "was": "Maria"}
    await pages.services.customers.update(
        reader("boris"), pages.maria.id, CustomerChange(title="Marina <b>S</b>")
    )
    text, headers = await pages.post(path, form, status=409)
    assert "HX-Retarget" not in headers  # in the card, where the field is
    assert "Boris changed this meanwhile: it is “Marina &lt;b&gt;S&lt;/b&gt;” now." in text
    assert 'value="Maria Sokolova"' in text  # what was typed
    assert (await pages.stored(pages.maria.id)).title == "Marina <b>S</b>"
    await pages.post(path, form | {"was": "Marina <b>S</b>"})
    assert (await pages.stored(pages.maria.id)).title == "Maria Sokolova"


async def test_two_who_add_a_number_each_both_have_their_way(pages: CardPages) -> None:
    path = f"/customers/{pages.maria.id}/phones"
    await pages.post(path, {"phone": "8 495 555-01-43"})
    await pages.post(path, {"phone": "+7 495 555 01 44"}, who="boris")
    await pages.post(path + "/remove", {"phone": "+74955550142"})
    await pages.post(path + "/remove", {"phone": "+74955550142"})  # once is enough
    assert phones(await pages.stored(pages.maria.id)) == ["+74955550143", "+74955550144"]
    text, _ = await pages.post(path, {"phone": "12"}, status=400)
    assert "This is not a telephone number." in text and 'value="12"' in text


async def test_changes_at_the_same_moment_all_hold(pages: CardPages) -> None:
    path = f"/customers/{pages.maria.id}"
    await asyncio.gather(
        pages.post(f"{path}/phones", {"phone": "+74955550145"}),
        pages.post(f"{path}/phones", {"phone": "+74955550146"}, who="boris"),
        pages.post(f"{path}/title", {"title": "Maria S", "was": "Maria"}, who="oleg"),
    )
    stored = await pages.stored(pages.maria.id)
    assert (stored.title, phones(stored)) == ("Maria S", ["+74955550142", "+74955550145", "+74955550146"])


async def test_of_a_number_with_a_card_it_is_asked_whether_both_have_it(pages: CardPages) -> None:
    path = f"/customers/{pages.maria.id}/phones"
    text, _ = await pages.post(path, {"phone": "+994 12 555 01 50"}, status=409)
    assert f"/customers/{pages.severny.id}" in text and "It belongs to both" in text
    assert phones(await pages.stored(pages.maria.id)) == ["+74955550142"]
    await pages.post(path, {"phone": "+994 12 555 01 50", "shared": "true"})
    assert "+994125550150" in phones(await pages.stored(pages.maria.id))
    assert "+994125550150" in phones(await pages.stored(pages.severny.id))


async def test_supervisors_give_cards_away(pages: CardPages) -> None:
    path, form = f"/customers/{pages.maria.id}/owner", {"owner": "boris", "was": "anna"}
    text, headers = await pages.post(path, form, status=403)
    assert headers["HX-Retarget"] == "#toasts" and "Only a supervisor" in text
    assert 'name="owner"' not in await pages.get(f"/customers/{pages.maria.id}/edit")
    assert 'name="owner"' in await pages.get(f"/customers/{pages.maria.id}/edit", who="oleg")
    await pages.post(path, form, who="oleg")
    assert (await pages.stored(pages.maria.id)).owner == "boris"
    text, _ = await pages.post(path, {"owner": "", "was": "anna"}, who="oleg", status=409)
    assert "Oleg changed this meanwhile: it is “Boris” now." in text
    await pages.post(path, {"owner": "", "was": "boris"}, who="oleg")
    assert (await pages.stored(pages.maria.id)).owner is None


async def test_a_history_comes_in_pieces_and_by_kind(pages: CardPages) -> None:
    calls = [await pages.call(minute) for minute in range(23)]
    await pages.post(f"/customers/{pages.maria.id}/title", {"title": "Maria S", "was": "Maria"})
    path = f"/customers/{pages.maria.id}/timeline"
    text = await pages.get(f"{path}?kind=call", htmx=True)
    older = re.search(r'hx-get="([^"]+cursor=[^"]+)"', text)
    assert older is not None
    rest = await pages.get(older[1].replace("&amp;", "&"), htmx=True)
    assert "<section" not in rest and "cursor=" not in rest
    shown = re.findall(r'id="item-([0-9a-f-]{36})"', text + rest)
    assert shown == [str(call.id) for call in reversed(calls)]
    changes = await pages.get(f"{path}?kind=change", htmx=True)
    assert "Maria S" in changes and "Anna" in changes and "item-" + shown[0] not in changes
    assert "Nothing yet" in await pages.get(f"{path}?kind=step", htmx=True)
    await pages.get(f"{path}?cursor=nonsense", htmx=True, status=400)


async def test_hostile_names_stay_names(pages: CardPages) -> None:
    for number, title in enumerate(name for name in HOSTILE if name.strip()):
        phone = f"+7495555019{number}"
        card = await pages.make(title, phone, owner="boris")
        call = missed_call(NOW.replace(hour=11), from_number=phone, customer_id=card.id, rang=("anna",))
        await pages.write(call)
        said = str(escape(" ".join(title.split())))
        for path in (
            f"/customers/{card.id}",
            f"/customers/{card.id}/edit",
            f"/customers/{card.id}/merge",
            f"/customers/{pages.maria.id}/merge?other={card.id}",
            "/customers",
            f"/search?q={phone[2:]}",
            f"/customers/new/similar?phones={phone[2:]}",
            "/missed",
        ):
            text = await pages.get(path, who="boris")
            page = Page(text)
            assert not {name for name in page.attributes if name.startswith("on") or name == "style"}, path
            assert page.tags.count("script") in (0, 2, 3, 4), path
            assert said in text, (path, title)
            form = {"title": title + "!", "was": title}
        await pages.post(f"/customers/{card.id}/title", form, who="boris")
        refused, _ = await pages.post(
            f"/customers/{card.id}/title", form | {"title": "?"}, who="boris", status=409
        )
        history = await pages.get(f"/customers/{card.id}/timeline", who="boris")
        for text in (refused, history):
            assert "script" not in Page(text).tags and said in text, title
