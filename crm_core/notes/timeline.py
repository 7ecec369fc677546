"""The timeline of a card: its calls with notes and recordings, its changes, its next steps, in one list.

Whoever may see the card sees all that happened with it, calls of colleagues included, and what was written
of them. To open such a call, and to see its recordings, needs the right to that call.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls import store as calls
from crm_core.db.engine import Database
from crm_core.notes import store, timeline_store
from crm_core.notes.card_store import seen_card
from crm_core.notes.model import TimelineCall, TimelineItem, TimelineKind
from crm_core.paging import Position, cursor_after, page_of, page_size, position_of
from crm_core.people.model import Reader
from crm_core.permissions import Action, scope
from crm_core.recordings import store as recordings


class TimelineService:
    """Reads timelines. Raises Unavailable when the database is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def timeline(
        self,
        reader: Reader,
        customer_id: UUID,
        kinds: Collection[TimelineKind] = (),
        *,
        limit: int = 50,
        cursor: str | None = None,
    ) -> tuple[Sequence[TimelineItem], str | None]:
        """What happened with a card, newest first, and the cursor of the next piece.

        Of a card that became part of another: that other's, which has the changes of both. *kinds*: only
        these; none: all. Raises NotFound for a card that may not be seen, BadInput for a foreign cursor.
        """
        below = position_of(cursor)
        async with self._database.reading() as connection:
            card = await seen_card(connection, reader, customer_id)
            return await piece(connection, reader, card.ids, kinds, limit=limit, below=below)


async def piece(
    connection: AsyncConnection,
    reader: Reader,
    cards: Collection[UUID],
    kinds: Collection[TimelineKind] = (),
    *,
    limit: int,
    below: Position | None = None,
) -> tuple[Sequence[TimelineItem], str | None]:
    """What happened with *cards*, which *reader* may see, as if they were one; as `timeline` gives it."""
    size = page_size(limit)
    found = await _newest(connection, reader, cards, set(kinds) or set(TimelineKind), size + 1, below)
    page, cursor = page_of(found, size, lambda item: cursor_after(item.at, item.id))
    return await _with_details(connection, reader, page), cursor


async def _newest(
    connection: AsyncConnection,
    reader: Reader,
    cards: Collection[UUID],
    wanted: Collection[TimelineKind],
    limit: int,
    below: Position | None,
) -> list[TimelineItem]:
    """The newest *limit* items after *below*: those of each kind, merged."""
    found: list[TimelineItem] = []
    if TimelineKind.CALL in wanted:
        readable = calls.visible(scope(reader, Action.CALLS_READ))
        found += await timeline_store.calls(connection, cards, readable, limit=limit, below=below)
    if TimelineKind.CHANGE in wanted:
        found += await timeline_store.changes(connection, cards, limit=limit, below=below)
    if TimelineKind.STEP in wanted:
        found += await timeline_store.steps(connection, cards, limit=limit, below=below)
    return sorted(found, key=lambda item: (item.at, item.id), reverse=True)[:limit]


async def _with_details(
    connection: AsyncConnection, reader: Reader, items: Sequence[TimelineItem]
) -> tuple[TimelineItem, ...]:
    """*items*, the calls with their notes and recordings."""
    ids = [item.id for item in items if isinstance(item, TimelineCall)]
    notes = await store.of_calls(connection, ids)
    seen = recordings.visible(scope(reader, Action.RECORDINGS_READ))
    heard = await timeline_store.recordings_of(connection, ids, seen)
    return tuple(
        replace(
            item,
            notes=tuple(note for note in notes.get(item.id, ()) if note.text),
            recordings=tuple(heard.get(item.id, ())),
        )
        if isinstance(item, TimelineCall)
        else item
        for item in items
    )
