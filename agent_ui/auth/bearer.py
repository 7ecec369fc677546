"""Bearer tokens: where a request may carry one, and where not."""

from __future__ import annotations

from aiohttp import hdrs, web

LIVE_PROTOCOL = "callcard.live"
TOKEN_PROTOCOL = "callcard.token."  # noqa: S105 - the prefix, not a token
LONGEST_TOKEN = 200


def claims_token(request: web.BaseRequest) -> bool:
    """Whether the request wants to be judged by a token: then nothing else is looked at."""
    return hdrs.AUTHORIZATION in request.headers or any(
        protocol.startswith(TOKEN_PROTOCOL) for protocol in offered_protocols(request)
    )


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
