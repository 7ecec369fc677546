"""The live feed on real sockets: order, resumption, who is let in, and that nobody waits for anybody."""

from __future__ import annotations

import asyncio
import base64
import json
import os
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

from agent_ui.live import hub as hub_module
from agent_ui.live import readers as readers_module
from agent_ui.live import rounds as rounds_module
from agent_ui.live.socket import LIMIT, text_frame
from crm_core.bus.port import Lagged
from crm_core.calls.events import CallEnded, CallOffered, CallWaiting
from crm_core.calls.model import CallState, Offer, OfferState
from crm_core.health import HealthState
from crm_core.ids import new_id
from crm_core.live.projection import Seed
from crm_core.live.view import LiveView
from crm_core.people.model import Role
from tests.fakes.house import BAKU_DID, DIRECTORY, NOW, call, reader
from tests.fakes.web import House

pytestmark = pytest.mark.integration


@asynccontextmanager
async def live(house: House, who: str, query: str = "", **rest: Any) -> AsyncIterator[ClientConnection]:
    headers = {"Authorization": f"Bearer token-{who}"}
    url = f"ws://127.0.0.1:{house.port}/live{query}"
    async with connect(url, additional_headers=headers, proxy=None, **rest) as ws:
        yield ws


async def frame(ws: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(20):
        made: dict[str, Any] = json.loads(await ws.recv())
    return made


async def closed(ws: ClientConnection) -> int | None:
    """The close code, whatever was sent before it."""
    async with asyncio.timeout(20):
        while True:
            try:
                await ws.recv()
            except ConnectionClosed:
                return ws.close_code


def waiting(number: int, **changes: Any) -> CallWaiting:
    return CallWaiting(at=NOW, call=call(number, **({"state": CallState.WAITING, "version": 1} | changes)))


def offered(number: int, agent: str) -> CallOffered:
    offer = Offer(id=new_id(), agent=agent, attempt=1, state=OfferState.RESERVED, ring_s=20, reserved_at=NOW)
    subject = call(number, state=CallState.OFFERED, offers=(offer,), version=2)
    return CallOffered(at=NOW, call=subject, offer=offer)


async def test_a_snapshot_then_events_in_order(house: House) -> None:
    house.hub.hand_over(waiting(1))
    async with live(house, "anna") as ws:
        first = await frame(ws)
        assert first["event"] == "snapshot"
        assert [c["from"] for c in first["data"]["calls"]] == ["+74955550142"]
        assert [a["name"] for a in first["data"]["agents"]] == ["anna", "boris"]
        assert [h["name"] for h in first["data"]["health"]] == ["database"]
        house.hub.hand_over(offered(1, "anna"))
        house.hub.hand_over(CallEnded(at=NOW, call=call(1, agent="anna", state=CallState.ENDED, version=3)))
        told = [await frame(ws) for _ in range(3)]
    assert [t["event"] for t in told] == ["call.offered", "queue.changed", "call.ended"]
    assert told[0]["data"]["offer"]["agent"] == "anna"
    boot, _, number = first["id"].rpartition("-")
    assert [t["id"] for t in told] == [f"{boot}-{int(number) + n}" for n in (1, 2, 3)]


async def test_an_offer_is_in_the_agents_kernel_before_hand_over_returns(house: House) -> None:
    """Nothing is awaited between hand_over and the read: what is there was sent within the call."""
    raw = socket.create_connection(("127.0.0.1", house.port))
    try:
        key = base64.b64encode(os.urandom(16)).decode()
        raw.sendall(
            f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{house.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            f"Authorization: Bearer token-anna\r\n\r\n".encode()
        )
        raw.setblocking(False)
        loop, got = asyncio.get_running_loop(), b""
        while b'"snapshot"' not in got or not got.endswith(b"}}"):
            got += await asyncio.wait_for(loop.sock_recv(raw, 65536), 20)
        assert got.startswith(b"HTTP/1.1 101")
        house.hub.hand_over(offered(1, "anna"))
        sent = raw.recv(65536)
    finally:
        raw.close()
    assert b'"call.offered"' in sent and sent[0] == 0x81


async def test_an_offer_goes_first_to_its_agent_and_keeps_everybodys_order(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds_module, "LONGEST_S", 0.0)  # one reader a turn
    async with live(house, "root") as admin, live(house, "anna") as anna, live(house, "oleg") as other:
        for ws in (admin, anna, other):
            await frame(ws)
        sockets = {s.reader.person: s for s in house.hub._sockets}
        house.hub.hand_over(waiting(1))
        house.hub.hand_over(offered(2, "anna"))
        assert sockets["anna"].told == house.hub._stream.last
        assert sockets["root"].told < house.hub._stream.last
        await asyncio.sleep(0)
        house.hub.hand_over(waiting(3))
        told = {ws: [await frame(ws) for _ in range(6)] for ws in (admin, anna, other)}
    for frames in told.values():
        assert [f["event"] for f in frames if f["event"].startswith("call.")] == [
            "call.waiting",
            "call.offered",
            "call.waiting",
        ]
        numbers = [int(f["id"].rpartition("-")[2]) for f in frames]
        assert numbers == sorted(set(numbers))
    assert house.hub._fresh == [], "shared bytes are let go when all have them"


async def test_an_event_that_cannot_be_shown_costs_nobody_anything(house: House) -> None:
    async with live(house, "anna") as ws:
        await frame(ws)
        house.hub.hand_over(CallWaiting(at=NOW, call=object()))  # type: ignore[arg-type]
        house.hub.hand_over(waiting(1))
        assert (await frame(ws))["event"] == "call.waiting"


async def test_what_was_handed_over_is_not_told_again_by_the_bus(house: House) -> None:
    event = offered(1, "anna")
    async with live(house, "anna") as ws:
        await frame(ws)
        house.hub.hand_over(event)
        await house.bus.publish(event, waiting(2))
        assert [(await frame(ws))["event"] for _ in range(3)] == [
            "call.offered",
            "queue.changed",
            "call.waiting",
        ]


async def test_who_comes_back_gets_what_was_missed(house: House) -> None:
    view = LiveView()
    async with live(house, "anna") as ws:
        view.apply(await ws.recv())
    house.hub.hand_over(waiting(1))
    house.hub.hand_over(waiting(2, did=BAKU_DID, queue="service"))  # not for anna
    house.hub.hand_over(waiting(3))
    async with live(house, "anna", f"?since={view.last_id}") as ws:
        names = []
        for _ in range(5):
            name, _item = view.apply(await ws.recv())
            names.append(name)
    assert names == ["call.waiting", "queue.changed", "queue.changed", "call.waiting", "queue.changed"]
    now = house.hub.snapshot(reader("anna"))
    assert view.calls == {c.id: c for c in now.calls}
    assert view.queues == {q.name: q for q in now.queues}


@pytest.mark.parametrize("since", ["", "nonsense", "00000000-1", "%00", "-1"])
async def test_an_unknown_id_gets_a_snapshot(house: House, since: str) -> None:
    async with live(house, "anna", f"?since={since}") as ws:
        assert (await frame(ws))["event"] == "snapshot"


async def test_an_id_too_old_gets_a_snapshot(tmp_path: Path) -> None:
    async with House(tmp_path, kept=3) as house:
        async with live(house, "anna") as ws:
            old = (await frame(ws))["id"]
        for number in range(4):
            house.hub.hand_over(waiting(number))
        async with live(house, "anna", f"?since={old}") as ws:
            assert (await frame(ws))["event"] == "snapshot"


async def test_a_browser_sends_its_token_as_a_protocol_that_is_not_echoed(house: House) -> None:
    url = f"ws://127.0.0.1:{house.port}/live"
    own = f"http://127.0.0.1:{house.port}"
    protocols = ["callcard.live", "callcard.token.token-anna"]
    async with connect(url, subprotocols=protocols, origin=own, proxy=None) as ws:  # type: ignore[arg-type]
        assert ws.subprotocol == "callcard.live"
        assert (await frame(ws))["event"] == "snapshot"


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ({}, "", 401),
        ({}, "?token=token-anna", 401),
        ({"Authorization": "Bearer wrong"}, "", 401),
        ({"Authorization": "Bearer token-anna", "Origin": "https://evil.example"}, "", 403),
        ({"Authorization": "Bearer token-anna", "Origin": "null"}, "", 403),
        ({"Authorization": "Bearer token-anna", "Origin": "http://127.0.0.1:1"}, "", 403),
        ({"Authorization": "Bearer token-anna"}, "?topic=baku", 400),
        ({"Authorization": "Bearer token-anna"}, "?person=rashid", 401),  # of a page of his
    ],
)
async def test_who_is_not_let_in(house: House, headers: dict[str, str], query: str, status: int) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(
            f"ws://127.0.0.1:{house.port}/live{query}", additional_headers=headers, proxy=None
        ):
            pass
    assert refused.value.response.status_code == status
    assert house.hub.sockets == 0


async def test_plain_http_is_told_to_upgrade(house: House) -> None:
    async with house.ask("GET", "/live", who="anna") as answer:
        assert answer.status == 426
        assert (await answer.json(content_type=None))["code"] == "not_websocket"


async def test_a_slow_reader_is_cut_and_nobody_waits_for_it(house: House) -> None:
    big = "x" * 60_000
    raw = socket.create_connection(("127.0.0.1", house.port))
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    key = base64.b64encode(os.urandom(16)).decode()
    raw.sendall(
        f"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
        f"Authorization: Bearer token-oleg\r\n\r\n".encode()
    )
    try:
        async with live(house, "root", max_queue=None, max_size=None) as ws:
            await frame(ws)
            async with asyncio.timeout(20):
                while house.hub.sockets < 2:
                    await asyncio.sleep(0.01)
            slowest, sent = 0.0, 0
            while house.hub.sockets == 2:
                sent += 1
                event = waiting(1, version=sent, from_name=big)
                started = time.perf_counter()
                house.hub.hand_over(event)
                slowest = max(slowest, time.perf_counter() - started)
                await asyncio.sleep(0)
                assert sent * len(big) < 20 * LIMIT, "never cut"
            told = 0
            while told < sent:
                told += (await frame(ws))["event"] == "call.waiting"
        assert told == sent, "the fast reader got everything"
        assert slowest < 3
    finally:
        raw.close()


async def test_a_revoked_token_ends_its_socket_within_two_seconds(house: House) -> None:
    async with live(house, "anna") as ws, live(house, "root") as other:
        await frame(ws)
        await frame(other)
        del house.tokens.readers["token-anna"]
        started = time.monotonic()
        assert await closed(ws) == 4401
        assert time.monotonic() - started < 5
        house.hub.hand_over(waiting(1))
        assert (await frame(other))["event"] == "call.waiting"


async def test_a_changed_role_gets_its_own_snapshot(house: House) -> None:
    house.hub.hand_over(waiting(1, did=BAKU_DID, queue="service"))
    async with live(house, "anna") as ws:
        assert (await frame(ws))["data"]["calls"] == []
        house.with_role("anna", Role.ADMIN)
        again = await frame(ws)
    assert again["event"] == "snapshot" and len(again["data"]["calls"]) == 1


async def test_sockets_outlast_the_database(house: House) -> None:
    async with live(house, "anna") as ws:
        await frame(ws)
        house.tokens.away = True
        await asyncio.sleep(readers_module.RECHECK_S + 0.2)
        house.hub.hand_over(waiting(1))
        assert (await frame(ws))["event"] == "call.waiting"


async def test_readers_have_nothing_to_say(house: House) -> None:
    async with live(house, "anna") as ws:
        await ws.send('{"subscribe": "calls.baku"}')
        assert await closed(ws) == 1008
    async with live(house, "anna") as ws:
        with pytest.raises(ConnectionClosed):
            await ws.send(b"x" * 10_000_000)
            await closed(ws)
        assert ws.close_code == 1009


async def test_one_person_has_so_many_sockets_and_no_more(house: House) -> None:
    sockets = [live(house, "anna") for _ in range(hub_module.SOCKETS_PER_PERSON)]
    for each in sockets:
        await frame(await each.__aenter__())
    with pytest.raises(InvalidStatus) as refused:
        async with live(house, "anna"):
            pass
    assert refused.value.response.status_code == 429
    async with live(house, "boris") as other:
        assert (await frame(other))["event"] == "snapshot"
    for each in sockets:
        await each.__aexit__(None, None, None)
    async with asyncio.timeout(20):
        while house.hub.sockets:
            await asyncio.sleep(0.01)


async def test_after_the_bus_dropped_events_everybody_gets_a_snapshot(house: House) -> None:
    async with live(house, "anna") as ws:
        first = await frame(ws)
        house.seed = Seed(directory=DIRECTORY, calls=(call(5, state=CallState.WAITING),))
        await house.bus.publish(Lagged(lost=7))
        again = await frame(ws)
    assert again["event"] == "snapshot" and again["id"] != first["id"]
    assert len(again["data"]["calls"]) == 1
    async with live(house, "anna", f"?since={first['id']}") as ws:
        assert (await frame(ws))["event"] == "snapshot"


async def test_what_happens_while_loading_is_not_lost(house: House) -> None:
    gate = asyncio.Event()
    load = house.hub._load

    async def slow_load() -> Seed:
        seed = await load()
        await gate.wait()
        return seed

    house.hub._load = slow_load
    async with live(house, "anna") as ws:
        await frame(ws)
        await house.bus.publish(Lagged(lost=1), waiting(1))
        assert [(await frame(ws))["event"] for _ in range(2)] == ["call.waiting", "queue.changed"]
        gate.set()
        again = await frame(ws)
    assert [c["state"] for c in again["data"]["calls"]] == ["waiting"]


async def test_a_reload_waits_for_the_database_and_the_feed_goes_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "RETRY_S", 0.01)
    house.database_away = True
    async with live(house, "anna") as ws:
        await frame(ws)
        await house.bus.publish(Lagged(lost=1), waiting(1))
        assert [(await frame(ws))["event"] for _ in range(2)] == ["call.waiting", "queue.changed"]
        house.database_away = False
        assert (await frame(ws))["event"] == "snapshot"


async def test_a_part_that_fails_is_told_and_time_goes_on(house: House) -> None:
    async with live(house, "anna") as ws:
        await frame(ws)
        house.health.set("database", HealthState.DOWN, "frozen")
        told = await frame(ws)
        assert told["event"] == "health.changed"
        assert told["data"] == {"name": "database", "state": "down", "since": "2026-03-02T09:00:00Z"}
        house.clock.advance(10)
        house.hub.tick()
        tick = await frame(ws)
        assert (tick["event"], tick["data"]) == ("tick", {"at": "2026-03-02T09:00:10Z"})
        assert tick["id"] == told["id"]


async def test_midnight_starts_the_figures_anew(house: House) -> None:
    house.hub.hand_over(waiting(1, answered_at=NOW))
    async with live(house, "anna") as ws:
        first = await frame(ws)
        assert first["data"]["queues"][0]["answered"] == 1
        house.clock.advance(timedelta(days=1).total_seconds())
        house.hub.tick()
        told = await frame(ws)
    assert told["event"] == "queue.changed" and told["data"]["answered"] == 0


async def test_the_end_of_the_server_says_so(tmp_path: Path) -> None:
    async with House(tmp_path) as house:
        ws = await connect(
            f"ws://127.0.0.1:{house.port}/live",
            additional_headers={"Authorization": "Bearer token-anna"},
            proxy=None,
        )
        await frame(ws)
    assert await closed(ws) == 1001


async def test_nobody_is_let_in_before_the_first_load(tmp_path: Path) -> None:
    async with House(tmp_path) as house:
        house.hub._state = None
        with pytest.raises(InvalidStatus) as refused:
            async with live(house, "anna"):
                pass
        assert refused.value.response.status_code == 503


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536, 300_000])
async def test_frames_of_every_length_are_read_by_a_client(house: House, size: int) -> None:
    async with live(house, "root", max_size=None) as ws:
        await frame(ws)
        [sending] = house.hub._sockets
        sending.send(b"x" * size)
        assert await asyncio.wait_for(ws.recv(), 20) == "x" * size
    assert text_frame(b"") == b"\x81\x00"
