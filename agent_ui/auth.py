"""One door: every request without a valid bearer token is refused, but for the routes listed here."""

from __future__ import annotations

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from agent_ui.services import READER, SERVICES
from crm_core.errors import NotSignedIn
from crm_core.i18n import N_

PUBLIC = frozenset({"/healthz", "/metrics", "/api/v1/openapi.json", "/static/{name}"})
LIVE_PROTOCOL = "callcard.live"
TOKEN_PROTOCOL = "callcard.token."  # noqa: S105 - the prefix, not a token
LONGEST_TOKEN = 200
HINT = N_("Send a token as `Authorization: Bearer <token>`; `callcard token new` makes one.")


@web.middleware
async def signed_in(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Know the reader, or answer 401: also for addresses that do not exist."""
    resource = request.match_info.route.resource
    if resource is not None and resource.canonical in PUBLIC:
        return await handler(request)
    token = bearer_token(request)
    reader = await request.app[SERVICES].tokens.reader_for_token(token) if token is not None else None
    if reader is None:
        raise NotSignedIn(hint=HINT)
    request[READER] = reader
    return await handler(request)


def bearer_token(request: web.BaseRequest) -> str | None:
    """The token of a request: from Authorization, or, as browsers cannot set that on a WebSocket, from
    the subprotocol `callcard.token.<token>`. Never from the address, which is logged and shared.
    """
    headers = request.headers.getall(hdrs.AUTHORIZATION, [])
    if headers:
        scheme, _, token = headers[0].partition(" ")
        token = token.strip()
        if len(headers) == 1 and scheme.lower() == "bearer" and 0 < len(token) <= LONGEST_TOKEN:
            return token
        return None
    offered = offered_protocols(request)
    tokens = [p.removeprefix(TOKEN_PROTOCOL) for p in offered if p.startswith(TOKEN_PROTOCOL)]
    if len(tokens) == 1 and LIVE_PROTOCOL in offered and 0 < len(tokens[0]) <= LONGEST_TOKEN:
        return tokens[0]
    return None


def offered_protocols(request: web.BaseRequest) -> tuple[str, ...]:
    """The subprotocols a WebSocket client offers (RFC 6455 section 11.3.4)."""
    fields = request.headers.getall(hdrs.SEC_WEBSOCKET_PROTOCOL, [])
    return tuple(part.strip() for field in fields for part in field.split(",") if part.strip())
