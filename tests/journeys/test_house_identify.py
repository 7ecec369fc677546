"""Who rings: cards, owners, withheld and unreadable numbers, on the whole product."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.fakes.sip_peer import Call
from tests.journeys.hostile import FORGED
from tests.journeys.house import EVERY_TONE, MARINA, TONES, WITHHELD, House, codes, until

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

SHARED = "+74955550160"
CARRIER = "127.0.0.2"
BAD_BYTES = b"\xff\xfe\xe0".decode("utf-8", "surrogateescape")

NAMES = (
    "Анна Əliyeva",
    "<script>alert(1)</script>",
    "${SHELL(id)} `id` $(id)",
    "'; DROP TABLE calls; --",
    "=cmd|' /C calc'!A0",
    "{{7*7}} %n%s",
    f"bad {BAD_BYTES} bytes",
    "a" * 300,
    "zero\u200bwidth \u202eright to left",
)
NUMBERS = (  # (user of the From address as sent, what is no number of anybody)
    "1" * 40,
    "%2B" + "9" * 60,
    "8495abc",
    "alice.smith",
    "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    "$%7BSHELL(id)%7D",
    "100%26Local%2F900%40secret",
    "%D0%B0%D0%BD%D0%BD%D0%B0",
    "%FF%FE",
    "'%20OR%201=1--",
    "+7495555",
)


async def cards(house: House, number: str) -> list[dict[str, Any]]:
    """The cards with *number*."""
    page: dict[str, Any] = await house.get(f"/api/v1/customers?phone={number.replace('+', '%2B')}")
    return list(page["items"])


async def test_a_known_caller_has_a_card_and_reaches_its_owner(house: House) -> None:
    await house.available("anna", "elena")
    call, leg = await house.talk("elena", number="84955550142")
    assert leg.remote_number.endswith("4955550142")
    seen = await house.over(call, from_=MARINA)
    (card,) = await cards(house, MARINA)
    assert (seen["customer_id"], seen["customer_title"]) == (card["id"], "Marina Volkova")
    assert (seen["agent"], seen["owner"], seen["outcome"]) == ("elena", "elena", "answered")
    assert {"identified_known", "owner_available", "chosen_owner"} <= set(codes(seen))


async def test_a_new_number_gets_one_card_and_who_answers_first_owns_it(house: House) -> None:
    number = "+74955550301"
    await house.available("anna")
    first = await house.over((await house.talk("anna", number=number))[0], from_=number)
    assert "identified_new" in codes(first)

    async def owned() -> bool:
        return bool((await cards(house, number))[0]["owner"] == "anna")

    await until(owned, what="anna to own the card")
    (card,) = await cards(house, number)
    assert (card["status"], card["title"], card["id"]) == ("provisional", number, first["customer_id"])
    await house.available("elena")  # idle and not loaded: she would be chosen, were anna not the owner
    again = await house.over((await house.talk("anna", number=number))[0], from_=number)
    assert again["id"] != first["id"]
    assert again["owner"] == "anna" and "chosen_owner" in codes(again)
    await house.set_state("anna", "offline")
    await house.until_state("anna", "offline")
    other = await house.over((await house.talk("elena", number=number))[0], agent="elena")
    assert other["owner"] == "anna", "a card never changes hands by being answered"
    (card,) = await cards(house, number)
    assert card["owner"] == "anna"
    async with house.database.hot(timeout_s=5) as connection:
        rows = await connection.fetch(
            "SELECT actor FROM audit WHERE action = 'customer.owner_became' AND subject_id = $1", card["id"]
        )
    assert [row["actor"] for row in rows] == ["anna"]


async def test_ten_first_calls_of_one_number_at_once_make_one_card(house: House) -> None:
    number = "+74955550302"
    await house.available("anna", "elena")
    known = len(await house.calls())
    calls = await asyncio.gather(*(house.call(number=number) for _ in range(10)))
    await asyncio.gather(*(call.answered() for call in calls))  # by an agent or by the waiting music

    async def all_known() -> bool:
        made = (await house.calls())[:-known] if known else await house.calls()
        return len(made) == 10 and all(call["customer_id"] for call in made)

    await until(all_known, what="ten calls of a known caller")
    await asyncio.gather(*(call.hangup() for call in calls))
    (card,) = await cards(house, number)
    made = (await house.calls())[:10]
    assert {call["customer_id"] for call in made} == {card["id"]}
    late = any("identify_late" in codes(call) for call in made)  # its card was made, and not told of as new
    new = sum("identified_new" in codes(call) for call in made)
    assert new == 1 or (new == 0 and late)


async def test_a_withheld_number_keeps_no_card(house: House) -> None:
    await house.available("anna")
    everybody = len((await house.get("/api/v1/customers?limit=200"))["items"])
    hidden = [("P-Asserted-Identity", f"<sip:{MARINA}@{CARRIER}>"), ("Privacy", "id")]
    for headers in ([], hidden):
        call, leg = await house.talk("anna", from_header=WITHHELD, headers=headers)
        seen = await house.over(call)
        await house.until_state("anna", "available")
        assert (seen["from"], seen["customer_id"], seen["owner"]) == (None, None, None)
        assert "identified_withheld" in codes(seen)
        shown_in = [name for name, value in seen.items() if MARINA[1:] in str(value)]
        assert shown_in == [], "what the caller hid is shown to nobody"
        assert MARINA[1:] not in leg.remote_identity
    assert len((await house.get("/api/v1/customers?limit=200"))["items"]) == everybody


async def test_a_shared_number_is_a_choice_made_in_the_talk_and_remembered(house: House) -> None:
    await house.available("anna")
    shared = {card["title"]: card["id"] for card in await cards(house, SHARED)}
    async with house.feed("anna") as desk:
        call, _ = await house.talk("anna", number=SHARED)
        told = await desk.heard("call.answered")
        choices = [(choice["title"], choice["customer_id"]) for choice in told.data["choices"]]
        assert choices == [("Igor", shared["Igor"]), ("Olga", shared["Olga"])]
        path = f"/api/v1/calls/{told.data['id']}"
        assert (await house.get(path, who="anna"))["choices"][0]["title"] == "Igor"
        chosen = {"customer_id": shared["Olga"]}
        await house.post(f"{path}/customer", chosen, who="rashid", status=404)
        answer = await house.post(f"{path}/customer", chosen, who="anna")
        assert (answer["customer_title"], answer["state"], answer["choices"]) == ("Olga", "talking", [])
        await desk.heard(
            "call.identified", lambda data: (data["customer_title"], data["owner"]) == ("Olga", "anna")
        )
    seen = await house.over(call, from_=SHARED)
    assert (seen["customer_id"], seen["owner"], seen["choices"]) == (shared["Olga"], "anna", [])
    assert codes(seen).count("identified_shared") == codes(seen).count("customer_chosen") == 1
    again = await house.over((await house.talk("anna", number="84955550160"))[0], customer_title="Olga")
    assert {"identified_known", "chosen_owner"} <= set(codes(again))
    assert "identified_shared" not in codes(again)


async def test_no_name_and_no_number_breaks_a_call(house: House) -> None:
    await house.available("anna")
    for at, name in enumerate(NAMES):
        number = f"+749555504{at:02}"
        call, _ = await house.talk("anna", from_header=f'"{name}" <sip:{number}@{CARRIER}>')
        seen = await house.over(call, from_=number)
        assert seen["outcome"] == "answered"
        assert_plain(seen["from_name"], name)
        await house.until_state("anna", "available")
    for user in NUMBERS:
        call, _ = await house.talk("anna", from_header=f'"x" <sip:{user}@{CARRIER}>')
        seen = await house.over(call)
        assert (seen["from"], seen["customer_id"], seen["outcome"]) == (None, None, "answered"), user
        assert_plain(seen["from_raw"], user)
        await house.until_state("anna", "available")


def assert_plain(shown: str, sent: str) -> None:
    """Text people can be shown: short, and without control, format or unpaired characters."""
    assert len(shown) <= 80, sent
    assert not [char for char in shown if unicodedata.category(char)[0] == "C"], (sent, shown)


async def test_forged_headers_reach_nobody_and_hide_no_call(house: House) -> None:
    await house.available("anna")
    known = len(await house.calls())
    forged = FORGED
    tries: list[Callable[[], Awaitable[Call]]] = [
        lambda: house.call(from_header=f"<sip:+74955550177{forged}@{CARRIER}>"),
        lambda: house.call(headers=[("P-Asserted-Identity", f"<sip:+74955550177{forged}@{CARRIER}>")]),
        lambda: house.call(headers=[("Diversion", f"<sip:1{forged}@{CARRIER}>;reason=no-answer")]),
    ]
    for attempt in tries:
        call = await attempt()
        await call.ended()
        assert call.status == 404
    seen = await house.over((await house.talk("anna", number="+74955550177"))[0], outcome="answered")
    assert seen["from"] == "+74955550177"
    assert len(await house.calls()) == known + 1


async def test_a_phone_in_wrong_hands_forges_nothing(house: House) -> None:
    """It has its password: what it sends in a call and beside one is looked at all the same."""
    await house.available("anna", "elena")
    known = len(await house.calls())
    assert house.parts.router is not None
    refused = house.parts.router._links.listener.counts["rejected"]
    call, leg = await house.talk("anna", number="+74955550177")
    phone = house.phones["anna"]
    targets = (f"101{FORGED}", f"102{FORGED}", "+74957770000", "102%26PJSIP%2Fagent-elena-desk", "s", "h")
    for count, target in enumerate(targets, start=1):
        assert await leg.refer(house.extension(target)) in (202, 404), target
        told = leg.transfer_progress
        await leg.until(lambda told=told, count=count: sum(s >= 200 for s in told) == count, 10)
        assert told[-1] >= 400, target
    for target in (f"102{FORGED}", "102%26Local%2F101%40cc-direct", f"*50{FORGED}"):
        dialled = await phone.dial(target)
        await dialled.ended()
        assert dialled.status == 404, target
    dialled = await phone.dial("102", headers=[("P-Asserted-Identity", f"<sip:1{FORGED}@127.0.0.3>")])
    await dialled.ended()
    assert dialled.status == 404
    await call.hears(EVERY_TONE, TONES["anna"])
    seen = await house.over(call, from_="+74955550177")
    assert (seen["agent"], seen["outcome"], seen["hangup_by"]) == ("anna", "answered", "caller")
    assert len(await house.calls()) == known + 1
    assert house.parts.router._links.listener.counts["rejected"] == refused, "no frame was anything but whole"
    for agent in ("anna", "elena"):
        await house.until_state(agent, "available")
