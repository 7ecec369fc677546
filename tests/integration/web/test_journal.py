"""The journal and a call's page over the real services: filters, pieces without doubles, rights, words."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from crm_core.calls.model import Call, CallState, Direction, Offer, OfferState, Outcome
from crm_core.calls.trace import Code, line
from crm_core.db.engine import Database
from crm_core.ids import new_id
from crm_core.notes.service import NoteService
from crm_core.people.model import Reader, Role
from crm_core.recordings.model import RecordingReason, RecordingState
from tests.fakes.calls import agent_leg
from tests.fakes.house import BAKU_DID, NOW, call, call_id
from tests.integration.web.real_house import RealHouse, real_house

pytestmark = pytest.mark.integration

HOSTILE = '<script>alert("1")</script>'
MANY = 107  # calls of two at a moment, more than two pieces


def talked(number: int, **changes: object) -> Call:
    """A call that Anna answered."""
    at = NOW - timedelta(minutes=number // 2)
    values = {
        "state": CallState.ENDED,
        "outcome": Outcome.ANSWERED,
        "started_at": at,
        "answered_at": at + timedelta(seconds=4),
        "ended_at": at + timedelta(seconds=64),
        "talk_s": 60.0,
        "agent": "anna",
        "legs": (agent_leg("anna", at, talk_s=60.0),),
        "from_number": f"+7495555{1000 + number}",
        "version": 3,
    }
    return call(number, **(values | changes))


def lost(number: int, outcome: Outcome = Outcome.ABANDONED, **changes: object) -> Call:
    """A call that nobody took."""
    values = {"outcome": outcome, "answered_at": None, "talk_s": 0.0, "agent": None, "legs": ()}
    return talked(number, **(values | changes))


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[RealHouse]:
    """Calls of two offices; those with a number from 201 on are the ones that filters are for."""
    offer = Offer(
        id=new_id(),
        agent="anna",
        attempt=1,
        state=OfferState.NO_ANSWER,
        ring_s=20,
        reserved_at=NOW,
        ended_at=NOW + timedelta(seconds=20),
    )

    async def before(house: RealHouse) -> None:
        async with house.database.hot(timeout_s=5) as connection:
            for number in ("+74955550177", "+74955550199"):  # as the callers' cards would have them
                await connection.execute(
                    "INSERT INTO contact_points VALUES ($1, 'phone', $2, $3)", new_id(), number, NOW
                )
        await house.store(
            talked(201, customer_title=HOSTILE, customer_id=new_id(), disposition="agreed"),
            lost(202, from_number="+74955550177", started_at=NOW - timedelta(days=3), offers=(offer,)),
            lost(203, Outcome.VOICEMAIL, from_number=None, from_raw="anonymous"),
            talked(204, did=BAKU_DID, queue="service", agent="leyla", legs=(agent_leg("leyla", NOW),)),
            talked(205, direction=Direction.INTERNAL, from_number="101", to="201", did=None, queue=None),
            call(206, state=CallState.WAITING, started_at=NOW, from_number="+74955550199", version=2),
            lost(207, Outcome.BLOCKED),
            replace(talked(208), merged_into=call_id(201)),
        )

    async with real_house(database, tmp_path, before) as made:
        yield made


async def read(house: RealHouse, path: str, who: str, status: int = 200, language: str = "en") -> str:
    """A page as *who* reads it."""
    headers = {
        "Authorization": f"Bearer {house.tokens[who]}",
        "Accept": "text/html",
        "Accept-Language": language,
    }
    async with (
        aiohttp.ClientSession() as session,
        session.get(house.url + path, headers=headers, allow_redirects=False) as answer,
    ):
        text = await answer.text()
        assert answer.status == status, text
        return text


def listed(text: str) -> list[int]:
    """The numbers of the calls in the list, in its order."""
    return [
        int(found, 16)
        for found in re.findall(r'class="row-link" href="/calls/[0-9a-f-]*-0*([0-9a-f]+)"', text)
    ]


def link(text: str, words: str) -> str | None:
    """Where the link with these words leads."""
    found = re.search(rf'<a class="btn" href="([^"]+)">(?:<svg.*?</svg>)?{words}</a>', text)
    return html.unescape(found[1]) if found else None


NARROWED = (
    ("", [206, 201, 203, 205, 207, 202]),
    ("?missed=1", [203, 202]),
    ("?result=voicemail", [203]),
    ("?result=blocked", [207]),
    ("?result=now", [206]),
    ("?agent=anna", [201, 205, 202]),
    ("?agent=anna&missed=1", [202]),
    ("?queue=service", []),
    ("?number=8+(495)+555-01-77", [202]),
    ("?number=55501", [206, 202]),
    ("?number=5501&missed=1", [202]),
    ("?number=101", [205]),
    ("?number=%2B74955550100", []),
    ("?since=2026-03-02", [206, 201, 203, 205, 207]),
    ("?until=2026-02-27", [202]),
    ("?since=2026-02-27&until=2026-02-27&number=&agent=&cursor=", [202]),
)


async def test_the_list_is_narrowed_by_what_the_address_says(house: RealHouse) -> None:
    for query, found in NARROWED:
        text = await read(house, f"/calls{query}", "oleg")
        assert listed(text) == found, query
        assert ("No such calls" in text) is (not found)


async def test_numbers_that_very_many_have_are_found_on_the_way_down(
    house: RealHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm_core.calls.lines.MANY", 0)
    assert listed(await read(house, "/calls?number=55501", "oleg")) == [206, 202]


async def test_pieces_follow_one_another_without_doubles_or_gaps(house: RealHouse) -> None:
    await house.store(*(talked(number) for number in range(1, MANY + 1)))
    seen: list[int] = []
    address: str | None = "/calls?agent=anna&result=answered"
    pieces = 0
    while address is not None:
        text = await read(house, address, "oleg")
        seen += listed(text)
        address = link(text, "Older")
        pieces += 1
        # Calls that come in meanwhile are above: they move nothing.
        await house.store(talked(1000 + pieces, started_at=NOW + timedelta(minutes=pieces)))
    assert pieces == 3
    assert sorted(seen) == sorted({*range(1, MANY + 1), 201, 205})
    newest = link(text, "To the newest")
    assert newest == "/calls?agent=anna&result=answered"
    assert listed(await read(house, newest, "oleg"))[:2] == [1003, 1002]


async def test_what_cannot_be_looked_for_is_said_beside_its_field(house: RealHouse) -> None:
    text = await read(house, "/calls?number=12&since=yesterday&agent=anna", "oleg", status=400)
    assert listed(text) == []
    assert text.count('aria-invalid="true"') == 2
    assert "Write three digits of the number or more." in text and "This is not a date." in text
    assert '<option value="anna" selected>' in text
    left = await read(house, "/calls?agent=who-left&result=answered", "oleg")
    assert '<option value="who-left" selected>' in left  # what the list is narrowed to is shown
    await read(house, "/calls?cursor=elsewhere", "oleg", status=400)
    await read(house, "/calls?sort=name", "oleg", status=400)


async def test_everybody_reads_their_own(house: RealHouse) -> None:
    assert listed(await read(house, "/calls", "anna")) == [201, 205, 202]
    text = await read(house, "/calls", "leyla")
    assert listed(text) == [204]
    assert 'value="anna"' not in text and 'value="sales"' not in text
    for who, seen in (("anna", 200), ("oleg", 200), ("leyla", 404)):
        await read(house, f"/calls/{call_id(201)}", who, status=seen)
    await read(house, "/calls/nothing", "oleg", status=404)
    assert HOSTILE in html.unescape(
        await read(house, f"/calls/{call_id(208)}", "oleg")
    )  # it became part of 201


async def test_what_callers_are_called_stays_text(house: RealHouse) -> None:
    for path in ("/calls", f"/calls/{call_id(201)}", "/calls?number=" + "%22%3E%3Cscript%3E"):
        text = await read(house, path, "oleg", status=400 if "script" in path else 200)
        assert "<script>alert" not in text and '"><script' not in text
    assert "&lt;script&gt;" in await read(house, "/calls", "oleg")


async def test_a_call_says_why_it_went_where_it_went_and_what_was_written(house: RealHouse) -> None:
    trace = (
        line(NOW, Code.CHOSEN_OWNER, agent="anna"),
        line(NOW + timedelta(seconds=4), Code.ANSWERED, agent="anna", seconds=4),
    )
    made = talked(300, trace=trace, customer_title="Maria")
    await house.store(made)
    anna = Reader(person="anna", role=Role.AGENT, office="moscow", team=None)
    notes = NoteService(house.database, house.clock)
    await notes.save_note(anna, made.id, "Wants <b>oak</b>.\nThursday.", 0)
    text = await read(house, f"/calls/{made.id}", "oleg")
    assert "Anna Pavlova was chosen as the card&#39;s owner." in text
    assert "Anna Pavlova and the caller talk, after 4 s." in text
    assert "Wants &lt;b&gt;oak&lt;/b&gt;.\nThursday." in text
    assert "This call was not recorded." in text
    assert "Выбор: Anna Pavlova" in await read(house, f"/calls/{made.id}", "oleg", language="ru")
    text = await read(house, f"/calls/{call_id(202)}", "oleg")
    assert "did not answer" in text and "This call was not recorded." not in text


async def test_a_recording_is_there_to_be_played_or_says_why_not(house: RealHouse) -> None:
    made = talked(300)
    await house.store(made)
    expected = await house.recordings.expect(made)
    assert expected is not None
    path = f"/calls/{made.id}"
    assert "Being recorded: it can be heard after the call." in await read(house, path, "anna")
    missing = replace(expected, state=RecordingState.MISSING, reason=RecordingReason.DISK_FULL)
    await house.recordings.settle(missing, made)
    assert "No recording: the disk was full." in await read(house, path, "anna")
    assert 'class="tone-danger lost-mark"' in await read(house, "/calls", "anna")
    kept = replace(expected, state=RecordingState.OK, path=f"kept/2026-03/{made.id}.wav", duration_s=60.0)
    await house.recordings.settle(kept, made)
    assert f'data-recording="/api/v1/recordings/{expected.id}/audio"' in await read(house, path, "anna")


async def test_beside_the_list_a_call_is_a_piece_of_the_page(house: RealHouse) -> None:
    headers = {"Authorization": f"Bearer {house.tokens['oleg']}", "HX-Request": "true"}
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{house.url}/calls/{call_id(201)}", headers=headers) as answer:
            text = await answer.text()
        assert "<html" not in text and 'id="call-title"' in text and "data-close" in text
        async with session.get(f"{house.url}/calls/{call_id(299)}", headers=headers) as answer:
            assert (answer.status, answer.headers["HX-Retarget"]) == (404, "#toasts")


async def test_an_empty_journal_says_what_will_be_there(database: Database, tmp_path: Path) -> None:
    async def nothing(_house: RealHouse) -> None:
        """No call yet."""

    async with real_house(database, tmp_path, nothing) as made:
        text = await read(made, "/calls", "oleg", language="az")
        assert "Hələ zəng yoxdur" in text
