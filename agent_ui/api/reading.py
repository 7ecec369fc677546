"""Reading what askers write: telephone numbers, times, and pages of lists that are held in memory."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

from agent_ui.api.route import Ask
from crm_core.errors import BadInput
from crm_core.i18n import N_
from crm_core.live.model import LiveAgent, LiveQueue
from crm_core.phone_number import to_e164

T = TypeVar("T", LiveAgent, LiveQueue)


def e164(phone: str | None, ask: Ask[Any, Any]) -> str | None:
    """*phone* in E.164, read by the customs of the asker's office; short numbers stay as they are.

    Raises BadInput. In an address a plus sign reads as a space: ` 7495…` is taken for `+7495…`.
    """
    if phone is None:
        return None
    text = phone.strip()
    if text.isascii() and text.isdigit() and len(text) <= 6:
        return text
    if phone.startswith(" "):
        text = "+" + text
    number = to_e164(text, country=ask.services.hub.directory.country_of(ask.reader.office))
    if number is None:
        raise BadInput(N_("This is not a telephone number."), field="phone", hint="+74955550142")
    return number


def utc(since: datetime | None) -> datetime | None:
    """*since* in UTC. Raises BadInput for a time that only its offset keeps inside the calendar."""
    if since is None:
        return None
    try:
        return since.astimezone(UTC)
    except OverflowError:
        raise BadInput(
            N_("Something in the request is not of the form asked for."),
            field="since",
            hint="Not within the years 1 to 9999",
        ) from None


def page(items: Iterable[T], *, limit: int, cursor: str | None) -> tuple[tuple[T, ...], str | None]:
    """A piece of *items* by name; the cursor is the last name of the piece before."""
    rest = sorted((i for i in items if cursor is None or i.name > cursor), key=lambda item: item.name)
    piece = tuple(rest[:limit])
    return piece, piece[-1].name if len(rest) > limit else None
