"""`GET /`: where somebody's work is."""

from __future__ import annotations

from aiohttp import hdrs, web

from agent_ui.services import READER
from crm_core.people.model import Role


async def home(request: web.Request) -> web.StreamResponse:
    """The desk for agents, the board for those who answer for them."""
    path = "/desk" if request[READER].role is Role.AGENT else "/board"
    return web.Response(status=303, headers={hdrs.LOCATION: path})


def add_home(app: web.Application) -> None:
    """Mount the way in."""
    app.router.add_get("/", home)
