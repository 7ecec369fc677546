"""Errors as RFC 9457 problems: one shape for all, nothing of our insides, in the asker's language.

People get the same words as a page or a toast (`agent_ui/failures.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from agent_ui.api.shapes import Problem
from agent_ui.failures import shown_failure
from agent_ui.language import asked_language
from crm_core.errors import CallcardError, TooManyTries
from crm_core.i18n import N_, Message, as_message, translator

log = structlog.get_logger(__name__)

# What aiohttp itself refuses, by status: our stable code and words.
_HTTP = {
    400: ("bad_request", N_("The request cannot be understood.")),
    404: ("not_found", N_("There is no such thing here.")),
    405: ("method_not_allowed", N_("This cannot be done with this address.")),
    413: ("too_large", N_("The request is too large.")),
    415: ("not_json", N_("The body must be JSON (Content-Type: application/json).")),
    426: ("not_websocket", N_("This address speaks WebSocket.")),
}
_INTERNAL = ("internal", N_("Something went wrong on our side; it was written down."))
_TIMEOUT = ("timeout", N_("The answer took too long; nothing is known of its outcome."))


def problem(
    request: web.BaseRequest,
    status: int,
    code: str,
    message: str | Message,
    *,
    field: str | None = None,
    hint: str | Message | None = None,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """One problem; *message* and *hint* are message ids, or messages with values."""
    gettext = translator(asked_language(request)).gettext
    body = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=as_message(message).said(gettext),
        code=code,
        field=field,
        hint=as_message(hint).said(gettext) if hint else None,
    )
    return web.Response(
        status=status,
        body=msgspec.json.encode(body),
        content_type="application/problem+json",
        headers=headers,
    )


def status_headers(error: CallcardError) -> dict[str, str]:
    """What the status of *error* asks for (RFC 9110 section 15.5.2, RFC 6585 section 4)."""
    if isinstance(error, TooManyTries):
        return {hdrs.RETRY_AFTER: str(error.retry_after_s)}
    return {hdrs.WWW_AUTHENTICATE: "Bearer"} if error.status == 401 else {}


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what was raised into a problem. What nobody foresaw is logged, and says nothing of itself."""
    try:
        return await handler(request)
    except CallcardError as error:
        return _answer(
            request,
            error.status,
            error.code,
            error.words,
            field=error.field,
            hint=error.hint_words,
            headers=status_headers(error),
        )
    except web.HTTPException as error:
        code, message = _HTTP.get(error.status, (f"http_{error.status}", error.reason))
        allow = {name: error.headers[name] for name in ("Allow",) if name in error.headers}
        return _answer(request, error.status, code, message, headers=allow)
    except TimeoutError:
        log.warning("web.timeout", method=request.method, route=_route(request))
        return _answer(request, 503, *_TIMEOUT)
    except Exception:
        log.exception("web.failed", method=request.method, route=_route(request))
        return _answer(request, 500, *_INTERNAL)


def _answer(
    request: web.Request,
    status: int,
    code: str,
    message: str | Message,
    *,
    field: str | None = None,
    hint: str | Message | None = None,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    shown = shown_failure(request, status, message, hint)
    if shown is None:
        return problem(request, status, code, message, field=field, hint=hint, headers=headers)
    shown.headers.update(headers or {})
    return shown


def _route(request: web.Request) -> str | None:
    """The route's pattern, never the path: paths may carry what somebody typed."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else None
