"""Signing in and out: pages that work without JavaScript."""

from __future__ import annotations

from aiohttp import hdrs, web

from agent_ui.api.problems import status_headers
from agent_ui.api.shapes import Question
from agent_ui.auth import cookie
from agent_ui.auth.address import client_address
from agent_ui.auth.next_page import HOME, LOGIN, local_path
from agent_ui.auth.same_origin import require_same_origin
from agent_ui.auth.views import LoginView
from agent_ui.forms import read_form
from agent_ui.pages import page
from agent_ui.services import SERVICES
from crm_core.errors import SignInFailed, TooManyTries


class LoginForm(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who, and where to then."""

    name: str
    password: str
    next: str = HOME


async def login_page(request: web.Request) -> web.StreamResponse:
    """`GET /login?next=…`. Who is signed in already goes on."""
    wanted = local_path(request.query.get("next", HOME)) or HOME
    token = cookie.session_token(request)
    if token is not None and await request.app[SERVICES].sessions.signed_in(token) is not None:
        return go(wanted)
    return page(request, "auth/login.html", LoginView(next=wanted))


async def login(request: web.Request) -> web.StreamResponse:
    """`POST /login`: a session, or the page again. Raises Forbidden for a form of another site, which
    could sign somebody in as somebody else.
    """
    require_same_origin(request)
    form = await read_form(request, LoginForm)
    wanted = local_path(form.next) or HOME
    try:
        begun = await request.app[SERVICES].sessions.sign_in(
            form.name,
            form.password,
            address=client_address(request),
            user_agent=request.headers.get(hdrs.USER_AGENT, ""),
            instead_of=cookie.session_token(request),
        )
    except (SignInFailed, TooManyTries) as error:
        view = LoginView(next=wanted, name=form.name[:64], problem=error.words)
        return page(request, "auth/login.html", view, status=error.status, headers=status_headers(error))
    response = go(wanted)
    cookie.give(request, response, begun.token)
    return response


async def logout(request: web.Request) -> web.StreamResponse:
    """`POST /logout`: the session ends, and with it every page and socket of this browser."""
    token = cookie.session_token(request)
    if token is not None:
        await request.app[SERVICES].sessions.sign_out(token)
    response = go(LOGIN)
    cookie.take_back(response)
    return response


def go(path: str) -> web.Response:
    """On to another page, read anew."""
    return web.Response(status=303, headers={hdrs.LOCATION: path})


def add_login(app: web.Application) -> None:
    """Mount signing in and out."""
    app.router.add_get(LOGIN, login_page)
    app.router.add_post(LOGIN, login)
    app.router.add_post("/logout", logout)
