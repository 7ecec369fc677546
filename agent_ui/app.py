"""The web application: one table of routes behind one door, and the server that carries it."""

from __future__ import annotations

import asyncio

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from agent_ui.api.problems import problems
from agent_ui.api.routes import add_api
from agent_ui.assets import add_assets, load_assets
from agent_ui.auth import signed_in
from agent_ui.auth.login import add_login
from agent_ui.auth.settings import add_settings
from agent_ui.board.regions import BOARD
from agent_ui.board.routes import add_board
from agent_ui.calls.routes import add_calls
from agent_ui.customers.routes import add_customers
from agent_ui.demo.routes import add_demo
from agent_ui.desk.regions import DESK
from agent_ui.desk.routes import add_desk
from agent_ui.gallery.routes import add_gallery
from agent_ui.home import add_home
from agent_ui.live.routes import LIVE, add_live
from agent_ui.live.screens import LISTS
from agent_ui.pages import add_templates
from agent_ui.phone.routes import WS, add_phone
from agent_ui.rows_behind import rows_behind
from agent_ui.services import SERVICES, WebServices
from agent_ui.status import add_status
from crm_core.errors import StartRefused

log = structlog.get_logger(__name__)

BODY_LIMIT = 64 * 1024  # bytes
REQUEST_TIMEOUT_S = 10.0
# These end when their client does, or bound each of their own waits.
UNTIMED = frozenset({LIVE, WS, "/api/v1/recordings/{id}/audio"})

SECURITY_HEADERS = {
    "Server": "callcard",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def build_app(services: WebServices) -> web.Application:
    """The application over *services*. Without a token only what `auth.PUBLIC` names.

    Raises StartRefused when the pages' assets were not built.
    """
    app = web.Application(middlewares=[problems, _timed, signed_in, rows_behind], client_max_size=BODY_LIMIT)
    app[SERVICES] = services
    app.on_response_prepare.append(_secure)
    app.on_shutdown.append(_close_sockets)
    add_assets(app, load_assets())
    add_templates(app)
    add_login(app)
    add_settings(app)
    add_status(app)
    add_api(app)
    add_live(app, (DESK, BOARD, LISTS))
    add_home(app)
    add_desk(app)
    add_board(app)
    add_calls(app)
    add_phone(app)
    add_customers(app)
    add_gallery(app)
    add_demo(app)
    return app


class WebServer:
    """An application on an address. `await start()`, later `await stop()`."""

    def __init__(self, app: web.Application, host: str, port: int) -> None:
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=3.0, handle_signals=False)
        self._host = host
        self._port = port

    async def start(self) -> int:
        """Listen; the port (chosen by the system when 0 was asked). Raises StartRefused."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise StartRefused(
                f"CALLCARD_HTTP: cannot listen on {self._host}:{self._port}: {error.strerror}"
            ) from error
        port = int(self._runner.addresses[0][1])
        log.info("web.listening", host=self._host, port=port)
        return port

    async def stop(self) -> None:
        """Close the live sockets, let requests under way end (3 s), stop listening."""
        await self._runner.cleanup()


@web.middleware
async def _timed(request: web.Request, handler: Handler) -> web.StreamResponse:
    resource = request.match_info.route.resource
    if resource is not None and resource.canonical in UNTIMED:
        return await handler(request)
    async with asyncio.timeout(REQUEST_TIMEOUT_S):
        return await handler(request)


async def _secure(_request: web.Request, response: web.StreamResponse) -> None:
    for name, value in SECURITY_HEADERS.items():
        if name == "Server":
            response.headers[name] = value
        else:
            response.headers.setdefault(name, value)


async def _close_sockets(app: web.Application) -> None:
    app[SERVICES].hub.close()
    if (phones := app[SERVICES].phones) is not None:
        phones.close()
