"""The language of an answer (RFC 9110 section 12.5.4)."""

from __future__ import annotations

from aiohttp import web

from crm_core.i18n import LANGUAGES


def asked_language(request: web.BaseRequest) -> str:
    """The first of our languages that Accept-Language prefers; English when none is named."""
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
