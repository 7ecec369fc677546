"""One's own settings: language and look, password, sessions. Forms that work without JavaScript."""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import hdrs, web
from msgspec import UNSET, UnsetType

from agent_ui.api.problems import status_headers
from agent_ui.api.shapes import Question
from agent_ui.auth import cookie
from agent_ui.auth.address import client_address
from agent_ui.auth.login import go
from agent_ui.auth.next_page import LOGIN, local_path
from agent_ui.auth.same_origin import is_origin_of
from agent_ui.auth.views import Done, settings_view
from agent_ui.forms import read_form
from agent_ui.pages import page
from agent_ui.services import PREFERENCES, READER, SERVICES
from agent_ui.shell import LANGUAGE_NAMES
from crm_core.errors import BadInput, NotFound, SignInFailed, TooManyTries
from crm_core.i18n import N_, Message
from crm_core.ids import parse_id
from crm_core.people.model import Preferences, Theme

SETTINGS = "/settings"


class PreferencesForm(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to change; an empty language: as the browser says."""

    language: str | UnsetType = UNSET
    theme: Theme | UnsetType = UNSET


class PasswordForm(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The old password, and twice the new one."""

    old: str
    new: str
    again: str


async def settings(request: web.Request) -> web.StreamResponse:
    """`GET /settings`."""
    done = request.query.get("done")
    return await _page(request, done=Done(done).words if done in set(Done) else None)


async def set_preferences(request: web.Request) -> web.StreamResponse:
    """`POST /preferences`: back to the page where it was chosen, in its new look."""
    form = await read_form(request, PreferencesForm)
    now = request.get(PREFERENCES, Preferences())
    chosen = Preferences(
        language=now.language if form.language is UNSET else (form.language or None),
        theme=now.theme if form.theme is UNSET else form.theme,
    )
    await request.app[SERVICES].sessions.set_preferences(request[READER], chosen)
    return go(_came_from(request) or SETTINGS)


async def change_password(request: web.Request) -> web.StreamResponse:
    """`POST /settings/password`: the other sessions end. Problems are shown on the page."""
    form = await read_form(request, PasswordForm)
    try:
        if form.new != form.again:
            raise BadInput(N_("The two passwords differ; nothing was changed."), field="again")
        await request.app[SERVICES].sessions.change_password(
            request[READER], form.old, form.new, address=client_address(request)
        )
    except BadInput as error:
        field = "again" if error.field == "again" else "new"
        return await _page(request, problem=error.words, field=field, status=error.status)
    except SignInFailed:
        wrong = Message("This is not your password.")
        return await _page(request, problem=wrong, field="old", status=400)
    except TooManyTries as error:
        headers = status_headers(error)
        return await _page(request, problem=error.words, field="old", status=error.status, headers=headers)
    return go(f"{SETTINGS}?done={Done.PASSWORD}")


async def end_session(request: web.Request) -> web.StreamResponse:
    """`POST /settings/sessions/{id}/end`. Raises NotFound."""
    reader, id = request[READER], parse_id(request.match_info["id"])
    if id is None:
        raise NotFound
    await request.app[SERVICES].sessions.end(reader, id)
    if str(id) != reader.token_id:
        return go(f"{SETTINGS}?done={Done.SESSION}")
    response = go(LOGIN)
    cookie.take_back(response)
    return response


async def _page(
    request: web.Request,
    *,
    done: Message | None = None,
    problem: Message | None = None,
    field: str | None = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> web.Response:
    reader = request[READER]
    view = settings_view(
        request.get(PREFERENCES, Preferences()),
        await request.app[SERVICES].sessions.own(reader),
        reader.token_id,
        languages=LANGUAGE_NAMES.items(),
        done=done,
        problem=problem,
        field=field,
    )
    return page(request, "auth/settings.html", view, status=status, headers=headers)


def _came_from(request: web.Request) -> str | None:
    """The page of ours whose form was sent."""
    referer = request.headers.get(hdrs.REFERER, "")
    try:
        parts = urlsplit(referer)
    except ValueError:
        return None
    if not is_origin_of(f"{parts.scheme}://{parts.netloc}", request.host):
        return None
    return local_path(parts.path + (f"?{parts.query}" if parts.query else ""))


def add_settings(app: web.Application) -> None:
    """Mount the page and its forms."""
    app.router.add_get(SETTINGS, settings)
    app.router.add_post("/preferences", set_preferences)
    app.router.add_post(f"{SETTINGS}/password", change_password)
    app.router.add_post(f"{SETTINGS}/sessions/{{id}}/end", end_session)
