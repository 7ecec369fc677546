"""`GET /board` and `POST /board/state`."""

from __future__ import annotations

from aiohttp import web

from agent_ui.api.route import read_query
from agent_ui.api.shapes import Question, Text
from agent_ui.board.regions import BOARD, LEADERS
from agent_ui.board.views import BoardView, OfficeLink
from agent_ui.forms import read_form
from agent_ui.language import preferences
from agent_ui.live.html import WORKSHOP, HtmlFace
from agent_ui.pages import page
from agent_ui.services import READER, SERVICES
from crm_core.errors import BadInput, Forbidden, NotFound
from crm_core.i18n import N_
from crm_core.live.directory import Directory
from crm_core.live.visibility import sees
from crm_core.people.model import Reader
from crm_core.permissions import Action, Reach, may, reach
from crm_core.presence.model import ChosenState


class BoardQuestion(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """*office*: only what belongs there."""

    office: Text | None = None


class StateForm(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose state, and which: `available`, `offline`, or `break:` and its reason."""

    agent: Text
    state: Text


async def board(request: web.Request) -> web.Response:
    """The board as the reader may see it. Raises NotFound for an office that is not theirs to choose."""
    services, reader = request.app[SERVICES], request[READER]
    asked = read_query(request, BoardQuestion)
    state = services.hub.state
    offices = office_links(reader, state.directory, asked.office)
    if asked.office is not None and not any(link.here for link in offices):
        raise NotFound
    face = HtmlFace(request.app[WORKSHOP], BOARD, preferences(request).manner, office=asked.office)
    view = BoardView(
        regions=face.regions(state, reader),
        since=services.hub.last_id,
        office=asked.office,
        offices=offices,
        leads=reader.role in LEADERS,
    )
    return page(request, "board/board.html", view)


def office_links(reader: Reader, directory: Directory, office: str | None) -> tuple[OfficeLink, ...]:
    """Offices to choose from, for whoever sees several; all of them first."""
    if reach(reader.role, Action.AGENTS_READ) is not Reach.ALL or len(directory.offices) < 2:
        return ()
    links = [
        OfficeLink(name=each.name, title=each.title, here=each.name == office)
        for each in directory.offices.values()
    ]
    return (OfficeLink(name=None, title="", here=office is None), *links)


async def choose_state(request: web.Request) -> web.Response:
    """Choose a state for an agent; their row changes when the fact arrives. Raises NotFound, Forbidden."""
    services, reader = request.app[SERVICES], request[READER]
    form = await read_form(request, StateForm)
    state = services.hub.state
    agent = state.agents.get(form.agent)
    if agent is None or not sees(reader, agent, state.directory):
        raise NotFound
    if not may(reader, Action.AGENTS_STATE, office=agent.office, team=agent.team, agents=(agent.name,)):
        raise Forbidden(N_("Only the agent or a supervisor of the office may choose this state."))
    chosen, reason = _wish(form.state)
    await services.states.choose(agent.name, chosen, reason, by=reader.person)
    services.written()
    return web.Response(status=204)


def _wish(state: str) -> tuple[ChosenState, str | None]:
    """`break:lunch` → a break for lunch. Raises BadInput."""
    word, _, reason = state.partition(":")
    try:
        return ChosenState(word), reason or None
    except ValueError:
        raise BadInput(N_("Something in the request is not of the form asked for."), field="state") from None


def add_board(app: web.Application) -> None:
    """Mount the page and its action; the live feed comes first."""
    app.router.add_get("/board", board)
    app.router.add_post("/board/state", choose_state)
