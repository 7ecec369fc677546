"""Use cases of people with calls: find them, read one, say what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import true

from crm_core.audit.store import record
from crm_core.calls import dispositions, lines, store
from crm_core.calls.dispositions import Disposition
from crm_core.calls.events import CallChanged, CustomerChosen
from crm_core.calls.lines import CallLine, LineFilter
from crm_core.calls.model import Call, CallState, Direction
from crm_core.calls.store import CallFilter
from crm_core.calls.trace import Code, first_agent, line
from crm_core.clock import Clock
from crm_core.customers import choosing, owning
from crm_core.customers import store as cards
from crm_core.db import outbox
from crm_core.db.engine import Database
from crm_core.errors import BadInput, NotFound
from crm_core.i18n import N_, Message
from crm_core.paging import cursor_after, page_of, page_size, position_of
from crm_core.people.model import Reader
from crm_core.permissions import Action, scope


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
        size = page_size(limit)
        asked = CallFilter(phone=phone, since=since, agent=agent, state=state)
        seen = store.visible(scope(reader, Action.CALLS_READ))
        below = position_of(cursor)
        async with self._database.reading() as connection:
            found = await store.find(connection, asked, seen, limit=size + 1, below=below)
        return page_of(found, size, lambda call: cursor_after(call.started_at, call.id))

    async def lines(
        self, reader: Reader, asked: LineFilter, *, limit: int = 50, cursor: str | None = None
    ) -> tuple[Sequence[CallLine], str | None]:
        """The journal that *reader* may see, newest first, and the cursor of the next piece.

        Calls that became part of another are not listed. Raises BadInput for a foreign cursor.
        """
        size = page_size(limit)
        seen = store.visible(scope(reader, Action.CALLS_READ))
        below = position_of(cursor)
        async with self._database.reading() as connection:
            found = await lines.find(connection, asked, seen, limit=size + 1, below=below)
        return page_of(found, size, lambda line: cursor_after(line.started_at, line.id))

    async def get(self, reader: Reader, call_id: UUID) -> Call:
        """One call; for one that became part of another, that other.

        Raises NotFound, also when it may not be seen.
        """
        async with self._database.reading() as connection:
            seen = store.visible(scope(reader, Action.CALLS_READ))
            return _there(await store.get(connection, call_id, seen))

    async def met(self, reader: Reader, customer_id: UUID) -> bool:
        """Whether *reader* may see a call of this card."""
        seen = store.visible(scope(reader, Action.CALLS_READ))
        async with self._database.reading() as connection:
            card = await cards.merged_into(connection, customer_id) or customer_id
            asked = CallFilter(customer_id=card)
            return bool(await store.find(connection, asked, seen, limit=1, below=None))

    async def find(self, call_id: UUID) -> Call | None:
        """The call, whoever asks: for the house's own parts."""
        async with self._database.reading() as connection:
            return await store.get(connection, call_id, true())

    async def dispositions(self, pbx: str = "main") -> Sequence[Disposition]:
        """What may be said of calls of *pbx*, in the order to show it."""
        async with self._database.reading() as connection:
            return await dispositions.load(connection, pbx)

    async def set_disposition(self, reader: Reader, call_id: UUID, disposition: str | None) -> Call:
        """Write what *reader* says of the call, None to take it back; the call as it is then.

        Raises NotFound, also when it may not be seen, and BadInput for what is not in the list of the office
        (`dispositions`).
        """
        disposition = (disposition or "").strip() or None
        async with self._database.transaction() as connection:
            seen = store.visible(scope(reader, Action.CALLS_WRITE))
            call = _there(await store.get(connection, call_id, seen))
            if call.disposition == disposition:
                return call
            if disposition is not None:
                _require(disposition, await dispositions.load(connection, call.pbx))
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

    async def choose_customer(self, reader: Reader, call_id: UUID, customer_id: UUID) -> Call:
        """Say which card the other side is; remembered for the number and the number dialled. The call then.

        Also for a call that is over, and to put right what was chosen wrongly. Who answered first becomes
        the owner of a card without one. Other calls of the number stay as they are. Raises NotFound when
        the call or the card may not be seen, or the card has not the caller's number.
        """
        now = self._clock.now()
        async with self._database.transaction() as connection:
            seen = store.visible(scope(reader, Action.CALLS_WRITE))
            call = _there(await store.get(connection, call_id, seen))
            number = call.customer_number
            if call.direction is Direction.INTERNAL or number is None:
                raise NotFound(N_("There is no such card with this number."))
            card = await choosing.choose(connection, reader, number, did=call.did, card=customer_id, at=now)
            agent = first_agent(call)
            if agent is not None:
                card = await owning.take(connection, card, agent, now)
            if call.customer_id == card.id:
                return call
            said = line(now, Code.CUSTOMER_CHOSEN, agent=reader.person, title=card.title)
            chosen = replace(
                call,
                customer_id=card.id,
                customer_title=card.title,
                owner=card.owner,
                choices=(),
                trace=(*call.trace, said),
            )
            await store.set_customer(connection, chosen, said)
            await outbox.add(
                connection, [CustomerChosen(at=now, pbx=call.pbx, call=chosen, by=reader.person)]
            )
        return chosen


def _there(call: Call | None) -> Call:
    if call is None:
        raise NotFound(N_("There is no such call."))
    return call


def _require(name: str, known: Sequence[Disposition]) -> None:
    if all(one.name != name for one in known):
        listed = ", ".join(one.name for one in known)
        raise BadInput(
            N_("This is not a disposition of the office."),
            field="disposition",
            hint=Message("known: {names}", names=listed),
        )
