"""Cursors of lists that go on after a moment and an id, newest first."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from uuid import UUID

from crm_core.errors import BadInput
from crm_core.i18n import N_
from crm_core.ids import parse_id


def cursor_after(at: datetime, id: UUID) -> str:
    """Where a list goes on: moment and id of the last item shown, as one word."""
    return base64.urlsafe_b64encode(f"{at.isoformat()}|{id}".encode()).decode()


def position_of(cursor: str) -> tuple[datetime, UUID]:
    """What `cursor_after` was given. Raises BadInput for any other text."""
    try:
        moment, _, rest = base64.urlsafe_b64decode(cursor.encode()).decode().partition("|")
        at, id = datetime.fromisoformat(moment).astimezone(UTC), parse_id(rest)
    except (ValueError, OverflowError, binascii.Error):
        raise BadInput(N_("This cursor is not from here."), field="cursor") from None
    if id is None:
        raise BadInput(N_("This cursor is not from here."), field="cursor")
    return at, id
