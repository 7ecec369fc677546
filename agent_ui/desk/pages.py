"""`GET /desk` and the fragments that its live regions leave to the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web
from markupsafe import Markup

from agent_ui.asking import Asking, path_id
from agent_ui.customers.missed import MissedView, missed_view
from agent_ui.desk.actions import note_answer
from agent_ui.desk.reading import call_of, result_of, work_of_call, work_of_card
from agent_ui.desk.regions import DESK, focus
from agent_ui.desk.todo import todo_list
from agent_ui.desk.work_views import TodoListView, WorkView
from agent_ui.language import preferences
from agent_ui.live.html import WORKSHOP, HtmlFace
from agent_ui.pages import fragment, page
from agent_ui.services import READER, SERVICES
from crm_core.errors import Forbidden, NotFound, Unavailable
from crm_core.permissions import Action, Reach, reach


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskView:
    """The page. *regions*: the live ones as they are at *live_since*; lists None: the database is away."""

    regions: Mapping[str, Markup]
    live_since: str
    seat: bool
    work: WorkView | None
    missed: MissedView | None
    todo: TodoListView | None


async def desk(request: web.Request) -> web.StreamResponse:
    """The desk of whoever asks; without a seat, a page that says so."""
    require_desk(request)
    reader, hub = request[READER], request.app[SERVICES].hub
    state = hub.state
    face = HtmlFace(request.app[WORKSHOP], DESK, preferences(request).manner)
    regions, live_since = face.regions(state, reader), hub.last_id
    # Nothing is awaited before this point: regions and number are of one moment.
    asking = Asking.of(request)
    work, missed, todo = None, None, None
    shown = focus(state, reader)
    try:
        if shown.call is not None:
            work = await work_of_call(asking, shown.call)
        missed, todo = await missed_view(asking), await todo_list(asking)
    except (Unavailable, NotFound):
        pass  # the live part stands; what is not there says so and is read again
    view = DeskView(
        regions=regions,
        live_since=live_since,
        seat=reader.person in state.agents,
        work=work,
        missed=missed,
        todo=todo,
    )
    return page(request, "desk/desk.html", view)


def require_desk(request: web.Request) -> None:
    """Raises Forbidden for a role that takes no calls."""
    if reach(request[READER].role, Action.CALLS_WRITE) is Reach.NONE:
        raise Forbidden


async def call(request: web.Request) -> web.StreamResponse:
    """`GET /desk/calls/{id}`: the middle column about a call. Raises NotFound."""
    view = await work_of_call(Asking.of(request), path_id(request))
    return fragment(request, "desk/work.html", view)


async def card(request: web.Request) -> web.StreamResponse:
    """`GET /desk/cards/{id}`: the middle column about a card. Raises NotFound."""
    view = await work_of_card(Asking.of(request), path_id(request))
    return fragment(request, "desk/work.html", view)


async def note(request: web.Request) -> web.StreamResponse:
    """`GET /desk/calls/{id}/note`: as it is stored, for a page that shows it. Raises NotFound."""
    asking = Asking.of(request)
    stored = await asking.services.notes.note(asking.reader, path_id(request))
    return note_answer(stored)


async def result(request: web.Request) -> web.StreamResponse:
    """`GET /desk/calls/{id}/result`: when it was said elsewhere. Raises NotFound."""
    asking = Asking.of(request)
    return fragment(
        request, "desk/result.html", await result_of(asking, await call_of(asking, path_id(request)))
    )


async def steps(request: web.Request) -> web.StreamResponse:
    """`GET /desk/steps`."""
    return fragment(request, "desk/todo.html", await todo_list(Asking.of(request)))
