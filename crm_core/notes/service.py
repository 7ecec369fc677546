"""Notes of calls: saved as one types, from any number of tabs and machines, and never lost.

Last writer wins is a loss, and so is a refusal whose reader is gone: the tab that was being closed, the
laptop whose lid fell. So a save on an older version keeps both texts in one (`keeping.keep_both`) and answers
with it; whoever typed sees what came from elsewhere and tidies up. Only when both together are too long is
it refused, by NoteConflict, which carries the stored text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.audit.store import record
from crm_core.calls.store import visible
from crm_core.clock import Clock
from crm_core.db import outbox
from crm_core.db.engine import Database
from crm_core.errors import BadInput, NotFound
from crm_core.i18n import N_
from crm_core.notes import store
from crm_core.notes.events import NoteSaved
from crm_core.notes.keeping import keep_both
from crm_core.notes.model import MAX_KEPT, Note, NoteConflict, note_text, require_length
from crm_core.notes.store import NotedCall
from crm_core.people.model import Reader
from crm_core.permissions import Action, scope


class NoteService:
    """Use cases of notes. Every method raises Unavailable when the database is away."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def save_note(self, reader: Reader, call_id: UUID, text: str, base_version: int) -> Note:
        """Save *reader*'s note of a call; *base_version* is the version that was changed (0: none yet).

        The note as it is stored then. Its text is not *text* when another tab saved in between: it has
        both. Saving the same again changes nothing, so a save without an answer is simply said again. A
        draft becomes final with the disposition, or with the author's next call; it can still be
        corrected, and the audit keeps it as it first was final. Raises BadInput for what is too long or no
        text, NotFound for a call that may not be written about, NoteConflict.
        """
        text = note_text(text)
        if base_version < 0:
            raise BadInput(N_("This version is not from here."), field="base_version")
        now = self._clock.now()
        async with self._database.transaction() as connection:
            call = await _call(connection, reader, call_id, Action.CALLS_WRITE)
            row = await store.locked(connection, call.id, reader.person, now)
            require_length(text, row.text)
            final = await store.final(connection, call.id, reader.person)
            kept = text if row.version == base_version else keep_both(row.text, text)
            if row.version and kept == row.text:
                return store.as_note(row, final=final)
            if len(kept) > max(MAX_KEPT, len(text)):
                raise NoteConflict(store.as_note(row, final=final))
            corrects = final and row.version > 0 and not row.corrected
            if corrects:
                await self._audit(connection, row)
            written = await store.write(
                connection,
                row,
                text=kept,
                version=row.version + 1,
                saved_at=now,
                corrected=row.corrected or corrects,
            )
            await self._say(connection, call, written)
        return store.as_note(written, final=final)

    async def note(self, reader: Reader, call_id: UUID) -> Note:
        """*reader*'s own note of a call, of version 0 when there is none. Raises NotFound."""
        async with self._database.reading() as connection:
            call = await _call(connection, reader, call_id, Action.CALLS_WRITE)
            mine = (await store.of_calls(connection, [call.id], reader.person)).get(call.id, [])
        if len(mine) > 1:  # also of a call that became part of this one: from now on they are one
            async with self._database.transaction() as connection:
                row = await store.locked(connection, call.id, reader.person, self._clock.now())
            mine = [store.as_note(row, final=mine[0].final)]
        return mine[0] if mine else Note(call_id=call.id, author=reader.person)

    async def notes(self, reader: Reader, call_id: UUID) -> Sequence[Note]:
        """What everybody wrote of a call, oldest first. Raises NotFound."""
        async with self._database.reading() as connection:
            call = await _call(connection, reader, call_id, Action.CALLS_READ)
            written = (await store.of_calls(connection, [call.id])).get(call.id, [])
        return tuple(note for note in written if note.text)

    async def _audit(self, connection: AsyncConnection, row: Row[Any]) -> None:
        await record(
            connection,
            actor=row.author,
            action="note.corrected",
            kind="note",
            subject=row.call_id,
            at=self._clock.now(),
            before={"text": row.text},
        )

    async def _say(self, connection: AsyncConnection, call: NotedCall, row: Row[Any]) -> None:
        said = NoteSaved(
            at=row.saved_at,
            pbx=call.pbx,
            call_id=call.id,
            customer_id=call.customer_id,
            author=row.author,
            version=row.version,
        )
        await outbox.add(connection, [said])


async def _call(connection: AsyncConnection, reader: Reader, call_id: UUID, action: Action) -> NotedCall:
    found = await store.call(connection, call_id, visible(scope(reader, action)))
    if found is None:
        raise NotFound(N_("There is no such call."))
    return found
