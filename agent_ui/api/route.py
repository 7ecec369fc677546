"""A route of the API as data, and how a request becomes a typed question to its handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from agent_ui.api.shapes import Question, Shape
from agent_ui.language import asked_language
from agent_ui.services import READER, SERVICES, WebServices
from crm_core.errors import BadInput, CallcardError, Forbidden, NotFound
from crm_core.i18n import N_
from crm_core.ids import parse_id
from crm_core.people.model import Reader
from crm_core.permissions import Action, Reach, reach

Q = TypeVar("Q", bound=Question)
B = TypeVar("B", bound=Question | None)

JSON_TYPES = ("application/json", "application/merge-patch+json")


class NotJson(CallcardError):
    """The body must be JSON (Content-Type: application/json)."""

    code = "not_json"
    status = 415


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(Generic[Q, B]):
    """One request, read: who asks what, in which language."""

    services: WebServices
    reader: Reader
    language: str
    path: Mapping[str, str]
    query: Q
    body: B

    @property
    def id(self) -> UUID:
        """The id in the path. Raises NotFound for anything that is no id."""
        found = parse_id(self.path["id"])
        if found is None:
            raise NotFound
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Method, path, handler, who may, and the types of query, body and answer.

    *respond* takes the place of *handle* where the answer is not JSON.
    """

    method: str
    path: str
    summary: str
    action: Action
    query: type[Question]
    handle: Callable[[Ask[Any, Any]], Awaitable[Shape]] | None = None
    respond: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None
    body: type[Question] | None = None
    answer: type[Shape] | None = None
    problems: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """operationId in the OpenAPI document: `get_calls_id`."""
        words = [part.strip("{}") for part in self.path.split("/")[3:]]
        return "_".join((self.method.lower(), *words))


def endpoint(route: Route) -> Handler:
    """The aiohttp handler of *route*."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if reach(request[READER].role, route.action) is Reach.NONE:
            raise Forbidden
        if route.handle is None:
            assert route.respond is not None
            read_query(request, route.query)
            return await route.respond(request)
        shape = await route.handle(await _read(request, route))
        if route.method != "GET":
            request.app[SERVICES].written()
        return web.Response(body=msgspec.json.encode(shape), content_type="application/json")

    return answer


async def _read(request: web.Request, route: Route) -> Ask[Any, Any]:
    return Ask(
        services=request.app[SERVICES],
        reader=request[READER],
        language=asked_language(request),
        path=request.match_info,
        query=read_query(request, route.query),
        body=await read_body(request, route.body) if route.body is not None else None,
    )


def read_query(request: web.Request, form: type[Q]) -> Q:
    """The query as *form*. Raises BadInput that names the parameter; a doubled one is refused too."""
    for name in request.query:
        if len(request.query.getall(name)) > 1:
            raise BadInput(N_("A parameter was given twice."), field=name[:80])
    try:
        return msgspec.convert(dict(request.query), form, strict=False)
    except msgspec.ValidationError as error:
        raise _bad(error) from error


async def read_body(request: web.Request, form: type[Q]) -> Q:
    """The JSON body as *form*. Raises NotJson, BadInput."""
    if request.content_type not in JSON_TYPES:
        raise NotJson
    try:
        return msgspec.json.decode(await request.read(), type=form)
    except msgspec.ValidationError as error:
        raise _bad(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput(N_("The body is not JSON.")) from error


def _bad(error: msgspec.ValidationError) -> BadInput:
    """`Expected … - at `$.limit`` → field `limit`, the rest as hint."""
    hint, _, where = str(error).partition(" - at `$")
    field = where.strip("`").lstrip(".") or None
    if field is None and "`" in hint:  # Object contains unknown field `x`, missing required field `x`
        field = hint.split("`")[1]
    return BadInput(
        N_("Something in the request is not of the form asked for."),
        field=field[:80] if field else None,
        hint=hint,
    )
