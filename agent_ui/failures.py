"""What went wrong, shown to people: a page of its own, or a toast on the page they are on."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import hdrs, web

from agent_ui.pages import fragment, page
from crm_core.i18n import Message, as_message

# Programs ask here: they get a problem, whatever they say to accept.
FOR_PROGRAMS = ("/api/", "/live", "/phone/", "/static/", "/healthz", "/metrics")


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureView:
    """*message*: what happened; *hint*: the way out, when there is one."""

    status: int
    message: Message
    hint: Message | None


def shown_failure(
    request: web.Request, status: int, message: str | Message, hint: str | Message | None
) -> web.Response | None:
    """The failure as its asker reads it; None for a program, which gets a problem."""
    view = FailureView(status=status, message=as_message(message), hint=as_message(hint) if hint else None)
    if request.path.startswith(FOR_PROGRAMS):
        return None
    if "HX-Request" in request.headers:
        # Whatever the answer was to replace stays as it is.
        place = {"HX-Retarget": "#toasts", "HX-Reswap": "beforeend"}
        return fragment(request, "failure_toast.html", view, status=status, headers=place)
    if "text/html" in request.headers.get(hdrs.ACCEPT, ""):
        return page(request, "failure.html", view, status=status)
    return None
