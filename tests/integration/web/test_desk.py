"""The desk over real services: who gets which page, notes that are never lost, results, lists, search."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from sqlalchemy import select

from crm_core.calls import missed_store
from crm_core.calls.events import CallOffered
from crm_core.calls.model import (
    Call,
    CallState,
    Direction,
    Leg,
    LegRole,
    LegState,
    Offer,
    OfferState,
    Outcome,
)
from crm_core.customers.tables import CustomerRow
from crm_core.db.engine import Database
from crm_core.ids import new_id
from crm_core.presence.model import ChosenState
from tests.fakes.house import BAKU_DID, NOW, call, call_id
from tests.integration.web.real_house import RealHouse, real_house

pytestmark = pytest.mark.integration

HOSTILE = "\"><img src=x onerror=alert(1)> {{ 7*7 }} {% raw %} %(name)s 'q'"
OFFICE = f"""\
version: 1
offices:
  moscow: {{title: Moscow, country: RU, timezone: Europe/Moscow, language: ru}}
  baku: {{title: Baku, country: AZ, timezone: Asia/Baku, language: az}}
people:
  anna: {{title: Anna Pavlova, office: moscow, extension: "101", devices: [{{kind: browser}}]}}
  boris: {{title: {json.dumps(HOSTILE)}, office: moscow, extension: "102", devices: [{{}}]}}
  leyla: {{title: Leyla Hasanova, office: baku, extension: "201", devices: [{{}}]}}
  oleg: {{title: Oleg Orlov, office: moscow, role: supervisor}}
queues:
  sales: {{title: {json.dumps(HOSTILE)}, members: [anna, boris]}}
  service: {{title: Service, members: [leyla]}}
numbers:
  "+74955550100": {{title: {json.dumps(HOSTILE)}, office: moscow, queue: sales}}
  "+994125550100": {{title: Baku, office: baku, queue: service}}
customers:
  - {{title: {json.dumps(HOSTILE)}, phones: ["+74955550142"], owner: anna}}
"""
MINE, LEYLAS = call_id(1), call_id(2)


def leg(agent: str, state: LegState = LegState.UP) -> Leg:
    return Leg(
        channel=f"1.{agent}",
        channel_name="PJSIP/x-00000001",
        role=LegRole.AGENT,
        agent=agent,
        endpoint=None,
        number=None,
        state=state,
        started_at=NOW,
        answered_at=NOW,
    )


def talking(number: int, agent: str, **changes: Any) -> Call:
    return call(
        number,
        **{
            "state": CallState.TALKING,
            "agent": agent,
            "answered_at": NOW,
            "legs": (leg(agent),),
            "version": 2,
        }
        | changes,
    )


async def in_two_calls(house: RealHouse) -> None:
    """Anna talks with the hostile customer, Leyla in Baku with somebody else; one caller was missed."""
    async with house.database.transaction() as connection:
        card = (await connection.execute(select(CustomerRow.id))).scalar_one()
    missed = call(3, state=CallState.ENDED, outcome=Outcome.ABANDONED, from_number="+74955550143", version=2)
    await house.store(
        talking(1, "anna", customer_id=card, customer_title=HOSTILE, owner="anna"),
        talking(2, "leyla", did=BAKU_DID, queue="service", from_number="+994505550101"),
        missed,
    )
    async with house.database.hot(timeout_s=5) as connection, connection.transaction():
        await missed_store.refresh(connection, [missed], NOW)


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[RealHouse]:
    async with real_house(database, tmp_path, in_two_calls, office_text=OFFICE) as house:
        yield house


async def get(house: RealHouse, who: str, path: str) -> tuple[int, str]:
    return await ask(house, who, "GET", path)


async def ask(house: RealHouse, who: str, method: str, path: str, **rest: Any) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {house.tokens[who]}", "HX-Request": "true"}
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, house.url + path, headers=headers, **rest) as answer,
    ):
        return answer.status, await answer.text()


async def note(house: RealHouse, who: str, text: str, base: int, of: UUID = MINE) -> tuple[int, Any]:
    body = {"text": text, "base_version": base}
    status, answer = await ask(house, who, "POST", f"/desk/calls/{of}/note", json=body)
    return status, json.loads(answer) if answer.startswith("{") else answer


def form(**fields: str) -> dict[str, Any]:
    return {"data": fields}


def place(id: str) -> tuple[str, int]:
    """Where in the stream the event *id* is."""
    stream, _, number = id.rpartition("-")
    return stream, int(number)


async def test_the_page_has_the_call_its_card_and_the_place_to_go_on_from(house: RealHouse) -> None:
    before = house.hub.last_id
    status, page = await get(house, "anna", "/desk")
    assert status == 200
    (since,) = re.findall(r'data-live-since="([^"]+)"', page)
    # Something may happen meanwhile: the page goes on from a moment between.
    assert place(before) <= place(since) <= place(house.hub.last_id)
    for part in ("panel", "pill", "figures", "focus", "why", "chips", "choices", "colleagues", "house"):
        assert page.count(f'id="{part}"') == 1, part
    assert f'id="call-{MINE}"' in page and f'data-note="{MINE}"' in page
    assert 'data-phone="hold"' in page, "she has a phone in the browser"
    assert "+74955550143" in page or "555-01-43" in page, "the missed call"


@pytest.mark.parametrize(
    ("who", "path", "shown"),
    [
        ("anna", "/desk", True),
        ("anna", f"/desk/calls/{MINE}", True),
        ("anna", "/search?q=img", True),
        ("anna", "/missed/list", True),
        ("boris", "/desk", True),
        ("oleg", f"/desk/calls/{MINE}", True),
        ("leyla", "/desk", False),
    ],
)
async def test_hostile_names_stay_text(house: RealHouse, who: str, path: str, shown: bool) -> None:
    status, page = await get(house, who, path)
    assert status == 200 and "<img" not in page
    assert ("&lt;img src=x onerror=alert(1)&gt; {{ 7*7 }} {% raw %} %(name)s" in page) is shown


async def test_without_a_seat_there_is_a_friendly_page(house: RealHouse) -> None:
    status, page = await get(house, "oleg", "/desk")
    assert status == 200 and "You have no seat here" in page and 'data-phone="hold"' not in page
    status, answer = await ask(house, "oleg", "POST", "/desk/state", **form(state="available"))
    assert status == 409 and "You have no seat" in answer


async def test_what_is_not_ones_own_is_not_there(house: RealHouse) -> None:
    """A matrix over people and the calls, cards and lists behind each address."""
    _, page = await get(house, "anna", f"/desk/calls/{MINE}")
    card = re.search(r'id="card-([0-9a-f-]{36})"', page)
    assert card is not None
    of_call = {MINE: {"anna", "oleg"}, LEYLAS: {"leyla"}}
    for target, people in of_call.items():
        for who in ("anna", "boris", "leyla", "oleg"):
            for path in ("", "/result"):
                status, _ = await get(house, who, f"/desk/calls/{target}{path}")
                assert status == (200 if who in people else 404), (who, target, path)
            status, _ = await note(house, who, "x", 0, of=target)
            assert status == (200 if who in people else 404), (who, target, "note")
    for who, sees in {"anna": 200, "boris": 200, "leyla": 404, "oleg": 200}.items():
        assert (await get(house, who, f"/desk/cards/{card[1]}"))[0] == sees, who
    for path in ("/desk/calls/nonsense", f"/desk/calls/{new_id()}", f"/desk/cards/{new_id()}"):
        assert (await get(house, "anna", path))[0] == 404
    for action in ("result", "customer", "step"):
        body = {"result": {"disposition": "agreed"}, "customer": {"customer": card[1]}}.get(
            action, {"text": "x", "due": "2026-03-03T12:00"}
        )
        status, _ = await ask(house, "leyla", "POST", f"/desk/calls/{MINE}/{action}", data=body)
        assert status == 404, action


async def test_a_note_is_saved_as_one_types_and_read_everywhere(house: RealHouse) -> None:
    status, saved = await note(house, "anna", "wants oak", 0)
    assert (status, saved["text"], saved["version"]) == (200, "wants oak", 1)
    status, page = await get(house, "anna", f"/desk/calls/{MINE}")
    assert "wants oak</textarea>" in page and 'data-version="1"' in page
    assert "wants oak</textarea>" in (await get(house, "anna", "/desk"))[1], "after a reload too"
    status, stored = await get(house, "anna", f"/desk/calls/{MINE}/note")
    assert json.loads(stored)["text"] == "wants oak"


async def test_two_tabs_lose_nothing(house: RealHouse) -> None:
    await note(house, "anna", "wants oak", 0)
    await note(house, "anna", "wants oak, on Thursday", 1)
    status, both = await note(house, "anna", "wants oak, 60 cm", 1)
    assert status == 200 and both["version"] == 3
    assert "on Thursday" in both["text"] and "60 cm" in both["text"]


async def test_two_texts_too_long_to_be_one_come_back_and_stay(house: RealHouse) -> None:
    version = 0
    for letter in "abcd":
        status, saved = await note(house, "anna", letter * 7900, max(0, version - 1))
        version = saved["version"]
    status, stored = await note(house, "anna", "z" * 7999, 1)
    assert status == 409 and stored["text"].startswith("a"), "the stored text comes with the refusal"


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"text": "x"}', b'{"text": 1, "base_version": 0}', b'{"text": "x", "base_version": -1}'],
)
async def test_what_is_no_note_is_refused(house: RealHouse, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    url = f"/desk/calls/{MINE}/note"
    headers["Authorization"] = f"Bearer {house.tokens['anna']}"
    async with (
        aiohttp.ClientSession() as session,
        session.post(house.url + url, data=body, headers=headers) as answer,
    ):
        assert answer.status == 400


async def test_the_result_is_a_press_and_proposes_what_comes_next(house: RealHouse) -> None:
    path = f"/desk/calls/{MINE}"
    status, page = await ask(house, "anna", "POST", f"{path}/result", **form(disposition="thinking"))
    assert status == 200 and 'data-proposed="open"' in page and 'value="2026-03-05T12:00"' in page
    assert re.search(r'aria-pressed="true"[^>]*>.*Thinking it over', page, re.S)
    status, page = await ask(
        house, "anna", "POST", f"{path}/step", **form(text="Call about <oak>", due="2026-03-05T12:00")
    )
    assert status == 200 and "Call about &lt;oak&gt;" in page and 'data-proposed="closed"' in page
    step = re.search(r'name="step" value="([0-9a-f-]{36})"', page)
    assert step is not None
    todo = (await get(house, "anna", "/desk/steps"))[1]
    assert "Call about &lt;oak&gt;" in todo and f"todo-{step[1]}" in todo
    changed = form(text="Call later", due="2026-03-06T12:00", step=step[1], version="1")
    assert (await ask(house, "anna", "POST", f"{path}/step", **changed))[0] == 200
    assert (await ask(house, "anna", "POST", f"{path}/step", **form(text="x", due="noon")))[0] == 400
    status, todo = await ask(house, "anna", "POST", f"/desk/steps/{step[1]}/done")
    assert status == 200 and "Call later" not in todo
    status, page = await ask(house, "anna", "POST", f"{path}/result", **form(disposition=""))
    assert status == 200 and 'aria-pressed="true"' not in page, "taken back"


async def test_a_missed_call_is_ticked_off(house: RealHouse) -> None:
    page = (await get(house, "anna", "/desk"))[1]
    line = re.search(r'id="missed-([0-9a-f-]{36})"', page)
    seen = re.search(r'"seen": "([^"]+)"', page.replace("&#34;", '"'))
    assert line is not None and seen is not None
    assert (await ask(house, "leyla", "POST", f"/missed/{line[1]}/done", **form(seen=seen[1])))[0] == 404
    status, page = await ask(house, "anna", "POST", f"/missed/{line[1]}/done", **form(seen=seen[1]))
    assert status == 200 and "No missed calls" in page


async def test_the_search_finds_by_name_and_by_part_of_a_number(house: RealHouse) -> None:
    for text in ("img", "550142", "0142"):
        status, page = await get(house, "anna", f"/search?q={text}")
        assert status == 200 and page.count('role="option"') == 1, text
    assert 'role="option"' not in (await get(house, "leyla", "/search?q=550142"))[1]
    assert "Nobody is found" in (await get(house, "anna", "/search?q=zzz"))[1]
    assert "hidden" in (await get(house, "anna", "/search?q="))[1]


async def test_a_state_is_wished_for_and_comes_with_the_fact(house: RealHouse) -> None:
    status, _ = await ask(house, "anna", "POST", "/desk/state", **form(state="break", reason="lunch"))
    assert status == 204
    assert (await house.presence.load_all())["anna"].reason == "lunch"
    assert (await ask(house, "anna", "POST", "/desk/state", **form(state="break")))[0] == 400
    assert (await ask(house, "anna", "POST", "/desk/state", **form(state="flying")))[0] == 400


async def test_the_card_is_up_before_the_call_is_written_down(house: RealHouse) -> None:
    """The offer is on the bus before its row is in the database: the pop must not wait for it."""
    offer = Offer(
        id=new_id(), agent="boris", attempt=1, state=OfferState.RESERVED, ring_s=20, reserved_at=NOW
    )
    fresh = call(9, state=CallState.OFFERED, offers=(offer,), version=1, from_number=None)
    house.hub.hand_over(CallOffered(at=NOW, call=fresh, offer=offer))
    status, page = await get(house, "boris", f"/desk/calls/{fresh.id}")
    assert status == 200 and f'data-note="{fresh.id}"' in page and "withheld" in page
    assert (await get(house, "anna", f"/desk/calls/{fresh.id}"))[0] == 404
    _, desk = await get(house, "boris", "/desk")
    assert "Answer on your phone" in desk and 'data-phone="answer"' not in desk


async def test_the_way_in_leads_to_ones_work(house: RealHouse) -> None:
    for who, path in {"anna": "/desk", "oleg": "/board"}.items():
        headers = {"Authorization": f"Bearer {house.tokens[who]}"}
        async with (
            aiohttp.ClientSession() as session,
            session.get(house.url + "/", headers=headers, allow_redirects=False) as answer,
        ):
            assert (answer.status, answer.headers["Location"]) == (303, path)


async def test_history_is_narrowed_and_goes_on(house: RealHouse) -> None:
    _, page = await get(house, "anna", f"/desk/calls/{MINE}")
    card = re.search(r'id="card-([0-9a-f-]{36})"', page)
    assert card is not None
    many = [
        call(
            100 + n,
            state=CallState.ENDED,
            outcome=Outcome.ANSWERED,
            started_at=NOW - timedelta(days=n + 1),
            customer_id=UUID(card[1]),
            agent="anna",
            legs=(leg("anna", LegState.ENDED),),
            version=3,
        )
        for n in range(25)
    ]
    await house.store(*many)
    path = f"/customers/{card[1]}/timeline"
    first = (await get(house, "anna", path))[1]
    assert first.count('id="item-') == 19 and f'id="history-{card[1]}"' in first, "without the call one is in"
    following = re.search(r'hx-get="([^"]+cursor=[^"]+)"', first)
    assert following is not None
    rest = (await get(house, "anna", following[1].replace("&amp;", "&")))[1]
    assert rest.startswith("<li") and rest.count('id="item-') == 7
    ids = re.findall(r'id="item-([0-9a-f-]{36})"', first + rest)
    assert len(ids) == len(set(ids)) == 26, "25 calls and how the card was made; none twice"
    changes = (await get(house, "anna", f"{path}?kind=change"))[1]
    assert changes.count('id="item-') == 1 and "The card was made." in changes
    assert (await get(house, "anna", f"{path}?kind=secrets"))[0] == 400
    assert (await get(house, "anna", f"{path}?cursor=nonsense"))[0] == 400


async def in_wrap_up(house: RealHouse) -> None:
    """Anna has just talked; Boris had a call of hers before."""
    ended: dict[str, Any] = {
        "state": CallState.ENDED,
        "outcome": Outcome.ANSWERED,
        "ended_at": NOW,
        "legs": (replace(leg("anna", LegState.ENDED), ended_at=NOW),),
    }
    answered, over = NOW - timedelta(minutes=5), NOW - timedelta(minutes=4)
    earlier = replace(leg("anna", LegState.ENDED), answered_at=answered, ended_at=over)
    await house.store(
        talking(1, "anna", **ended),
        talking(2, "anna", **ended | {"started_at": NOW - timedelta(minutes=5), "legs": (earlier,)}),
        talking(3, "anna", **ended | {"started_at": NOW - timedelta(days=3), "legs": ()}),
        *outside(ended),
    )
    await house.presence.choose("anna", ChosenState.AVAILABLE, None, by="anna")
    row = (await house.presence.load_all())["anna"]
    await house.presence.save(replace(row, wrap_up_until=NOW + timedelta(seconds=15)))


def outside(ended: dict[str, Any]) -> list[Call]:
    """Calls of anna's to customers, from a phone that was up for 40 s: answered after 10, and not at all."""
    began = NOW - timedelta(minutes=10)
    mine = replace(
        leg("anna", LegState.ENDED),
        started_at=began,
        answered_at=began,
        ended_at=began + timedelta(seconds=40),
    )
    calls = ((4, began + timedelta(seconds=10)), (5, None))
    return [
        talking(
            number,
            "anna",
            **ended
            | {
                "direction": Direction.OUT,
                "to": "+74955550177",
                "started_at": began,
                "answered_at": answered_at,
                "legs": (replace(mine, channel=f"out.{number}"),),
            },
        )
        for number, answered_at in calls
    ]


async def test_a_worker_that_begins_anew_in_wrap_up_keeps_card_note_and_count(
    database: Database, tmp_path: Path
) -> None:
    async with real_house(database, tmp_path, in_wrap_up, office_text=OFFICE) as house:
        _, page = await get(house, "anna", "/desk")
        assert 'data-part="wrap_up"' in page and f'data-note="{call_id(1)}"' in page
        assert 'data-until="2026-03-02T09:00:15.000Z"' in page
        anna = house.hub.state.agents["anna"]
        # The customer who was called and answered counts from then on, the one who did not not at all.
        assert (anna.talks_today, anna.mean_talk_s) == (3, (0 + 60 + 30) / 3)
