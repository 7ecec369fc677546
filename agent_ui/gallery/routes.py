"""`GET /gallery`."""

from __future__ import annotations

from aiohttp import web

from agent_ui.gallery.views import gallery_view
from agent_ui.pages import page
from agent_ui.services import READER, SERVICES
from crm_core.errors import NotFound
from crm_core.people.model import Role


async def gallery(request: web.Request) -> web.Response:
    """All components. Raises NotFound for everybody but admins."""
    if request[READER].role is not Role.ADMIN:
        raise NotFound
    return page(request, "gallery/gallery.html", gallery_view(request.app[SERVICES].clock.now()))


def add_gallery(app: web.Application) -> None:
    """Mount the page."""
    app.router.add_get("/gallery", gallery)
