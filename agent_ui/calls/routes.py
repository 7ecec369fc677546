"""`GET /calls`, the journal, and `GET /calls/{id}`, one call."""

from __future__ import annotations

from aiohttp import web

from agent_ui.api.route import read_query
from agent_ui.calls.asking import JournalQuestion, read_asked
from agent_ui.calls.shaping import Names, call_page, journal_line
from agent_ui.calls.views import JournalView, Option
from agent_ui.dialling import dialling_of
from agent_ui.language import preferences
from agent_ui.pages import fragment, page
from agent_ui.services import READER, SERVICES
from crm_core.errors import NotFound
from crm_core.i18n import N_
from crm_core.ids import parse_id
from crm_core.live.projection import LiveState
from crm_core.live.visibility import sees
from crm_core.people.model import Reader

PIECE = 50


async def journal(request: web.Request) -> web.Response:
    """The list; what is wrong with the question is said beside it. Raises BadInput for a foreign cursor."""
    services, reader = request.app[SERVICES], request[READER]
    state, manner = services.hub.state, preferences(request).manner
    query = read_query(request, JournalQuestion)
    asked, narrowed = read_asked(query, timezone=manner.timezone, country=manner.country)
    found, next_ = (
        ((), None)
        if asked.wrong
        else await services.calls.lines(reader, narrowed, limit=PIECE, cursor=query.cursor or None)
    )
    recordings = await services.recordings.shown(reader, [line.id for line in found]) if found else {}
    names = Names.of(state.directory, await services.calls.dispositions(services.pbx))
    agents, queues = _choices(state, reader)
    view = JournalView(
        asked=asked,
        agents=agents,
        queues=queues,
        lines=tuple(journal_line(line, recordings.get(line.id, ()), names) for line in found),
        older=asked.address(next_) if next_ is not None else None,
        newest=asked.address() if query.cursor else None,
        dial=dialling_of(request),
    )
    return page(request, "calls/journal.html", view, status=400 if asked.wrong else 200)


def _choices(state: LiveState, reader: Reader) -> tuple[tuple[Option, ...], tuple[Option, ...]]:
    """Agents and queues to narrow to: those the reader may see."""
    agents = [each for each in state.agents.values() if sees(reader, each, state.directory)]
    queues = [each for each in state.queues.values() if sees(reader, each, state.directory)]
    return (
        tuple(Option(value=a.name, title=a.title) for a in sorted(agents, key=lambda a: (a.title, a.name))),
        tuple(Option(value=queue.name, title=queue.title) for queue in queues),
    )


async def one_call(request: web.Request) -> web.Response:
    """One call: as a page, or beside the journal as a piece of it. Raises NotFound."""
    services, reader = request.app[SERVICES], request[READER]
    call_id = parse_id(request.match_info["id"])
    if call_id is None:
        raise NotFound(N_("There is no such call."))
    call = await services.calls.get(reader, call_id)
    recorded = bool((await services.recordings.of_calls([call.id])).get(call.id))
    recordings = await services.recordings.shown(reader, [call.id]) if recorded else {}
    notes = await services.notes.notes(reader, call.id)
    names = Names.of(services.hub.directory, await services.calls.dispositions(call.pbx))
    heard = recordings.get(call.id, ())
    view = call_page(call, heard, notes, names, dialling_of(request), recorded=recorded)
    if "HX-Request" in request.headers:
        return fragment(request, "calls/call_drawer.html", view)
    return page(request, "calls/call.html", view)


def add_calls(app: web.Application) -> None:
    """Mount the journal."""
    app.router.add_get("/calls", journal)
    app.router.add_get("/calls/{id}", one_call)
