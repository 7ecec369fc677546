"""Pages of lists, newest first: how long one is, and the cursor by which the next goes on."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from crm_core.errors import BadInput
from crm_core.i18n import N_
from crm_core.ids import parse_id

MAX_PAGE = 200

Position = tuple[datetime, UUID]  # moment and id of the last item shown
T = TypeVar("T")


def page_size(limit: int) -> int:
    """How many items a page has when *limit* were asked for."""
    return max(1, min(limit, MAX_PAGE))


def page_of(found: Sequence[T], size: int, cursor: Callable[[T], str]) -> tuple[Sequence[T], str | None]:
    """The page, and the cursor of the next when there is one: *found* is one item more then."""
    page = found[:size]
    return page, cursor(page[-1]) if len(found) > size else None


def cursor_after(at: datetime, id: UUID) -> str:
    """Where a list goes on: moment and id of the last item shown, as one word."""
    return base64.urlsafe_b64encode(f"{at.isoformat()}|{id}".encode()).decode()


def position_of(cursor: str | None) -> Position | None:
    """What `cursor_after` was given; None for none: the list from its start. Raises BadInput for another."""
    if cursor is None:
        return None
    try:
        moment, _, rest = base64.urlsafe_b64decode(cursor.encode()).decode().partition("|")
        return datetime.fromisoformat(moment).astimezone(UTC), _id_in(rest)
    except (ValueError, OverflowError, binascii.Error):
        raise _foreign() from None


def id_of(cursor: str | None) -> UUID | None:
    """The id that a cursor is where a list is in the order of ids alone. As `position_of`."""
    return None if cursor is None else _id_in(cursor)


def _id_in(text: str) -> UUID:
    id = parse_id(text)
    if id is None:
        raise _foreign()
    return id


def _foreign() -> BadInput:
    return BadInput(N_("This cursor is not from here."), field="cursor")
