"""What agents do at their desk: POSTs that answer a fragment, or nothing when the live feed will say it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from agent_ui.api.route import NotJson
from agent_ui.api.shapes import Question, Reason
from agent_ui.asking import Asking, path_id
from agent_ui.desk.reading import call_of, result_of
from agent_ui.desk.todo import todo_list
from agent_ui.forms import read_form
from agent_ui.pages import fragment
from agent_ui.services import READER, SERVICES
from crm_core.errors import BadInput, Conflict, NotFound
from crm_core.i18n import N_
from crm_core.ids import parse_id
from crm_core.live.shown import live_call
from crm_core.notes.model import Note, NoteConflict
from crm_core.presence.model import ChosenState

JSON = "application/json"


class StateForm(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """*reason*: of a break."""

    state: ChosenState
    reason: Reason | None = None


class NoteBody(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """*base_version*: the version that was changed, 0 for none."""

    text: str
    base_version: Annotated[int, Meta(ge=0)]


class ResultForm(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Empty: what was said is taken back."""

    disposition: str


class CardForm(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who the caller is."""

    customer: UUID


class StepForm(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """*due*: local time of the office, as `datetime-local` sends it. *step*, *version*: what is changed."""

    text: str
    due: str
    step: str = ""
    version: int = 0


async def choose_state(request: web.Request) -> web.StreamResponse:
    """`POST /desk/state`: the pill changes when the fact arrives."""
    form = await read_form(request, StateForm)
    services, me = request.app[SERVICES], request[READER].person
    if me not in services.hub.state.agents:
        raise Conflict(N_("You have no seat: calls do not come to you."), code="no_seat")
    await services.states.choose(me, form.state, form.reason, by=me)
    services.written()
    return web.Response(status=204)


async def save_note(request: web.Request) -> web.StreamResponse:
    """`POST /desk/calls/{id}/note`, JSON: the note as it is then. Raises NotFound, BadInput.

    409 comes with the stored text: two texts that are too long to be kept as one.
    """
    body = await _json(request, NoteBody)
    services = request.app[SERVICES]
    try:
        saved = await services.notes.save_note(
            request[READER], path_id(request), body.text, body.base_version
        )
    except NoteConflict as conflict:
        return note_answer(conflict.stored, status=409)
    services.written()
    return note_answer(saved)


def note_answer(note: Note, *, status: int = 200) -> web.Response:
    """*note* for the page's own script."""
    saved = {"text": note.text, "version": note.version, "saved_at": note.saved_at}
    return web.Response(body=msgspec.json.encode(saved), content_type=JSON, status=status)


async def say_result(request: web.Request) -> web.StreamResponse:
    """`POST /desk/calls/{id}/result`: the buttons anew, with the next step that it suggests."""
    form = await read_form(request, ResultForm)
    services = request.app[SERVICES]
    changed = await services.calls.set_disposition(
        request[READER], path_id(request), form.disposition or None
    )
    services.written()
    call = live_call(changed, changed.started_at)
    return fragment(request, "desk/result.html", await result_of(Asking.of(request), call, said=True))


async def choose_card(request: web.Request) -> web.StreamResponse:
    """`POST /desk/calls/{id}/customer`: the card comes with the fact."""
    form = await read_form(request, CardForm)
    services = request.app[SERVICES]
    await services.calls.choose_customer(request[READER], path_id(request), form.customer)
    services.written()
    return web.Response(status=204)


async def plan_step(request: web.Request) -> web.StreamResponse:
    """`POST /desk/calls/{id}/step`: plan or change the next step of a call."""
    form = await read_form(request, StepForm)
    asking, call_id = Asking.of(request), path_id(request)
    due = _local(form.due, asking)
    if form.step:
        step = parse_id(form.step)
        if step is None:
            raise NotFound
        await asking.services.steps.change(asking.reader, step, form.text, due, form.version)
    else:
        await asking.services.steps.add(asking.reader, call_id, form.text, due)
    asking.services.written()
    view = await result_of(asking, await call_of(asking, call_id), planned=True)
    return fragment(request, "desk/result.html", view)


async def step_done(request: web.Request) -> web.StreamResponse:
    """`POST /desk/steps/{id}/done`: the list without it."""
    asking = Asking.of(request)
    await asking.services.steps.done(asking.reader, path_id(request))
    asking.services.written()
    return fragment(request, "desk/todo.html", await todo_list(asking))


def _local(text: str, asking: Asking) -> datetime:
    """A time as a form has it, in the zone of the asker's office. Raises BadInput."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=asking.zone)
    except ValueError:
        raise BadInput(N_("This is not a time."), field="due") from None


async def _json(request: web.Request, form: type[NoteBody]) -> NoteBody:
    if request.content_type != JSON:
        raise NotJson
    try:
        return msgspec.json.decode(await request.read(), type=form)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # Its words may quote what was typed.
        raise BadInput(N_("The request cannot be understood.")) from error
