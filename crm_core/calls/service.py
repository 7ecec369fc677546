"""Use cases of people with calls: find them, read one, say what became of it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import true

from crm_core.audit.store import record
from crm_core.calls import store
from crm_core.calls.events import CallChanged
from crm_core.calls.model import Call, CallState
from crm_core.calls.store import CallFilter
from crm_core.clock import Clock
from crm_core.db import outbox
from crm_core.db.engine import Database
from crm_core.errors import BadInput, NotFound
from crm_core.i18n import N_
from crm_core.ids import parse_id
from crm_core.people.model import Reader
from crm_core.permissions import Action, scope

MAX_PAGE = 200
MAX_DISPOSITION = 200


class CallService:
    """Calls as the database has them. Every method raises Unavailable when it is away."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def list(
        self,
        reader: Reader,
        *,
        phone: str | None = None,
        since: datetime | None = None,
        agent: str | None = None,
        state: CallState | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> tuple[Sequence[Call], str | None]:
        """Calls that *reader* may see, newest first, and the cursor of the next piece.

        *phone*: E.164 of the other side; *agent*: took part or was rung. Calls that became part of another
        are not listed. Raises BadInput for a foreign cursor.
        """
        limit = max(1, min(limit, MAX_PAGE))
        asked = CallFilter(phone=phone, since=since, agent=agent, state=state)
        seen = store.visible(scope(reader, Action.CALLS_READ))
        below = None if cursor is None else _position(cursor)
        async with self._database.transaction() as connection:
            found = await store.find(connection, asked, seen, limit=limit + 1, below=below)
        piece = found[:limit]
        return piece, _cursor(piece[-1]) if len(found) > limit else None

    async def get(self, reader: Reader, call_id: UUID) -> Call:
        """One call; for one that became part of another, that other.

        Raises NotFound, also when it may not be seen.
        """
        async with self._database.transaction() as connection:
            seen = store.visible(scope(reader, Action.CALLS_READ))
            return _there(await store.get(connection, call_id, seen))

    async def met(self, reader: Reader, customer_id: UUID) -> bool:
        """Whether *reader* may see a call of this card."""
        seen = store.visible(scope(reader, Action.CALLS_READ))
        async with self._database.transaction() as connection:
            asked = CallFilter(customer_id=customer_id)
            return bool(await store.find(connection, asked, seen, limit=1, below=None))

    async def find(self, call_id: UUID) -> Call | None:
        """The call, whoever asks: for the house's own parts."""
        async with self._database.transaction() as connection:
            return await store.get(connection, call_id, true())

    async def set_disposition(self, reader: Reader, call_id: UUID, disposition: str | None) -> Call:
        """Write what *reader* says of the call, None to take it back; the call as it is then.

        Raises NotFound, also when it may not be seen, and BadInput for a text that is too long.
        """
        disposition = (disposition or "").strip() or None
        if disposition is not None and len(disposition) > MAX_DISPOSITION:
            raise BadInput(N_("The disposition is too long."), field="disposition")
        async with self._database.transaction() as connection:
            seen = store.visible(scope(reader, Action.CALLS_WRITE))
            call = _there(await store.get(connection, call_id, seen))
            if call.disposition == disposition:
                return call
            changed = replace(call, disposition=disposition)
            now = self._clock.now()
            await store.set_disposition(connection, call.id, disposition)
            await record(
                connection,
                actor=reader.person,
                action="call.disposition_set",
                kind="call",
                subject=call.id,
                at=now,
                before={"disposition": call.disposition},
                after={"disposition": disposition},
            )
            await outbox.add(connection, [CallChanged(at=now, pbx=call.pbx, call=changed)])
        return changed


def _there(call: Call | None) -> Call:
    if call is None:
        raise NotFound(N_("There is no such call."))
    return call


def _cursor(call: Call) -> str:
    """Where the list goes on: start and id of the last call shown."""
    return base64.urlsafe_b64encode(f"{call.started_at.isoformat()}|{call.id}".encode()).decode()


def _position(cursor: str) -> tuple[datetime, UUID]:
    try:
        moment, _, rest = base64.urlsafe_b64decode(cursor.encode()).decode().partition("|")
        at, call_id = datetime.fromisoformat(moment).astimezone(UTC), parse_id(rest)
    except (ValueError, OverflowError, binascii.Error):
        raise BadInput(N_("This cursor is not from here."), field="cursor") from None
    if call_id is None:
        raise BadInput(N_("This cursor is not from here."), field="cursor")
    return at, call_id
