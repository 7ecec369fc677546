"""Events written in the transaction of their cause, handed to the bus after it.

`add` puts them beside the change; `OutboxRelay` publishes what is not published yet, in order of
writing, also what a crash left behind. A row is marked after the bus took it, so it is handed over at
least once: consumers dedupe by event id. A row that cannot be read goes to `dead_letters` after three
tries and holds up nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import BigInteger, Identity, Index, SmallInteger, delete, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.bus.event import Event, event_name, read_body
from crm_core.bus.port import Bus
from crm_core.call_path import CallPath
from crm_core.clock import Clock
from crm_core.db.base import Base
from crm_core.db.engine import Database
from crm_core.errors import BadInput, Unavailable

log = structlog.get_logger(__name__)

_BATCH = 500
_TRIES = 3
_KEEP = timedelta(days=1)
_CLEAN_EVERY_S = 600.0
_MOMENT_S = 0.02  # after being woken: what is written side by side goes out together
_SWEEP_S = 10.0
_WAITS_S = 1.0  # for questions that are being answered
_RELAY_LOCK = 0x43_43_4F_42  # advisory lock key, "CCOB": one relay at a time keeps the order


_WAITING = """
SELECT seq, name, body::text AS body, tries FROM outbox WHERE published_at IS NULL ORDER BY seq LIMIT $1"""
_PUBLISHED = "UPDATE outbox SET published_at = $1 WHERE seq = ANY($2)"
_BURY = """
WITH gone AS (DELETE FROM outbox WHERE seq = $1 RETURNING seq, event_id, name, body, created_at)
INSERT INTO dead_letters (seq, event_id, name, body, created_at, error)
SELECT seq, event_id, name, body, created_at, $2 FROM gone"""


class OutboxRow(Base):
    """An event that everybody is to see. *seq* grows with writing; gaps are rolled back transactions."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_waiting", "seq", postgresql_where=text("published_at IS NULL")),)

    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    event_id: Mapped[UUID] = mapped_column(unique=True)
    name: Mapped[str]
    body: Mapped[dict[str, Any]]
    tries: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    published_at: Mapped[datetime | None]


class DeadLetterRow(Base):
    """A row of the outbox that could not be read, and why. Kept for people to look at."""

    __tablename__ = "dead_letters"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[UUID]
    name: Mapped[str]
    body: Mapped[dict[str, Any]]
    error: Mapped[str]
    created_at: Mapped[datetime]
    buried_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


async def add(connection: AsyncConnection, events: Iterable[Event]) -> None:
    """Write *events* in the transaction of *connection*; one that is there already is left alone."""
    rows = [
        {"event_id": event.id, "name": event_name(event), "body": msgspec.to_builtins(event)}
        for event in events
    ]
    if rows:
        await connection.execute(upsert(OutboxRow).on_conflict_do_nothing(), rows)


async def add_hot(connection: Any, events: Iterable[Event]) -> None:
    """As `add`, on the plain asyncpg connection of `Database.hot`, inside its `transaction()`."""
    rows = [(event.id, event_name(event), msgspec.json.encode(event).decode()) for event in events]
    if rows:
        await connection.executemany(
            "INSERT INTO outbox (event_id, name, body) VALUES ($1, $2, $3::text::jsonb)"
            " ON CONFLICT DO NOTHING",
            rows,
        )


class OutboxRelay:
    """`start()`, `wake()` after each commit that added events, `stop()`. One per process is enough;
    of several, in several processes, one works at a time.
    """

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Clock,
        *,
        interval_s: float = 1.0,
        path: CallPath | None = None,
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._interval_s = interval_s
        self._path = path or CallPath()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._clean_at = clock.monotonic()

    async def start(self) -> None:
        """Begin with what is there already."""
        self._wake.set()
        self._task = asyncio.create_task(self._run(), name="outbox-relay")

    async def stop(self) -> None:
        """Stop; what is not published stays for the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    def wake(self) -> None:
        """There is something new. Without this it is found within *interval_s*."""
        self._wake.set()

    async def sweep(self) -> int:
        """Publish what waits now; how many events went out. Raises Unavailable."""
        published = 0
        while True:
            taken, gone_out = await self._sweep_batch()
            published += gone_out
            if taken < _BATCH:
                break
        await self._clean()
        return published

    async def _run(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._interval_s):
                    await self._wake.wait()
                await asyncio.sleep(_MOMENT_S)
            except TimeoutError:
                pass  # a look without being asked: another process may have written
            await self._path.give_way(_WAITS_S)
            self._wake.clear()
            try:
                await self.sweep()
            except Unavailable as error:
                log.warning("outbox waits", reason=error.message)
                await asyncio.sleep(self._interval_s)
            except Exception:  # rights were taken, tables are being changed: it passes, and they wait
                log.exception("outbox is not read")
                await asyncio.sleep(self._interval_s)

    async def _sweep_batch(self) -> tuple[int, int]:
        """One batch in one transaction: rows taken, events published."""
        async with self._database.hot(timeout_s=_SWEEP_S) as connection, connection.transaction():
            # A statement of its own: the next one must see what the relay before us has marked.
            if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _RELAY_LOCK):
                return 0, 0
            rows = await connection.fetch(_WAITING, _BATCH)
            events, poison = _read(rows)
            await self._bus.publish(*events.values())
            if events:
                await connection.execute(_PUBLISHED, self._clock.now(), list(events))
            for row, error in poison:
                await self._set_aside(connection, row, error)
            return len(rows), len(events)

    async def _set_aside(self, connection: Any, row: Any, error: str) -> None:
        """Count one more try, or bury the row when it was the last."""
        if row["tries"] + 1 < _TRIES:
            await connection.execute("UPDATE outbox SET tries = tries + 1 WHERE seq = $1", row["seq"])
            return
        log.error("outbox row is unreadable", seq=row["seq"], name=row["name"], reason=error)
        await connection.execute(_BURY, row["seq"], error)

    async def _clean(self) -> None:
        """Now and then, delete what was published a day ago or earlier."""
        if self._clock.monotonic() < self._clean_at:
            return
        self._clean_at = self._clock.monotonic() + _CLEAN_EVERY_S
        async with self._database.transaction() as connection:
            old = self._clock.now() - _KEEP
            await connection.execute(delete(OutboxRow).where(OutboxRow.published_at < old))


def _read(rows: Sequence[Any]) -> tuple[dict[int, Event], list[tuple[Any, str]]]:
    """The events of *rows* by seq, and the rows that hold none with the reason."""
    events: dict[int, Event] = {}
    poison: list[tuple[Any, str]] = []
    for row in rows:
        try:
            events[row["seq"]] = read_body(row["name"], row["body"])
        except BadInput as error:
            poison.append((row, f"{error.message}: {error.__cause__}" if error.__cause__ else error.message))
    return events, poison
