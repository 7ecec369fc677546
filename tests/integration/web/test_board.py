"""The board on a real socket: who sees what of it, one office at a time, states chosen from a row."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest
from websockets.asyncio.client import connect

from crm_core.calls.events import CallAnswered, CallWaiting
from crm_core.calls.model import CallState
from crm_core.health import HealthState
from crm_core.people.model import Role
from crm_core.presence.events import AgentStateChanged
from crm_core.presence.model import AgentState, ChosenState
from tests.fakes.calls import agent_leg
from tests.fakes.house import BAKU_DID, NOW, call
from tests.fakes.web import House

pytestmark = pytest.mark.integration

HOSTILE = '<script>alert("1")</script>'


@pytest.fixture
def busy(house: House) -> House:
    """Anna talks, a caller waits in each office."""
    talk = call(
        11, state=CallState.TALKING, agent="anna", customer_title=HOSTILE, legs=(agent_leg("anna", NOW),)
    )
    house.hub.hand_over(CallAnswered(at=NOW, pbx="main", agent="anna", call=talk))
    state = AgentStateChanged(
        at=NOW, agent="anna", state=AgentState.TALKING, reason=None, since=NOW, call_id=talk.id
    )
    house.hub.hand_over(state)
    for number, did, queue in ((12, talk.did, "sales"), (13, BAKU_DID, "service")):
        waits = call(
            number,
            state=CallState.WAITING,
            did=did,
            queue=queue,
            from_number=f"+7495555{number}00",
            started_at=NOW - timedelta(seconds=number),
        )
        house.hub.hand_over(CallWaiting(at=NOW, pbx="main", call=waits))
    return house


async def read(house: House, who: str, query: str = "", status: int = 200) -> str:
    async with house.page("GET", f"/board{query}", who=who, headers={"Accept": "text/html"}) as answer:
        assert answer.status == status
        return await answer.text()


async def test_everybody_has_the_board_of_their_office(busy: House) -> None:
    supervisor, agent = await read(busy, "oleg"), await read(busy, "boris")
    for text in (supervisor, agent):
        assert 'id="queue-sales"' in text and 'id="agent-anna"' in text
        assert 'id="agent-leyla"' not in text and "+74955551300" not in text
        assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in supervisor and 'data-state-of="anna"' in supervisor
    # Agents see states and figures, not who talks with whom; and change nothing.
    assert "&lt;script&gt;" not in agent and "data-state-of" not in agent and "agent-state" not in agent
    assert f"/calls/{call(11).id}" in supervisor and f"/calls/{call(11).id}" not in agent


async def test_who_sees_all_offices_may_look_at_one(busy: House) -> None:
    everything = await read(busy, "root")
    assert 'id="agent-anna"' in everything and 'id="agent-leyla"' in everything
    assert 'href="/board?office=baku"' in everything
    baku = await read(busy, "root", "?office=baku")
    assert 'id="agent-leyla"' in baku and 'id="agent-anna"' not in baku and 'data-office="baku"' in baku
    await read(busy, "root", "?office=atlantis", status=404)
    await read(busy, "oleg", "?office=baku", status=404)
    assert "?office=" not in await read(busy, "oleg")


async def feed(house: House, who: str, query: str = "") -> dict[str, str]:
    """The regions that a new socket of the board gets."""
    url = f"ws://127.0.0.1:{house.port}/live?as=html&screen=board{query}"
    headers = {"Authorization": f"Bearer token-{who}"}
    async with connect(url, additional_headers=headers, proxy=None) as ws, asyncio.timeout(20):
        regions: dict[str, str] = json.loads(await ws.recv())["data"]["regions"]
        return regions


async def test_asking_for_an_office_shows_nobody_more(busy: House) -> None:
    assert "agent-anna" not in await feed(busy, "root", "&office=baku")
    for who in ("oleg", "boris"):
        shown = await feed(busy, who, "&office=baku")
        assert shown == await feed(busy, who)
        assert "agent-leyla" not in shown


async def test_an_agents_feed_never_names_whom_colleagues_talk_with(busy: House) -> None:
    said = "".join((await feed(busy, "boris")).values())
    assert "alert" not in said and str(call(11).id) not in said
    assert "alert" in (await feed(busy, "oleg"))["agent-anna"]


async def test_who_leads_no_longer_is_not_told_more(busy: House) -> None:
    url = f"ws://127.0.0.1:{busy.port}/live?as=html&screen=board"
    async with (
        connect(url, additional_headers={"Authorization": "Bearer token-oleg"}, proxy=None) as ws,
        asyncio.timeout(20),
    ):
        await ws.recv()
        busy.with_role("oleg", Role.AGENT)
        shown = json.loads(await ws.recv())["data"]["regions"]
        assert "alert" not in shown["agent-anna"] and "data-state-of" not in shown["agents"]


async def test_a_lost_link_is_told_to_every_tile_and_row(busy: House) -> None:
    url = f"ws://127.0.0.1:{busy.port}/live?as=html&screen=board"
    async with (
        connect(url, additional_headers={"Authorization": "Bearer token-oleg"}, proxy=None) as ws,
        asyncio.timeout(20),
    ):
        await ws.recv()
        busy.health.set("ami.listener", HealthState.DOWN)
        regions = json.loads(await ws.recv())["data"]["regions"]
    for name in ("queue-sales", "queue-service", "totals"):
        assert "no link to PBX “main”" in regions[name]
    assert 'class="tile pale"' in regions["queue-sales"] and "data-late" not in regions["queue-sales"]
    assert 'class="pale"' in regions["agents"]


async def choose(house: House, who: str, **form: str) -> int:
    async with house.page("POST", "/board/state", who=who, data=form) as answer:
        return answer.status


async def test_a_state_is_chosen_from_the_row_by_those_who_may(house: House) -> None:
    written = house.written
    assert await choose(house, "oleg", agent="anna", state="break:lunch") == 204
    assert await choose(house, "root", agent="leyla", state="available") == 204
    assert house.states.chosen == [
        ("anna", ChosenState.BREAK, "lunch", "oleg"),
        ("leyla", ChosenState.AVAILABLE, None, "root"),
    ]
    assert house.written == written + 2
    assert await choose(house, "boris", agent="anna", state="available") == 403
    for who, agent in (("rena", "anna"), ("oleg", "leyla"), ("oleg", "nobody"), ("oleg", "oleg")):
        assert await choose(house, who, agent=agent, state="available") == 404
    for state in ("talking", "break", "", "break:"):
        assert await choose(house, "oleg", agent="anna", state=state) == 400
    assert len(house.states.chosen) == 2


async def test_another_site_chooses_nothing(house: House) -> None:
    form = {"agent": "anna", "state": "available"}
    async with house.page("POST", "/board/state", who="oleg", site="cross-site", data=form) as answer:
        assert answer.status == 403
    assert house.states.chosen == []
