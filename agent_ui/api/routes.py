"""All routes of the API in one table."""

from __future__ import annotations

import msgspec
from aiohttp import web

from agent_ui.api import agents, calls, customers, merging, queues, recordings
from agent_ui.api.openapi import document
from agent_ui.api.route import Route, endpoint

ROUTES: tuple[Route, ...] = (
    *calls.ROUTES,
    *customers.ROUTES,
    *merging.ROUTES,
    *agents.ROUTES,
    *queues.ROUTES,
    *recordings.ROUTES,
)
OPENAPI = "/api/v1/openapi.json"


def add_api(app: web.Application) -> None:
    """Mount the table and the document that describes it."""
    for route in ROUTES:
        handler = endpoint(route)
        app.router.add_route(route.method, route.path, handler)
        if route.respond is not None:
            app.router.add_route("HEAD", route.path, handler)
    described = msgspec.json.encode(document(ROUTES))

    async def openapi(_request: web.Request) -> web.Response:
        return web.Response(body=described, content_type="application/json")

    app.router.add_get(OPENAPI, openapi)
