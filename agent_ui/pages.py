"""Pages and fragments: templates filled with a view, in the reader's language, behind a strict policy.

A template gets one frozen dataclass, its view, as `v`; `base.html` also gets the `shell` around it. What
is rendered for a page, fetched as a fragment and pushed by the live feed comes from the same templates.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from aiohttp import web
from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    pass_context,
)
from jinja2.runtime import Context
from markupsafe import Markup

from agent_ui import states, wording
from agent_ui.assets import ASSETS, Assets
from agent_ui.language import Manner, preferences
from agent_ui.shell import Shell, shell_of

ROOM = Path(__file__).parent
POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}' 'self'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; media-src 'self' blob:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class Templates:
    """All templates of the room, and what they may call: icons, assets, words. *more*: a folder beside it."""

    def __init__(self, assets: Assets, *, more: Path | None = None) -> None:
        self._environment = Environment(
            loader=_loader(more),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,  # a look at each file would take longer than filling most templates
            extensions=["jinja2.ext.i18n"],
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.policies["ext.i18n.trimmed"] = True
        self._environment.install_gettext_callables(  # type: ignore[attr-defined]
            wording.gettext, wording.ngettext, newstyle=True
        )
        self._environment.filters.update({name: _late(word) for name, word in wording.FILTERS.items()})
        self._icons = {name: _use_of(assets.url("icons.svg"), name) for name in assets.icons}
        self._environment.globals.update(states.LOOKS, asset=assets.url, icon=self._icon)

    def render(self, template: str, view: object, manner: Manner, **more: object) -> str:
        """*template* filled with *view*, as `v`. The same arguments give the same text."""
        with wording.put_in(manner):
            return self._environment.get_template(template).render(v=view, **more)

    def _icon(self, name: str) -> Markup:
        """The icon *name* of the sprite. Raises LookupError for one that the build did not find."""
        if name not in self._icons:
            raise LookupError(f'icon "{name}" was not built: name it as icon("{name}") and run make setup')
        return self._icons[name]


def _use_of(sprite: str, name: str) -> Markup:
    return Markup('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>').format(sprite, name)


def _late(word: Callable[..., str]) -> Callable[..., str]:
    """*word* as a filter that Jinja does not apply to constants at compilation, in nobody's manner."""

    @pass_context
    def late(_context: Context, value: object) -> str:
        return word(value)

    return late


def _loader(more: Path | None) -> BaseLoader:
    """`base.html` is the room's own, `desk/call.html` is in the desk's folder `templates`."""
    screens = {folder.parent.name: FileSystemLoader(folder) for folder in ROOM.glob("*/templates")}
    own = [ROOM / "templates", *([more] if more is not None else ())]
    return ChoiceLoader([FileSystemLoader(own), PrefixLoader(screens)])


TEMPLATES = web.AppKey("templates", Templates)


def page(
    request: web.Request,
    template: str,
    view: object,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """A whole page: *template* extends `base.html`, or stands alone as the login does."""
    wishes = preferences(request)
    nonce = secrets.token_urlsafe(18)
    shell: Shell = shell_of(request, wishes, nonce)
    text = request.app[TEMPLATES].render(template, view, wishes.manner, shell=shell)
    response = web.Response(text=text, content_type="text/html", status=status, headers=headers)
    response.headers["Content-Security-Policy"] = POLICY.format(nonce=nonce)
    response.headers["Content-Language"] = wishes.language
    return response


def fragment(
    request: web.Request,
    template: str,
    view: object,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """A piece of a page, for htmx to put in its place."""
    text = request.app[TEMPLATES].render(template, view, preferences(request).manner)
    return web.Response(text=text, content_type="text/html", status=status, headers=headers)


def add_templates(app: web.Application) -> None:
    """Make `page` and `fragment` work; assets come first."""
    app[TEMPLATES] = Templates(app[ASSETS])
