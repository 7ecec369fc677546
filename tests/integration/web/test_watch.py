"""`callcard watch` against a real server: follows, comes back, and is refused without a token."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from agent_ui.app import WebServer, build_app
from callcard import watch as watch_module
from callcard.watch import feed_url, watch
from crm_core.calls.events import CallAnswered, CallWaiting
from crm_core.calls.model import CallState
from crm_core.errors import BadInput
from tests.fakes.house import NOW, call
from tests.fakes.web import House

pytestmark = pytest.mark.integration


async def until(out: io.StringIO, found: Callable[[str], object]) -> None:
    async with asyncio.timeout(20):
        while not found(out.getvalue()):
            await asyncio.sleep(0.01)


def start(url: str, out: io.StringIO) -> asyncio.Task[int]:
    return asyncio.create_task(watch(url, "token-anna", language="en", plain=True, out=out), name="watch")


async def stop(task: asyncio.Task[int]) -> None:
    task.cancel()
    await asyncio.wait({task})


async def test_lines_of_a_call(house: House) -> None:
    out = io.StringIO()
    watching = start(house.url, out)
    await until(out, lambda text: "snapshot" in text)
    house.hub.hand_over(CallWaiting(at=NOW, call=call(9, state=CallState.WAITING, version=1)))
    talking = call(9, state=CallState.TALKING, agent="anna", version=2)
    house.hub.hand_over(CallAnswered(at=NOW, call=talking, agent="anna"))
    await until(out, lambda text: "call.answered" in text)
    await stop(watching)
    events = re.findall(r"^\d\d:\d\d:\d\d (\S+)", out.getvalue(), re.MULTILINE)
    assert events[:5] == ["connected", "snapshot", "call.waiting", "queue.changed", "call.answered"]


async def test_a_restarted_server_is_found_again_and_nothing_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.StringIO()
    async with House(tmp_path) as house:
        watching = start(house.url, out)
        await until(out, lambda text: "snapshot" in text)
        await house._server.stop()
        await until(out, lambda text: "disconnected" in text)
        house.hub.hand_over(CallWaiting(at=NOW, call=call(9, state=CallState.WAITING, version=1)))
        house._server = WebServer(build_app(house.services), "127.0.0.1", house.port)
        await house._server.start()
        await until(out, lambda text: "call.waiting" in text)
        await stop(watching)
    assert out.getvalue().count(" snapshot ") == 1, "what was missed came, not a snapshot"


async def test_a_refused_token_ends_it(house: House) -> None:
    out = io.StringIO()
    async with asyncio.timeout(20):
        assert await watch(house.url, "wrong", language="en", plain=True, out=out) == 2
        assert out.getvalue() == "The token was refused.\n"
        assert await watch(house.url, "wrong", language="en", plain=False, out=out) == 2


async def test_pauses_grow_to_five_seconds_and_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def note(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 12:
            raise asyncio.CancelledError

    monkeypatch.setattr(watch_module.random, "uniform", lambda _low, high: high)
    monkeypatch.setattr(watch_module.asyncio, "sleep", note)
    out = io.StringIO()
    with pytest.raises(asyncio.CancelledError):
        await watch("http://127.0.0.1:1", "token", language="en", plain=True, out=out)
    assert pauses[:6] == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0]
    assert max(pauses) == 5.0
    assert out.getvalue().count("disconnected") == 12


def printed(terminal: int) -> bytes:
    """All that waits to be read."""
    text = b""
    with contextlib.suppress(BlockingIOError):
        while piece := os.read(terminal, 1 << 16):
            text += piece
    return text


async def test_the_screen_shows_the_feed_and_gives_the_terminal_back(house: House) -> None:
    ours, theirs = os.openpty()
    os.set_blocking(ours, False)
    shown = b""
    event = CallWaiting(at=NOW, call=call(9, customer_title="Maria", state=CallState.WAITING, version=1))
    house.hub.hand_over(event)
    with os.fdopen(theirs, "w") as terminal:
        watching = asyncio.create_task(
            watch(house.url, "token-root", language="en", plain=False, out=terminal), name="watch"
        )
        async with asyncio.timeout(20):
            while not (b"Maria" in shown and b"Sales" in shown):
                await asyncio.sleep(0.02)
                shown += printed(ours)
        await stop(watching)
        shown += printed(ours)
    os.close(ours)
    assert shown.startswith(b"\x1b[?1049h") and b"\x1b[?1049l" in shown, "the second page, and back"
    assert shown.rfind(b"\x1b[?25h") > shown.rfind(b"\x1b[?25l"), "the cursor is shown again"


@pytest.mark.parametrize(
    ("given", "since", "wanted"),
    [
        ("http://127.0.0.1:8080", None, "ws://127.0.0.1:8080/live"),
        ("http://127.0.0.1:8080/", "b-7", "ws://127.0.0.1:8080/live?since=b-7"),
        ("https://crm.example/callcard", None, "wss://crm.example/callcard/live"),
        ("ws://127.0.0.1:8080/live", "a b", "ws://127.0.0.1:8080/live?since=a%20b"),
    ],
)
def test_addresses(given: str, since: str | None, wanted: str) -> None:
    assert feed_url(given, since) == wanted


async def test_an_address_that_is_none_is_named() -> None:
    with pytest.raises(BadInput) as bad:
        await watch("127.0.0.1:8080", "token", language="en", plain=True, out=io.StringIO())
    assert bad.value.field == "url"
