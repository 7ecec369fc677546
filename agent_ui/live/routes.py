"""`GET /live`: a WebSocket that gets a snapshot, or what it missed, and then every event it may see."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Literal

from aiohttp import WSMsgType, hdrs, web
from msgspec import DecodeError, field, json

from agent_ui.api.route import read_query
from agent_ui.api.shapes import Question
from agent_ui.auth.bearer import LIVE_PROTOCOL, offered_protocols
from agent_ui.auth.same_origin import is_origin_of
from agent_ui.language import preferences
from agent_ui.live.faces import JSON, Face
from agent_ui.live.html import WORKSHOP, HtmlFace, Workshop
from agent_ui.live.hub import LiveHub
from agent_ui.live.screens import SCREENS, Screen
from agent_ui.live.socket import Close, LiveSocket
from agent_ui.pages import TEMPLATES
from agent_ui.services import READER, SERVICES
from crm_core.errors import BadInput, Forbidden, NotSignedIn
from crm_core.i18n import N_
from crm_core.live.model import Shown

HEARTBEAT_S = 20.0
CLOSE_TIMEOUT_S = 2.0
MESSAGE_LIMIT = 1024  # bytes; readers have next to nothing to say
LIVE = "/live"


class LiveQuestion(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """*since*: id of the last event the client has; *as* html: the regions of *screen*, else data.

    *office*: only what belongs there, for whoever sees all offices. *person*: whom the page was made for.
    """

    since: str | None = None
    form: Literal["json", "html"] = field(default="json", name="as")
    screen: str | None = None
    office: str | None = None
    person: str | None = None


async def live(request: web.Request) -> web.StreamResponse:
    """Serve one socket until either side ends it."""
    services = request.app[SERVICES]
    check_origin(request, services.origins)
    query = read_query(request, LiveQuestion)
    if query.person not in (None, request[READER].person):
        raise NotSignedIn  # somebody else is, in a browser where this page still stands open
    face = _face(request, query)
    ws = web.WebSocketResponse(
        heartbeat=HEARTBEAT_S,
        timeout=CLOSE_TIMEOUT_S,
        compress=False,  # frames are written as they are, and shared by all readers
        max_msg_size=MESSAGE_LIMIT,
        protocols=(LIVE_PROTOCOL,) if LIVE_PROTOCOL in offered_protocols(request) else (),
    )
    if not ws.can_prepare(request).ok:
        raise web.HTTPUpgradeRequired
    services.hub.admit(request[READER])
    try:
        await ws.prepare(request)
    except ConnectionError:
        return ws  # the page was left before it was answered
    transport = request.transport
    if transport is None:
        return ws
    socket = LiveSocket(transport, request[READER], face)
    services.hub.join(socket, query.since)
    listening = asyncio.create_task(
        _listen(ws, socket, services.hub), name=f"live-listen-{request[READER].person}"
    )
    try:
        ends: set[asyncio.Future[Any]] = {listening, socket.ended}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        await _say_goodbye(ws, socket)
    finally:
        services.hub.leave(socket)
        socket.abort()
        listening.cancel()
        await asyncio.wait({listening})
    return ws


def _face(request: web.Request, query: LiveQuestion) -> Face:
    """The form the client asked for. Raises BadInput for a screen that there is not."""
    if query.form == "json" and query.screen is None and query.office is None:
        return JSON
    screen = request.app[SCREENS].get(query.screen or "")
    if screen is None or query.form != "html":
        raise BadInput(N_("There is no such live screen."), field="screen")
    manner = preferences(request).manner
    return HtmlFace(request.app[WORKSHOP], screen, manner, office=query.office)


def check_origin(request: web.BaseRequest, allowed: frozenset[str]) -> None:
    """A page of another site may not open the feed. Raises Forbidden; no Origin means no browser."""
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is not None and origin not in allowed and not is_origin_of(origin, request.host):
        raise Forbidden(N_("A page of another site may not connect here."), field="Origin")


async def _listen(ws: web.WebSocketResponse, socket: LiveSocket, hub: LiveHub) -> None:
    """Notice the end, and that an offer is shown. Pings are answered by aiohttp; who says else is refused."""
    async for message in ws:
        if message.type is WSMsgType.TEXT and _is_word(message.data, socket, hub):
            continue
        if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
            socket.end(Close.POLICY)
            return


def _is_word(text: str, socket: LiveSocket, hub: LiveHub) -> bool:
    """Whether *text* says that the page shows an offer it was asked about."""
    try:
        word = json.decode(text, type=Shown)
    except DecodeError:
        return False
    return hub.shown(socket, word.shown)


async def _say_goodbye(ws: web.WebSocketResponse, socket: LiveSocket) -> None:
    """Close with the reason the house has; who does not answer in time is dropped by the caller."""
    if not socket.ended.done():
        return
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await ws.close(code=socket.ended.result(), message=socket.ended.result().name.lower().encode())
    except (TimeoutError, ConnectionError):
        pass  # a slow reader does not read the goodbye either


def add_live(app: web.Application, screens: Iterable[Screen]) -> None:
    """Mount the feed, and what its *screens* are made with; templates come first."""
    app[SCREENS] = {screen.name: screen for screen in screens}
    app[WORKSHOP] = Workshop(app[TEMPLATES])
    app.router.add_get(LIVE, live, allow_head=False)
