"""The cookie that carries a session."""

from __future__ import annotations

from aiohttp import hdrs, web

from crm_core.people.sessions import LONGEST_TOKEN, SESSION_S

COOKIE = "callcard_session"


def session_token(request: web.BaseRequest) -> str | None:
    """What the browser sent, unless it cannot be a token of ours."""
    token = request.cookies.get(COOKIE)
    return token if token and len(token) <= LONGEST_TOKEN and token.isascii() else None


def give(request: web.BaseRequest, response: web.StreamResponse, token: str) -> None:
    """Let the browser keep *token*: out of reach of scripts, and of other sites' forms.

    `Secure` when the page that asks was itself read over HTTPS, whatever stands between it and us.
    """
    secure = request.secure or request.headers.get(hdrs.ORIGIN, "").startswith("https://")
    response.set_cookie(
        COOKIE, token, max_age=SESSION_S, path="/", httponly=True, samesite="Lax", secure=secure
    )


def take_back(response: web.StreamResponse) -> None:
    """Let the browser forget it."""
    response.del_cookie(COOKIE, path="/")
