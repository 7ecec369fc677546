"""What a form of a page sends, read as strictly as the API's JSON."""

from __future__ import annotations

from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from agent_ui.api.shapes import Question
from crm_core.errors import BadInput
from crm_core.i18n import N_

F = TypeVar("F", bound=Question)

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 100


async def read_form(request: web.Request, form: type[F]) -> F:
    """The fields as *form*. Raises BadInput that names the field; a doubled one is refused too."""
    if request.content_type != FORM:
        raise BadInput(N_("The request cannot be understood."))
    try:
        pairs = parse_qsl((await request.read()).decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise BadInput(N_("The request cannot be understood.")) from error
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise BadInput(N_("A parameter was given twice."))
    try:
        return msgspec.convert(fields, form, strict=False)
    except msgspec.ValidationError as error:
        # Its words may quote what was typed, a password too: they are not repeated.
        field = str(error).rpartition("`$.")[2].strip("`") or None
        raise BadInput(
            N_("Something in the request is not of the form asked for."), field=field and field[:80]
        ) from None
