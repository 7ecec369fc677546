"""What handlers of cards do alike: whose card an address names, how numbers and addresses are read."""

from __future__ import annotations

from uuid import UUID

from aiohttp import web

from agent_ui.customers.services import CARDS
from agent_ui.services import READER, SERVICES
from crm_core.customers.model import CardDetails
from crm_core.errors import BadInput, NotFound
from crm_core.i18n import N_
from crm_core.ids import parse_id
from crm_core.live.directory import Directory
from crm_core.phone_number import to_e164


def id_in(request: web.Request) -> UUID:
    """The id of the address. Raises NotFound for what is none."""
    id = parse_id(request.match_info["id"])
    if id is None:
        raise NotFound
    return id


async def card_of(request: web.Request) -> CardDetails:
    """The card of the address: of the own office, or of a call that one may see. Raises NotFound."""
    reader, cards, id = request[READER], request.app[CARDS], id_in(request)
    try:
        return await cards.customers.details(reader, id)
    except NotFound:
        if not await cards.calls.met(reader, id):
            raise
    return await cards.customers.details(reader, id, met=True)


def directory(request: web.Request) -> Directory:
    """Who is who now. Raises Unavailable before it was loaded."""
    return request.app[SERVICES].hub.directory


def number_in(request: web.Request, text: str) -> str:
    """*text* in E.164, as people of the reader's office write numbers. Raises BadInput."""
    number = to_e164(text, country=directory(request).country_of(request[READER].office))
    if number is None:
        raise BadInput(N_("This is not a telephone number."), field="phone", hint="+74955550142")
    return number
