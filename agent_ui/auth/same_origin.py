"""A page of another site may send a browser here, but not do anything with its cookie."""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import hdrs, web

from crm_core.errors import Forbidden
from crm_core.i18n import N_

SAFE = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})
SEC_FETCH_SITE = "Sec-Fetch-Site"


def require_same_origin(request: web.BaseRequest) -> None:
    """Raises Forbidden for a change, or a WebSocket, that no page of ours is known to ask for."""
    if request.method in SAFE and hdrs.UPGRADE not in request.headers:
        return
    if not from_here(request):
        raise Forbidden(N_("Only a page of Callcard itself may do this."), field="Origin")


def from_here(request: web.BaseRequest) -> bool:
    """Whether the browser says that one of our own pages asks.

    `Sec-Fetch-Site` counts alone: no script can set it. Browsers leave it away on plain HTTP beyond
    localhost, there `Origin` must name our host. Neither proves nothing.
    """
    sites = request.headers.getall(SEC_FETCH_SITE, [])
    if sites:
        return sites == ["same-origin"]
    origins = request.headers.getall(hdrs.ORIGIN, [])
    return len(origins) == 1 and is_origin_of(origins[0], request.host)


def is_origin_of(origin: str, host: str) -> bool:
    """Whether *origin* is a page of *host* (name and port)."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc == host
