"""In which language and manner a request is answered (RFC 9110 section 12.5.4)."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from agent_ui.services import PREFERENCES, READER, SERVICES
from crm_core.errors import Unavailable
from crm_core.i18n import LANGUAGES
from crm_core.people.model import Office, Theme


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """All that decides how a value is put into words. The same manner gives the same text.

    *timezone*: IANA name; *country*: ISO 3166, where numbers are written in their national form.
    """

    language: str = LANGUAGES[0]
    timezone: str = "UTC"
    country: str = "ZZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """How one person wants to be answered."""

    manner: Manner
    theme: Theme = Theme.AUTO

    @property
    def language(self) -> str:
        """en, ru or az."""
        return self.manner.language


def preferences(request: web.Request) -> Preferences:
    """What the person chose for their screens; time zone and country of the office they sit in."""
    office = _office(request)
    language = asked_language(request)
    manner = Manner(language=language)
    if office is not None:
        manner = Manner(language=language, timezone=office.timezone, country=office.country)
    chosen = request.get(PREFERENCES)
    return Preferences(manner=manner, theme=chosen.theme if chosen is not None else Theme.AUTO)


def _office(request: web.Request) -> Office | None:
    reader = request.get(READER)
    if reader is None:
        return None
    try:
        return request.app[SERVICES].hub.directory.offices.get(reader.office)
    except Unavailable:  # not loaded yet: a page may come before the first snapshot
        return None


def asked_language(request: web.BaseRequest) -> str:
    """What the signed-in person chose; else the first of our languages that Accept-Language prefers,
    and English when none is named.
    """
    chosen = request.get(PREFERENCES)
    language: str | None = chosen.language if chosen is not None else None
    if language is not None:
        return language
    return best_language(request.headers.get("Accept-Language", ""))


def best_language(header: str) -> str:
    """`ru-RU;q=0.8, az` → az. Unreadable weights count as 0; a long header is not read to its end."""
    wishes = []
    for position, part in enumerate(header[:500].split(",")):
        tag, _, parameters = part.strip().partition(";")
        weight = _weight(parameters)
        if weight > 0:
            wishes.append((-weight, position, tag.strip().lower().partition("-")[0]))
    return next((language for _, _, language in sorted(wishes) if language in LANGUAGES), LANGUAGES[0])


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if not name:
        return 1.0
    if name.strip() != "q":
        return 0.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
