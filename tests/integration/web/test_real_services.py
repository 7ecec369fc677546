"""The web over the real services of crm_core on a real PostgreSQL: what is stored is what is shown."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import aiohttp
import pytest
from websockets.asyncio.client import connect

from crm_core.calls.events import CallStarted
from crm_core.calls.model import CallState, Leg, LegRole, LegState, Outcome
from crm_core.db.engine import Database
from crm_core.presence.model import ChosenState
from crm_core.recordings.model import RecordingState
from tests.fakes.house import NOW, call
from tests.integration.web.real_house import OFFICE, RealHouse, real_house

pytestmark = pytest.mark.integration


async def before_now(house: RealHouse) -> None:
    """A call that was answered, one that waits, one nobody took; Anna is at lunch."""
    leg = Leg(
        channel="1.2",
        channel_name="PJSIP/agent-anna-desk-00000001",
        role=LegRole.AGENT,
        agent="anna",
        endpoint="agent-anna-desk",
        number="101",
        state=LegState.ENDED,
        started_at=NOW,
        answered_at=NOW,
    )
    ended = NOW + timedelta(seconds=30)
    answered = {"state": CallState.ENDED, "outcome": Outcome.ANSWERED, "answered_at": NOW, "ended_at": ended}
    await house.store(
        call(1, **answered, agent="anna", legs=(leg,), version=5),
        call(2, state=CallState.WAITING, version=2, started_at=NOW + timedelta(seconds=1)),
        call(3, state=CallState.ENDED, outcome=Outcome.ABANDONED, did="+994125550100", queue="service"),
    )
    await house.presence.choose("anna", ChosenState.BREAK, "lunch", by="anna")


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[RealHouse]:
    async with real_house(database, tmp_path, before_now) as house:
        yield house


async def test_lists_hold_what_the_reader_may_see(house: RealHouse) -> None:
    seen = {}
    for who in house.tokens:
        status, page = await house.ask("GET", "/api/v1/calls", who)
        assert status == 200
        seen[who] = sorted(c["id"][-1] for c in page["items"])
    assert seen == {"anna": ["1"], "leyla": [], "oleg": ["1", "2"]}
    status, page = await house.ask("GET", "/api/v1/customers?phone=84955550142", "anna")
    assert (status, [c["title"] for c in page["items"]]) == (200, ["Maria"])
    assert (await house.ask("GET", "/api/v1/calls?agent=anna", "oleg"))[1]["items"][0]["legs"][0][
        "agent"
    ] == "anna"


async def test_the_card_of_ones_call_is_seen_whatever_its_office(house: RealHouse) -> None:
    _, page = await house.ask("GET", "/api/v1/customers", "anna")
    card = page["items"][0]["id"]
    path = f"/api/v1/customers/{card}"
    assert (await house.ask("GET", path, "leyla"))[0] == 404
    await house.store(call(4, state=CallState.TALKING, agent="leyla", customer_id=UUID(card)))
    status, seen = await house.ask("GET", path, "leyla")
    assert (status, seen["title"]) == (200, "Maria")
    assert (await house.ask("GET", "/api/v1/customers", "leyla"))[1]["items"] == []


async def test_a_change_made_from_an_older_card_overwrites_nothing(house: RealHouse) -> None:
    _, page = await house.ask("GET", "/api/v1/customers", "anna")
    card = page["items"][0]
    path, phone = f"/api/v1/customers/{card['id']}", card["contact_points"][0]["value"]
    seen, newer = card["updated_at"], [phone, "+74955550149"]
    house.clock.advance(1)
    assert (await house.ask("PATCH", path, "anna", json={"phones": newer, "seen": seen}))[0] == 200
    status, problem = await house.ask("PATCH", path, "anna", json={"phones": [phone], "seen": seen})
    assert (status, problem["code"]) == (409, "card_changed")
    _, now = await house.ask("GET", path, "anna")
    assert sorted(point["value"] for point in now["contact_points"]) == sorted(newer)
    status, _ = await house.ask("PATCH", path, "anna", json={"phones": [phone], "seen": now["updated_at"]})
    assert status == 200


async def test_the_seed_is_the_databases_view_of_now(house: RealHouse) -> None:
    _, page = await house.ask("GET", "/api/v1/queues/sales", "oleg")
    assert (page["waiting"], page["offered"], page["answered"], page["service_level"]) == (1, 2, 1, 1.0)
    _, page = await house.ask("GET", "/api/v1/queues/service", "leyla")
    assert (page["offered"], page["abandoned"], page["service_level"]) == (1, 1, 0.0)
    _, agent = await house.ask("GET", "/api/v1/agents/anna", "oleg")
    assert (agent["state"], agent["reason"], agent["queues"]) == ("break", "lunch", ["sales"])


async def test_a_state_is_chosen_and_kept(house: RealHouse) -> None:
    status, chosen = await house.ask("PUT", "/api/v1/agents/anna/state", "anna", json={"state": "available"})
    assert (status, chosen["chosen"]) == (200, "available")
    assert (await house.presence.load_all())["anna"].chosen is ChosenState.AVAILABLE
    status, problem = await house.ask(
        "PUT", "/api/v1/agents/anna/state", "anna", json={"state": "break", "reason": "football"}
    )
    assert (status, problem["field"]) == (400, "reason")
    assert "lunch" in problem["hint"]
    assert (await house.ask("PUT", "/api/v1/agents/anna/state", "leyla", json={"state": "offline"}))[0] == 404


async def test_a_disposition_is_kept(house: RealHouse) -> None:
    path = f"/api/v1/calls/{call(1).id}"
    assert (await house.ask("PATCH", path, "anna", json={"disposition": "agreed"}))[0] == 200
    assert (await house.ask("GET", path, "oleg"))[1]["disposition"] == "agreed"
    assert (await house.ask("PATCH", path, "leyla", json={"disposition": "x"}))[0] == 404


async def test_a_call_on_the_screen_is_found_before_its_row_is_written(house: RealHouse) -> None:
    young = call(7, state=CallState.TALKING, agent="anna", started_at=house.clock.now())
    path = f"/api/v1/calls/{young.id}"
    assert (await house.ask("GET", path, "anna"))[0] == 404, "nobody knows of it"
    house.hub.hand_over(CallStarted(at=house.clock.now(), pbx=young.pbx, call=young))
    asking = asyncio.create_task(house.ask("PATCH", path, "anna", json={"disposition": "agreed"}), name="ask")
    assert (await house.ask("GET", path, "leyla"))[0] == 404, "not hers to wait for"
    await house.store(young)
    status, said = await asking
    assert (status, said["disposition"]) == (200, "agreed")


async def test_a_recording_is_heard_by_those_who_may_and_each_time_is_audited(house: RealHouse) -> None:
    subject = call(1, agent="anna", state=CallState.ENDED)
    expected = await house.recordings.expect(subject)
    assert expected is not None
    name = f"{subject.id}.wav"
    (house.root / name).write_bytes(b"RIFF" + bytes(96))
    settled = replace(expected, state=RecordingState.OK, path=name, format="wav", size_bytes=100)
    await house.recordings.settle(settled, subject)
    path = f"/api/v1/recordings/{expected.id}/audio"
    async with aiohttp.ClientSession() as session:
        for who, status in (("anna", 206), ("oleg", 206), ("leyla", 404)):
            headers = {"Authorization": f"Bearer {house.tokens[who]}", "Range": "bytes=0-3"}
            async with session.get(house.url + path, headers=headers) as answer:
                assert answer.status == status
                if status == 206:
                    assert await answer.read() == b"RIFF"
    async with house.database.hot(timeout_s=5) as connection:
        rows = await connection.fetch("SELECT actor FROM audit WHERE action = 'recording.played' ORDER BY id")
    assert [row["actor"] for row in rows] == ["anna", "oleg"]
    _, one = await house.ask("GET", f"/api/v1/calls/{call(1).id}", "anna")
    assert [r["audio"] for r in one["recordings"]] == [path]


async def test_a_token_revoked_in_the_database_ends_its_socket(house: RealHouse) -> None:
    headers = {"Authorization": f"Bearer {house.tokens['anna']}"}
    url = house.url.replace("http", "ws") + "/live"
    async with connect(url, additional_headers=headers, proxy=None) as ws:
        assert json.loads(await ws.recv())["event"] == "snapshot"
        [info] = await house.people.list_tokens("anna")
        await house.people.revoke_token(info.id, by="root")
        async with asyncio.timeout(20):
            await ws.wait_closed()
        assert ws.close_code == 4401
    assert (await house.ask("GET", "/api/v1/calls", "anna"))[0] == 401


@pytest.mark.parametrize("how", ["signed out", "password", "role", "gone", "time"])
async def test_what_ends_a_session_ends_its_pages_and_sockets(house: RealHouse, how: str) -> None:
    await house.people.add_user("anna", "correct horse", by="root")
    async with house.browser("anna", "correct horse") as page:
        async with page.get("/api/v1/agents/anna") as answer:
            assert answer.status == 200
        async with page.ws_connect("/live") as ws:
            assert (await ws.receive_json())["event"] == "snapshot"
            if how == "signed out":
                async with page.post("/logout", allow_redirects=False) as answer:
                    assert answer.status == 303
            elif how == "password":
                await house.people.add_user("anna", "battery staple", by="root")
            elif how == "role":
                await house.office.apply(
                    OFFICE.replace("Anna Pavlova,", "Anna Pavlova, role: supervisor,"), None, "root", None
                )
            elif how == "gone":
                line = next(line for line in OFFICE.splitlines() if line.startswith("  anna:"))
                gone = (
                    OFFICE.replace(line + "\n", "").replace("[anna]", "[leyla]").replace(", owner: anna", "")
                )
                await house.office.apply(gone, None, "root", None)
            else:
                house.clock.advance(13 * 3600)
            async with asyncio.timeout(20):
                while (message := await ws.receive()).type is aiohttp.WSMsgType.TEXT:
                    pass
            assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 4401)
        house.clock.advance(2)  # longer than a reader is remembered
        async with page.get("/settings", allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/login?next=%2Fsettings")


async def test_another_password_of_ones_own_ends_the_other_browsers(house: RealHouse) -> None:
    await house.people.add_user("anna", "correct horse", by="root")
    async with (
        house.browser("anna", "correct horse") as here,
        house.browser("anna", "correct horse") as there,
        there.ws_connect("/live") as ws,
    ):
        await ws.receive_json()
        form = {"old": "correct horse", "new": "battery staple", "again": "battery staple"}
        async with here.post("/settings/password", data=form) as answer:
            assert (answer.status, answer.url.query_string) == (200, "done=password")
        async with asyncio.timeout(20):
            while (message := await ws.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        assert message.data == 4401
        async with there.get("/api/v1/calls") as answer:
            assert answer.status == 401
        async with here.get("/api/v1/calls") as answer:
            assert answer.status == 200


async def test_preferences_are_kept(house: RealHouse) -> None:
    await house.people.add_user("anna", "correct horse", by="root")
    form = {"language": "az", "theme": "dark"}
    async with house.browser("anna", "correct horse") as page, page.post("/preferences", data=form) as answer:
        assert '<html lang="az" data-theme="dark">' in await answer.text()
    async with house.browser("anna", "correct horse") as page, page.get("/settings") as answer:
        assert '<html lang="az" data-theme="dark">' in await answer.text()
