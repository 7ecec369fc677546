"""One door: without a valid token or session every request is refused, but for the routes listed here."""

from __future__ import annotations

from urllib.parse import urlencode

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from agent_ui.assets import ROUTE
from agent_ui.auth.bearer import bearer_token, claims_token
from agent_ui.auth.cookie import session_token
from agent_ui.auth.next_page import LOGIN, local_path
from agent_ui.auth.same_origin import require_same_origin
from agent_ui.services import PREFERENCES, READER, SERVICES
from crm_core.errors import NotSignedIn
from crm_core.i18n import N_

PUBLIC = frozenset({"/healthz", "/metrics", "/api/v1/openapi.json", LOGIN, ROUTE})
HINT = N_("Send a token as `Authorization: Bearer <token>`; `callcard token new` makes one.")
READING = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})
# Programs ask here: they get a problem, never a page.
NO_PAGES = ("/api/", "/live", "/phone/")


@web.middleware
async def signed_in(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Know the reader, or turn the request away: also for addresses that do not exist."""
    resource = request.match_info.route.resource
    if resource is not None and resource.canonical in PUBLIC:
        return await handler(request)
    if not await recognise(request):
        return _to_login(request)
    return await handler(request)


async def recognise(request: web.Request) -> bool:
    """Put the reader of a token or a session on *request*; False for nobody.

    A token decides alone. A session needs proof that one of our own pages asks: raises Forbidden.
    """
    services = request.app[SERVICES]
    if claims_token(request):
        token = bearer_token(request)
        reader = await services.tokens.reader_for_token(token) if token is not None else None
        if reader is None:
            return False
        request[READER] = reader
        return True
    token = session_token(request)
    found = await services.sessions.signed_in(token) if token is not None else None
    if found is None:
        return False
    require_same_origin(request)
    request[READER], request[PREFERENCES] = found.reader, found.preferences
    return True


def _to_login(request: web.Request) -> web.Response:
    """Where a browser signs in; it comes back to a page it wanted. Raises NotSignedIn for programs."""
    if claims_token(request) or request.path.startswith(NO_PAGES) or hdrs.UPGRADE in request.headers:
        raise NotSignedIn(hint=HINT)
    wanted = local_path(request.raw_path) if request.method in READING else None
    if "HX-Request" in request.headers:  # a part of a page: the whole page has to go
        return web.Response(status=401, headers={"HX-Redirect": LOGIN, "WWW-Authenticate": "Bearer"})
    query = f"?{urlencode({'next': wanted})}" if wanted not in (None, "/") else ""
    return web.Response(status=303, headers={hdrs.LOCATION: LOGIN + query})
