"""All addresses of the web, for tests that ask every one of them."""

from __future__ import annotations

from aiohttp import web

SENTINEL = "00000000-0000-4000-8000-000000000000"  # the id of nothing


def addresses(app: web.Application) -> list[tuple[str, str]]:
    """Method and pattern of every route, in the order they were mounted."""
    return [
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None
    ]


def filled(pattern: str, value: str = SENTINEL) -> str:
    """The address of *pattern* with *value* in each placeholder."""
    parts = pattern.split("/")
    return "/".join(value if part.startswith("{") else part for part in parts)
