"""`POST /phone/dial`: a telephone of the reader's own rings, and calls the number when it is picked up."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from agent_ui.api.route import read_body
from agent_ui.api.shapes import Question
from agent_ui.dialling import dialling_of
from agent_ui.phone.numbers import typed_view
from agent_ui.services import READER, SERVICES
from crm_core.errors import BadInput
from crm_core.i18n import N_
from crm_core.phone_number import MAX_RAW

DIAL = "/phone/dial"


class DialQuestion(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """*number* as people of the reader's office write it."""

    number: Annotated[str, Meta(max_length=MAX_RAW)]


async def dial(request: web.Request) -> web.Response:
    """204 when the telephone rings. Raises BadInput for a number that is not called, else as `dial` does."""
    services, reader = request.app[SERVICES], request[READER]
    number = (await read_body(request, DialQuestion)).number
    ways = dialling_of(request)
    found = typed_view(number, ways, services.hub.directory, reader, done=True)
    if found.number is None or not ways.reaches(found.number):
        raise BadInput(
            found.problem or N_("This number is not called from here."), field="number", hint=found.hint
        )
    await services.dialling.dial(reader, found.number)
    return web.Response(status=204)
