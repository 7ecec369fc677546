"""`/healthz` and `/metrics`: public, and without a word about people or calls."""

from __future__ import annotations

from datetime import datetime

import msgspec
from aiohttp import web
from msgspec import Struct
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from agent_ui.services import SERVICES
from crm_core.health import HealthState


class PartStatus(Struct, frozen=True, kw_only=True):
    """One dependency: its state and since when."""

    name: str
    state: HealthState
    detail: str
    since: datetime


class Status(Struct, frozen=True, kw_only=True):
    """The worst state of any part, and all parts."""

    state: HealthState
    parts: tuple[PartStatus, ...]


async def healthz(request: web.Request) -> web.Response:
    """200 while everything works, degraded or not; 503 when a part is down."""
    health = request.app[SERVICES].health
    status = Status(
        state=health.state,
        parts=tuple(
            PartStatus(name=part.name, state=part.state, detail=part.detail, since=part.since)
            for part in health.snapshot()
        ),
    )
    return web.Response(
        status=503 if status.state is HealthState.DOWN else 200,
        body=msgspec.json.encode(status),
        content_type="application/json",
    )


async def metrics(request: web.Request) -> web.Response:
    """Prometheus text format."""
    text = generate_latest(request.app[SERVICES].metrics)
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})


def add_status(app: web.Application) -> None:
    """Mount both."""
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/metrics", metrics)
