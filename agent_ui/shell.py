"""What stands around every page: who is signed in, where one can go, how it looks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from agent_ui.desk.calls import has_browser_phone
from agent_ui.dialling import NO_DIALLING, Dialling, dialling_of
from agent_ui.language import Preferences
from agent_ui.services import READER, SERVICES, WebServices
from crm_core.errors import Unavailable
from crm_core.i18n import LANGUAGES, N_
from crm_core.people.model import Reader, Role, Theme
from crm_core.permissions import Action, Reach, reach

LANGUAGE_NAMES = {"en": "English", "ru": "Русский", "az": "Azərbaycan"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A page that the rail leads to. *text* is a message id; *roles*: whose work it is."""

    path: str
    icon: str
    text: str
    action: Action
    roles: frozenset[Role] = frozenset(Role)
    low: bool = False  # at the rail's foot
    count: str | None = None  # where it is told how much there is to do


PLACES = (
    Place(path="/desk", icon="headset", text=N_("Desk"), action=Action.CALLS_WRITE),
    Place(
        path="/board",
        icon="layout-dashboard",
        text=N_("Board"),
        action=Action.QUEUES_READ,
        roles=frozenset({Role.SUPERVISOR, Role.ADMIN}),
    ),
    Place(path="/customers", icon="users", text=N_("Customers"), action=Action.CUSTOMERS_READ),
    Place(
        path="/missed",
        icon="phone-x",
        text=N_("Missed calls"),
        action=Action.CALLS_WAITING,
        count="/missed/count",
    ),
    Place(path="/calls", icon="history", text=N_("Calls"), action=Action.CALLS_READ),
    Place(path="/settings", icon="settings", text=N_("Settings"), action=Action.QUEUES_READ, low=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An item of the rail."""

    path: str
    icon: str
    text: str
    here: bool
    low: bool
    count: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """What `base.html` gets beside the view. *person* and *name* are None before signing in.

    *now*: the house's time, by which pages tick; *paths*: addresses that exist here; *phone*: the person
    has a phone in the browser, which is then on every page; *dial*: what they can call outside.
    """

    language: str
    languages: tuple[tuple[str, str], ...]
    theme: Theme
    nonce: str
    person: str | None
    name: str | None
    links: tuple[Link, ...]
    paths: frozenset[str]
    now: datetime
    phone: bool
    dial: Dialling


def shell_of(request: web.Request, wishes: Preferences, nonce: str) -> Shell:
    """The shell for whoever asks: only pages that exist, and that the role may use."""
    reader = request.get(READER)
    paths = frozenset(resource.canonical for resource in request.app.router.resources())
    return Shell(
        language=wishes.language,
        languages=tuple((code, LANGUAGE_NAMES[code]) for code in LANGUAGES),
        theme=wishes.theme,
        nonce=nonce,
        person=reader.person if reader is not None else None,
        name=_name(request, reader),
        links=tuple(_links(reader, paths, request.path)) if reader is not None else (),
        paths=paths,
        now=request.app[SERVICES].clock.now(),
        phone=reader is not None and _has_phone(request.app[SERVICES], reader),
        dial=dialling_of(request) if reader is not None else NO_DIALLING,
    )


def _has_phone(services: WebServices, reader: Reader) -> bool:
    """Whether there are phones in the browser here, and one is the reader's."""
    try:
        return services.phones is not None and has_browser_phone(services.hub.directory, reader.person)
    except Unavailable:
        return False


def _name(request: web.Request, reader: Reader | None) -> str | None:
    if reader is None:
        return None
    try:
        return request.app[SERVICES].hub.directory.titles.get(reader.person, reader.person)
    except Unavailable:
        return reader.person


def _links(reader: Reader, paths: frozenset[str], here: str) -> Iterable[Link]:
    for place in PLACES:
        if place.path not in paths or reader.role not in place.roles:
            continue
        if reach(reader.role, place.action) is Reach.NONE:
            continue
        inside = here == place.path or here.startswith(place.path + "/")
        yield Link(
            path=place.path, icon=place.icon, text=place.text, here=inside, low=place.low, count=place.count
        )
