"""How somebody calls numbers outside, and which: pages show a number as something to press only then."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web

from agent_ui.desk.calls import has_browser_phone
from agent_ui.services import READER, SERVICES
from crm_core.errors import Unavailable
from crm_core.live.directory import Directory
from crm_core.people.model import DeviceKind


class Way(StrEnum):
    """With what somebody calls."""

    BROWSER = "browser"  # the page's own phone dials
    DEVICE = "device"  # the house lets a phone of theirs ring, and dials when it is picked up


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialling:
    """What the reader can call. *way* None: nothing, they have no phone or the office calls nobody outside.

    *prefixes*: beginnings (E.164) of numbers that the office calls; *own*: its own, which it does not.
    """

    way: Way | None = None
    prefixes: tuple[str, ...] = ()
    own: frozenset[str] = frozenset()

    def reaches(self, number: str | None) -> bool:
        """Whether *number* (E.164) can be called."""
        return (
            self.way is not None
            and number is not None
            and number.startswith(self.prefixes)
            and number not in self.own
        )

    def first(self, numbers: Iterable[str]) -> str | None:
        """The first of *numbers* that can be called."""
        return next(filter(self.reaches, numbers), None)


NO_DIALLING = Dialling()


def dialling_of(request: web.Request) -> Dialling:
    """What the asker of *request* can call."""
    services = request.app[SERVICES]
    try:
        directory = services.hub.directory
    except Unavailable:
        return NO_DIALLING
    return dialling(directory, request[READER].person, browsers=services.phones is not None)


def dialling(directory: Directory, person: str, *, browsers: bool) -> Dialling:
    """What *person* can call. *browsers*: there are phones in the browser here."""
    if not directory.outgoing:
        return NO_DIALLING
    if browsers and has_browser_phone(directory, person):
        way = Way.BROWSER
    elif _has_device(directory, person):
        way = Way.DEVICE
    else:
        return NO_DIALLING
    return Dialling(way=way, prefixes=directory.outgoing, own=frozenset(directory.numbers))


def _has_device(directory: Directory, person: str) -> bool:
    known = directory.people.get(person)
    return known is not None and any(device.kind is not DeviceKind.BROWSER for device in known.devices)
