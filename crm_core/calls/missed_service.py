"""The worklist of missed calls as people read it and tick it off. Lines close themselves: see `missed`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, false, func, not_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from crm_core.calls import missed_store
from crm_core.calls.missed import MissedCount, MissedLine, Whose
from crm_core.calls.missed_tables import MissedLineRow
from crm_core.calls.model import Outcome
from crm_core.clock import Clock
from crm_core.customers.tables import CustomerRow
from crm_core.db.engine import Database
from crm_core.errors import NotFound
from crm_core.i18n import N_
from crm_core.ids import new_id
from crm_core.paging import page_size
from crm_core.people.model import Reader
from crm_core.people.tables import PersonRow
from crm_core.permissions import Action, Scope, scope
from crm_core.queues.tables import NumberRow, QueueMemberRow

KEPT = timedelta(days=30)  # older ones are no work any more, and keep the list quick to read
WAIT_S = 5.0

_DONE = """
WITH done AS (
    UPDATE missed_lines SET done_until = least($2, last_at), done_by = $3, done_at = $4
    WHERE id = $1 AND calls > 0 AND (done_until IS NULL OR done_until < least($2, last_at))
    RETURNING id, done_until
), audited AS (
    INSERT INTO audit (id, at, actor, action, subject_kind, subject_id, after)
    SELECT $5, $4, $3, 'missed.done', 'missed', id::text, jsonb_build_object('until', done_until) FROM done
)
SELECT count(*) FROM done"""

# Of the line's card, now. Looked up line by line: joined, PostgreSQL would read all cards for it.
_OWNER = select(CustomerRow.owner).where(CustomerRow.id == MissedLineRow.customer_id).scalar_subquery()


class MissedService:
    """Lines a reader may see. Methods raise Unavailable when the database is away."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def missed(self, reader: Reader, whose: Whose, *, limit: int = 50) -> Sequence[MissedLine]:
        """Open lines of the last 30 days, the latest call first, 200 at most.

        Agents see lines of calls that rang at them or of their own cards (mine), and of their queues
        (shared); supervisors those of their office besides. No line is in both parts.
        """
        own = _mine(reader.person)
        async with self._database.reading() as connection:
            where = await self._open(connection, reader)
            where.append(own if whose is Whose.MINE else not_(own))
            return await _lines(connection, where, page_size(limit))

    async def count(self, reader: Reader) -> MissedCount:
        """How many lines `missed` has of each part, all of them counted."""
        own = _mine(reader.person)
        asked = select(func.count().filter(own), func.count().filter(not_(own))).select_from(MissedLineRow)
        async with self._database.reading() as connection:
            rows = await connection.execute(asked.where(*await self._open(connection, reader)))
            mine, shared = rows.one()
        return MissedCount(mine=mine, shared=shared)

    async def _open(self, connection: AsyncConnection, reader: Reader) -> list[ColumnElement[bool]]:
        """Lines of which something is to be done, and which *reader* may see."""
        visible = await _visible(connection, scope(reader, Action.CALLS_WAITING))
        return [MissedLineRow.calls > 0, MissedLineRow.last_at > self._clock.now() - KEPT, visible]

    async def done(self, reader: Reader, line_id: UUID, seen: datetime) -> None:
        """Say that the calls of a line up to *seen* (its `last_at` as it was shown) need nothing more.

        A call missed since then keeps the line open. Saying it twice says nothing. Audited. Raises NotFound,
        also for a line that may not be seen.
        """
        async with self._database.transaction() as connection:
            visible = await _visible(connection, scope(reader, Action.CALLS_WAITING))
            found = await _lines(connection, [MissedLineRow.id == line_id, visible], 1)
        if not found:
            raise NotFound(N_("There is no such missed call."))
        now = self._clock.now()
        async with self._database.hot(timeout_s=WAIT_S) as connection, connection.transaction():
            await missed_store.lock(connection, [found[0].number])
            if await connection.fetchval(_DONE, line_id, seen, reader.person, now, new_id()):
                await missed_store.refresh_one(connection, found[0].number, now)


def _mine(person: str) -> ColumnElement[bool]:
    return or_(MissedLineRow.offered.contains([person]), _OWNER.is_not_distinct_from(person))


async def _visible(connection: AsyncConnection, seen: Scope) -> ColumnElement[bool]:
    """Lines that *seen* holds."""
    if seen.all:
        return true()
    where: list[ColumnElement[bool]] = []
    if seen.person is not None:
        queues = select(QueueMemberRow.pbx, QueueMemberRow.queue).where(QueueMemberRow.agent == seen.person)
        where.append(_mine(seen.person))
        where += await _holding(connection, MissedLineRow.queues, queues)
    if seen.office is not None:
        # Also calls that never came as far as a queue, or whose number the ledger did not know.
        numbers = select(NumberRow.pbx, NumberRow.e164).where(NumberRow.office == seen.office)
        queues = select(NumberRow.pbx, NumberRow.queue).where(NumberRow.office == seen.office)
        people = select(func.array_agg(PersonRow.name)).where(PersonRow.office == seen.office)
        where += await _holding(connection, MissedLineRow.dids, numbers)
        where += await _holding(connection, MissedLineRow.queues, queues)
        where.append(MissedLineRow.offered.overlap(people.scalar_subquery()))
    return or_(*where) if where else false()


async def _holding(
    connection: AsyncConnection, column: InstrumentedAttribute[list[str]], names: Select[str, str]
) -> list[ColumnElement[bool]]:
    """Lines with one of *names* (PBX and name) in *column*: fetched first, so that lists are constants."""
    of_pbx: dict[str, set[str]] = {}
    for pbx, name in await connection.execute(names):
        of_pbx.setdefault(pbx, set()).add(name)
    return [and_(MissedLineRow.pbx == pbx, column.overlap(sorted(found))) for pbx, found in of_pbx.items()]


async def _lines(
    connection: AsyncConnection, where: Sequence[ColumnElement[bool]], limit: int
) -> Sequence[MissedLine]:
    title = select(CustomerRow.title).where(CustomerRow.id == MissedLineRow.customer_id)
    rows = await connection.execute(
        select(
            MissedLineRow.__table__, title.scalar_subquery().label("customer_title"), _OWNER.label("owner")
        )
        .where(*where)
        .order_by(MissedLineRow.last_at.desc(), MissedLineRow.id.desc())
        .limit(limit)
    )
    return tuple(_line(row) for row in rows)


def _line(row: Row[Any]) -> MissedLine:
    values = {field: getattr(row, field) for field in MissedLine.__dataclass_fields__}
    values["last_outcome"], values["offered"] = Outcome(row.last_outcome), tuple(row.offered)
    return MissedLine(**values)
