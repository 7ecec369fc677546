"""`GET /demo/tile` and `POST /demo/ring`, mounted only in the demo, there only for its free seat."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from agent_ui.api.shapes import Question
from agent_ui.demo.bell import Bell, Patience, Ringing
from agent_ui.forms import read_form
from agent_ui.pages import fragment
from agent_ui.services import READER, SERVICES
from crm_core.errors import Conflict, NotFound
from crm_core.i18n import N_
from crm_core.presence.model import AgentState

RING, TILE = "/demo/ring", "/demo/tile"
UNREACHABLE = frozenset({AgentState.OFFLINE, AgentState.BREAK, AgentState.NOT_ANSWERING})
_PATIENCE = web.AppKey("demo_patience", Patience)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A button of the tile. *text* is a message id."""

    who: Ringing
    icon: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TileView:
    """What `demo/tile.html` gets."""

    choices: tuple[Choice, ...]


VIEW = TileView(
    choices=(
        Choice(who=Ringing.KNOWN, icon="user-check", text=N_("Known caller")),
        Choice(who=Ringing.NEW, icon="user-plus", text=N_("New caller")),
        Choice(who=Ringing.WITHHELD, icon="eye-off", text=N_("Withheld number")),
    )
)


class RingForm(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which button was pressed."""

    who: Ringing


async def tile(request: web.Request) -> web.Response:
    """The tile for the free seat's desk, nothing for others."""
    if request[READER].person != _bell(request).seat:
        return web.Response(status=204)
    return fragment(request, "demo/tile.html", VIEW)


async def ring(request: web.Request) -> web.Response:
    """Make a caller ring who asks. Raises NotFound for another person, Conflict, TooSoon, Unavailable."""
    services, bell = request.app[SERVICES], _bell(request)
    reader = request[READER]
    if reader.person != bell.seat:
        raise NotFound
    form = await read_form(request, RingForm)
    seat = next(agent for agent in services.hub.snapshot(reader).agents if agent.name == bell.seat)
    if seat.state in UNREACHABLE:
        raise Conflict(
            N_("You get no calls now"),
            hint=N_("Choose “Ready for calls” in the menu above."),
            code="not_ready",
        )
    if seat.devices_up is False:
        raise Conflict(
            N_("Your phone is not connected."),
            hint=N_("Allow the microphone for this page, then reload it."),
            code="no_phone",
        )
    request.app[_PATIENCE].spend(services.clock.now())
    await bell.ring(form.who)
    return fragment(request, "demo/rung.html", None)


def _bell(request: web.Request) -> Bell:
    bell = request.app[SERVICES].bell
    assert bell is not None
    return bell


def add_demo(app: web.Application) -> None:
    """Mount both, where there is a bell."""
    if app[SERVICES].bell is None:
        return
    app[_PATIENCE] = Patience()
    app.router.add_get(TILE, tile)
    app.router.add_post(RING, ring)
