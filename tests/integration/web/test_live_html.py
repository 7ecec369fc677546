"""Screens over real sockets: an offer is there at once, kills lose nothing, a slow screen is healed."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import random
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from agent_ui.desk.regions import DESK
from agent_ui.language import Manner
from agent_ui.live import rounds as rounds_module
from agent_ui.live.html import WORKSHOP, HtmlFace
from agent_ui.live.socket import LIMIT
from crm_core.bus.event import Event
from crm_core.bus.port import Lagged
from crm_core.calls.events import CallEnded, CallOffered, CallWaiting
from crm_core.calls.model import CallState, Offer, OfferState
from crm_core.ids import new_id
from crm_core.people.model import Role
from crm_core.presence.events import AgentStateChanged
from crm_core.presence.model import AgentState
from tests.fakes.house import NOW, OFFICES, call, reader
from tests.fakes.web import House
from tests.unit.agent_ui.live.screen_page import ScreenPage

pytestmark = pytest.mark.integration

DESK_FEED = "/live?as=html&screen=desk"
MOSCOW = Manner(language="en", timezone=OFFICES[0].timezone, country=OFFICES[0].country)


@asynccontextmanager
async def screen(
    house: House, who: str, query: str = "", name: str = "desk", **rest: Any
) -> AsyncIterator[ClientConnection]:
    url = f"ws://127.0.0.1:{house.port}/live?as=html&screen={name}{query}"
    headers = {"Authorization": f"Bearer token-{who}"}
    async with connect(url, additional_headers=headers, proxy=None, **rest) as ws:
        yield ws


async def recv(ws: ClientConnection) -> str:
    async with asyncio.timeout(20):
        return str(await ws.recv())


def offered(number: int, agent: str, **changes: Any) -> CallOffered:
    offer = Offer(id=new_id(), agent=agent, attempt=1, state=OfferState.RESERVED, ring_s=20, reserved_at=NOW)
    subject = call(number, **{"state": CallState.OFFERED, "offers": (offer,), "version": 2} | changes)
    return CallOffered(at=NOW, call=subject, offer=offer)


def drawn(house: House, who: str) -> str:
    """The desk as it would be drawn now."""
    page = ScreenPage()
    face = HtmlFace(house.app[WORKSHOP], DESK, MOSCOW)
    page.draw(face.regions(house.hub.state, reader(who)))
    return page.text


def raw_screen(house: House, who: str) -> socket.socket:
    """A socket whose bytes nobody reads but the test."""
    raw = socket.create_connection(("127.0.0.1", house.port))
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    key = base64.b64encode(os.urandom(16)).decode()
    raw.sendall(
        f"GET {DESK_FEED} HTTP/1.1\r\nHost: 127.0.0.1:{house.port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
        f"Authorization: Bearer token-{who}\r\n\r\n".encode()
    )
    return raw


async def test_an_offer_is_in_the_desks_kernel_before_hand_over_returns(house: House) -> None:
    """Nothing is awaited between hand_over and the read: what is there was sent within the call."""
    raw = raw_screen(house, "anna")
    raw.setblocking(False)
    try:
        loop, got = asyncio.get_running_loop(), b""
        while b'"snapshot"' not in got or not got.endswith(b"}}"):
            got += await asyncio.wait_for(loop.sock_recv(raw, 65536), 20)
        house.hub.hand_over(offered(1, "anna", customer_title="Maria"))
        sent = raw.recv(65536)
    finally:
        raw.close()
    assert b'"panel"' in sent and b"Maria" in sent and sent[0] == 0x81


async def test_a_desk_is_asked_to_say_that_an_offer_stands_there_and_the_phone_waits_for_it(
    house: House,
) -> None:
    showing = house.showing
    event = offered(1, "anna", customer_title="Maria")
    async with screen(house, "anna") as ws, screen(house, "anna", name="lists") as lists:
        page = ScreenPage()
        page.apply(await recv(ws))
        house.hub.hand_over(event)
        waiting = asyncio.create_task(showing.wait(event.offer.id, 20))
        page.apply(await recv(ws))
        assert "Maria" in page.text
        asked = json.loads(await recv(ws))
        assert (asked["event"], asked["data"]) == ("offered", {"offer": str(event.offer.id)})
        assert asked["id"] == page.last_id
        assert not waiting.done()
        await ws.send(json.dumps({"shown": str(event.offer.id)}))
        async with asyncio.timeout(20):
            assert await waiting
        house.hub.tick()
        told = [json.loads(await recv(lists))["event"] for _ in range(2)]
        assert "offered" not in told, "this page shows no offers"


@pytest.mark.parametrize(
    "word", ['{"shown": "%s", "more": 1}', '{"shown": 1}', '{"subscribe": "calls"}', "shown"]
)
async def test_a_desk_that_says_anything_else_is_refused(house: House, word: str) -> None:
    async with screen(house, "anna") as ws:
        await recv(ws)
        event = offered(1, "anna")
        house.hub.hand_over(event)
        await ws.send(word.replace("%s", str(event.offer.id)))
        with pytest.raises(ConnectionClosed):
            while True:
                await recv(ws)
        assert ws.close_code == 1008


async def test_nobody_speaks_for_another_agents_desk(house: House) -> None:
    event = offered(1, "anna")
    async with screen(house, "anna") as hers, screen(house, "boris") as other:
        await recv(hers)
        await recv(other)
        house.hub.hand_over(event)
        await other.send(json.dumps({"shown": str(event.offer.id)}))
        with pytest.raises(ConnectionClosed):
            while True:
                await recv(other)
        assert other.close_code == 1008
        assert not await house.showing.wait(event.offer.id, 0.01)


async def test_what_happens_in_a_moment_is_one_message(house: House) -> None:
    async with screen(house, "anna") as ws:
        page = ScreenPage()
        page.apply(await recv(ws))
        for number in range(1, 9):
            house.hub.hand_over(CallWaiting(at=NOW, call=call(number, state=CallState.WAITING, version=1)))
        page.apply(await recv(ws))
        assert page.last_id == house.hub.last_id
        assert page.text == drawn(house, "anna")


async def test_a_page_that_goes_on_hears_at_once_that_nothing_was_missed(house: House) -> None:
    async with screen(house, "anna") as ws:
        last = json.loads(await recv(ws))["id"]
    async with screen(house, "anna", f"&since={last}") as ws:
        told = json.loads(await recv(ws))
    assert (told["id"], told["event"]) == (last, "tick")


async def test_screens_and_programs_have_the_same_ids(house: House) -> None:
    headers = {"Authorization": "Bearer token-anna"}
    url = f"ws://127.0.0.1:{house.port}/live"
    async with screen(house, "anna") as desk, connect(url, additional_headers=headers, proxy=None) as feed:
        assert json.loads(await recv(desk))["id"] == json.loads(await recv(feed))["id"]
        house.hub.hand_over(offered(1, "anna"))
        told = [json.loads(await recv(feed))["id"] for _ in ("call.offered", "queue.changed")]
        assert json.loads(await recv(desk))["id"] == told[-1]


@pytest.mark.parametrize(
    "query",
    ["?as=html", "?as=html&screen=nothing", "?screen=desk", "?as=xml&screen=desk", "?as=json&screen=desk"],
)
async def test_a_screen_that_there_is_not_is_refused(house: House, query: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(
            f"ws://127.0.0.1:{house.port}/live{query}",
            additional_headers={"Authorization": "Bearer token-anna"},
            proxy=None,
        ):
            pass
    assert refused.value.response.status_code == 400
    assert house.hub.sockets == 0


def something(dice: random.Random, step: int) -> Event:
    """A busy house: calls come, are offered, end; people change their state."""
    number, agent = dice.randrange(1, 6), dice.choice(("anna", "boris", "leyla"))
    at = NOW + timedelta(seconds=step)
    match dice.randrange(4):
        case 0:
            return CallWaiting(at=at, call=call(number, state=CallState.WAITING, version=step))
        case 1:
            return offered(number, agent, version=step, customer_title=f"Title {step}")
        case 2:
            ended = call(number, state=CallState.ENDED, version=step, agent=agent)
            return CallEnded(at=at, call=ended)
        case _:
            state = dice.choice((AgentState.BREAK, AgentState.AVAILABLE))
            return AgentStateChanged(at=at, agent=agent, state=state, reason=None, since=at)


async def test_two_hundred_kills_lose_and_double_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each cut the screen goes on from the last id it has; at the end it is as drawn anew."""
    monkeypatch.setattr(house.hub._screens, "_pace_s", 0.001)
    dice, page, step, kills = random.Random(20), ScreenPage(), 0, 0
    query = ""
    while kills < 200:
        async with screen(house, "anna", query) as ws:
            for _ in range(dice.randrange(4)):
                step += 1
                house.hub.hand_over(something(dice, step))
                if dice.random() < 0.5:
                    await asyncio.sleep(0)
            for _ in range(dice.randrange(3)):
                try:
                    async with asyncio.timeout(0.01):
                        page.apply(str(await ws.recv()))
                except TimeoutError:
                    break
            ws.transport.abort()
        kills += 1
        query = f"&since={page.last_id}" if page.last_id else ""
    async with screen(house, "anna", query) as ws:
        house.hub.hand_over(offered(9, "anna"))
        while page.last_id != house.hub.last_id:
            page.apply(await recv(ws))
    assert page.text == drawn(house, "anna")


async def test_a_slow_screen_is_cut_and_healed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house.hub._screens, "_pace_s", 0.0)
    raw = raw_screen(house, "anna")
    try:
        async with screen(house, "boris", max_queue=None, max_size=None) as other:
            other_page = ScreenPage()
            other_page.apply(await recv(other))
            async with asyncio.timeout(20):
                while house.hub.sockets < 2:
                    await asyncio.sleep(0.01)
            big, step = "x" * 60_000, 0
            while house.hub.sockets == 2:
                step += 1
                started = time.perf_counter()
                house.hub.hand_over(offered(1, "anna", version=step, customer_title=f"{big}{step}"))
                assert time.perf_counter() - started < 3
                await asyncio.sleep(0)
                assert step * len(big) < 20 * LIMIT, "never cut"
            house.hub.hand_over(
                AgentStateChanged(at=NOW, agent="boris", state=AgentState.BREAK, reason="lunch", since=NOW)
            )
            while other_page.last_id != house.hub.last_id:
                other_page.apply(await recv(other))
    finally:
        raw.close()
    house.hub.hand_over(offered(1, "anna", version=step + 1, customer_title="Maria"))
    async with screen(house, "anna", max_size=None) as ws:
        page = ScreenPage()
        page.apply(await recv(ws))
        assert page.text == drawn(house, "anna") and "Maria" in page.text


async def test_a_changed_role_and_a_changed_office_draw_everything_anew(house: House) -> None:
    async with screen(house, "anna") as ws:
        first = json.loads(await recv(ws))
        assert "agent-leyla" not in first["data"]["regions"]
        house.with_role("anna", Role.ADMIN)
        again = json.loads(await recv(ws))
        assert again["event"] == "snapshot" and "agent-leyla" in again["data"]["regions"]
        await house.bus.publish(Lagged(lost=1))
        third = json.loads(await recv(ws))
        assert third["event"] == "snapshot" and third["id"] != again["id"]


async def test_a_screen_that_cannot_be_drawn_is_ended_and_nobody_else(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with screen(house, "anna") as ws, screen(house, "leyla") as other:
        await recv(ws)
        await recv(other)
        [broken] = [s for s in house.hub._sockets if s.reader.person == "anna"]

        def fail(*_: object) -> object:
            raise LookupError("no such icon")

        monkeypatch.setattr(broken.face, "changes", fail)
        house.hub.hand_over(
            AgentStateChanged(at=NOW, agent="leyla", state=AgentState.BREAK, reason="lunch", since=NOW)
        )
        assert "agent-leyla" in json.loads(await recv(other))["data"]["regions"]
        with pytest.raises(ConnectionClosed):
            await recv(ws)
        assert ws.close_code == 1011


async def test_rounds_keep_their_pace_and_reach_everybody(tmp_path: Path) -> None:
    async with House(tmp_path) as house, screen(house, "anna") as one, screen(house, "boris") as two:
        for ws in (one, two):
            await recv(ws)
        began = time.monotonic()
        for step in range(6):
            state = (AgentState.BREAK, AgentState.AVAILABLE)[step % 2]
            at = NOW + timedelta(seconds=step)
            house.hub.hand_over(AgentStateChanged(at=at, agent="anna", state=state, reason=None, since=at))
            await asyncio.sleep(rounds_module.PACE_S / 10)
        last, frames = house.hub.last_id, {one: 0, two: 0}
        for ws in (one, two):
            while True:
                frames[ws] += 1
                if json.loads(await recv(ws))["id"] == last:
                    break
        rounds = (time.monotonic() - began) / rounds_module.PACE_S
        assert all(count <= 2 + rounds for count in frames.values()), "a message for each event"


async def test_a_round_tells_everybody_the_same_and_lets_others_have_their_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds_module, "LONGEST_S", 0.0)  # one reader a turn
    async with House(tmp_path) as house, screen(house, "anna") as one, screen(house, "boris") as two:
        for ws in (one, two):
            await recv(ws)
        await asyncio.sleep(2 * rounds_module.PACE_S)

        def on_break(step: int) -> str:
            state = (AgentState.BREAK, AgentState.AVAILABLE)[step % 2]
            at = NOW + timedelta(seconds=step)
            house.hub.hand_over(AgentStateChanged(at=at, agent="anna", state=state, reason=None, since=at))
            return house.hub.last_id

        first = on_break(0)
        house.hub.tick()
        await asyncio.sleep(0)  # the round has begun: one of the two is told
        assert len({socket.told for socket in house.hub._sockets}) == 2
        last = on_break(1)
        for ws in (one, two):
            told = [json.loads(await recv(ws)) for _ in range(3)]
            assert [(frame["event"], frame["id"]) for frame in told] == [
                ("changed", first),
                ("tick", first),
                ("changed", last),
            ]
