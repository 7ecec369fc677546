"""A ledger on a real file and a real database, stepped by a clock of the test's own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from callrouter.ledger.reader import CelReader
from callrouter.ledger.rows import read_row
from callrouter.ledger.service import Ledger, Surroundings
from callrouter.ledger.settling import settlement_of
from crm_core.calls.ledger_store import LedgerStore
from crm_core.calls.settlement import Settlement, settle
from crm_core.db.engine import Database
from crm_core.health import Health
from tests.fakes.clock import FakeClock
from tests.unit.callrouter.ledger.records import NAMES, OFFICE, recorded

PBX = "main"


async def until(check: Callable[[], Awaitable[bool]], what: str, timeout: float = 20.0) -> None:
    """Wait for what another task does. Raises AssertionError."""
    deadline = time.monotonic() + timeout
    while not await check():
        assert time.monotonic() < deadline, f"waited {timeout} s for {what}"
        await asyncio.sleep(0.01)


async def fetch(database: Database, sql: str, *values: Any) -> list[Any]:
    async with database.hot(timeout_s=10) as connection:
        return [tuple(row) for row in await connection.fetch(sql, *values)]


async def settled_count(database: Database) -> int:
    """Calls that are settled and no part of another."""
    ((count,),) = await fetch(database, "SELECT count(*) FROM calls WHERE settled AND merged_into IS NULL")
    return int(count)


async def dump(database: Database) -> dict[str, Any]:
    """Everything stored of every call but when it was written."""
    calls = await fetch(database, "SELECT id::text, to_jsonb(calls) - 'trace' - 'version' FROM calls")
    legs = await fetch(
        database, "SELECT channel, call_id::text, role, agent, talk_s, started_at, ended_at FROM call_legs"
    )
    return {"calls": dict(calls), "legs": sorted(legs, key=lambda leg: str(leg[0]))}


def settlement(name: str) -> Settlement:
    """What the ledger says of one recorded call."""
    lines = recorded(name).splitlines(keepends=True)
    found = settlement_of([row for line in lines if (row := read_row(line)) is not None], OFFICE)
    assert found is not None
    return found


def outcomes() -> dict[str, str]:
    """Call id → outcome of every recorded call, from its rows alone."""
    calls = [settle(None, settlement(name), PBX) for name in NAMES]
    return {str(call.id): str(call.outcome) for call in calls}


class Stand:
    """One life of a ledger."""

    def __init__(self, database: Database, path: Path, around: Surroundings | None = None) -> None:
        self.clock = FakeClock()
        self.health = Health(self.clock)
        self.store = LedgerStore(database, self.clock, pbx=PBX)
        self.database = database
        self.ledger = Ledger(
            CelReader(path),
            self.store,
            clock=self.clock,
            health=self.health,
            directory=OFFICE,
            around=around,
            poll_s=0.01,
        )

    async def until_settled(self, count: int) -> None:
        """Let the clock run until so many calls are settled."""

        async def there() -> bool:
            self.clock.advance(0.2)
            return await settled_count(self.database) >= count

        await until(there, f"{count} settled calls")


@asynccontextmanager
async def following(
    database: Database, path: Path, around: Surroundings | None = None
) -> AsyncIterator[Stand]:
    """A ledger that follows *path*."""
    stand = Stand(database, path, around)
    await stand.ledger.start()
    try:
        yield stand
    finally:
        await stand.ledger.stop()


def everything() -> bytes:
    """All recorded calls in one file, in the order they were made."""

    def began(data: bytes) -> bytes:
        return data.split(b",")[1]

    files: list[bytes] = [recorded(name) for name in NAMES]
    files.sort(key=began)
    return b"".join(files)


__all__ = [
    "PBX",
    "Stand",
    "dump",
    "everything",
    "fetch",
    "following",
    "outcomes",
    "settled_count",
    "settlement",
    "until",
]
