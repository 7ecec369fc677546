"""`callcard watch`: calls, agents and queues live in the terminal, through the public live feed.

Connects as any program would (bearer token, `?since=`), and comes back by itself: at once, then with
growing pauses of at most 5 s, getting what it missed or a fresh snapshot.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol, TextIO
from urllib.parse import quote, urlsplit, urlunsplit

from rich.console import Console
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, InvalidURI, WebSocketException

from callcard.watch_lines import Lines
from callcard.watch_screen import Screen
from callcard.watch_words import Words
from crm_core.errors import BadInput
from crm_core.i18n import N_
from crm_core.live.view import LiveView

LONGEST_PAUSE_S = 5.0
SILENCE_S = 30.0  # the feed ticks every 10 s: longer silence is a dead link
FRAME_LIMIT = 16 << 20  # bytes
REFRESH_S = 0.5
REFUSED = N_("The token was refused.")


class Show(Protocol):
    """What is done with the feed: a screen or lines."""

    def connected(self) -> None: ...
    def lost(self, why: str) -> None: ...
    def told(self, event: str, item: object) -> None: ...


async def watch(url: str, token: str, *, language: str, plain: bool, out: TextIO, note: str = "") -> int:
    """Show the feed of *url* (`http://host:port` or the `ws…/live` itself) on *out* until cancelled.

    *plain*: one line an event; else *note* stays at the foot of the screen. Returns 2 when the token is
    refused; other failures are retried.
    """
    view, words = LiveView(), Words(language)
    if plain:
        return await _follow(url, token, view, Lines(view, words, out), words, out)
    console = Console(file=out, highlight=False)
    screen = Screen(view, words, place=urlsplit(url).netloc, note=note)
    with screen.on(console):
        painting = asyncio.create_task(_paint(screen), name="watch-paint")
        try:
            refused = await _follow(url, token, view, screen, words, None)
        finally:
            painting.cancel()
            await asyncio.wait({painting})
    print(words(REFUSED), file=out)
    return refused


async def _paint(screen: Screen) -> None:
    """Timers tick between events; many events make one picture."""
    while True:
        screen.paint(datetime.now(UTC))
        await screen.changed(REFRESH_S)


async def _follow(url: str, token: str, view: LiveView, show: Show, words: Words, out: TextIO | None) -> int:
    pause = 0.0
    while True:
        began = view.last_id
        try:
            async with connect(
                feed_url(url, view.last_id),
                additional_headers={"Authorization": f"Bearer {token}"},
                max_size=FRAME_LIMIT,
                open_timeout=5,
                close_timeout=1,
                proxy=None,
            ) as socket:
                show.connected()
                await _read(socket, view, show.told)
        except InvalidStatus as error:
            if error.response.status_code in (401, 403):
                if out is not None:
                    print(words(REFUSED), file=out)
                return 2
            show.lost(f"HTTP {error.response.status_code}")
        except InvalidURI as error:
            raise BadInput(N_("This is not the address of a live feed."), field="url") from error
        except (OSError, TimeoutError, WebSocketException, BadInput) as error:
            show.lost(type(error).__name__)
        # A feed that told something was well: start over with short pauses.
        pause = 0.2 if view.last_id != began else min(max(0.2, pause * 2), LONGEST_PAUSE_S)
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - so that not all come at once


async def _read(socket: ClientConnection, view: LiveView, told: Callable[[str, object], None]) -> None:
    while True:
        async with asyncio.timeout(SILENCE_S):
            frame = await socket.recv()
        told(*view.apply(frame))


def feed_url(url: str, since: str | None) -> str:
    """The WebSocket's address: `http://host` → `ws://host/live?since=…`."""
    parts = urlsplit(url)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    path = parts.path if parts.path.endswith("/live") else parts.path.rstrip("/") + "/live"
    query = f"since={quote(since, safe='')}" if since is not None else ""
    return urlunsplit((scheme, parts.netloc, path, query, ""))
