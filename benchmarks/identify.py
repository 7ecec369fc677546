"""`CustomerService.identify` at a million cards, beside the least any lookup can cost on the same server.

    python -m benchmarks.identify [cards]

Prints one JSON line each for
    identify.p50, identify.p99            a known number; peer: SELECT by the same unique index
    identify.first_call.p99               a new number, which makes a card; peer: INSERT of one row
    identify.concurrent_first_calls       cards made by 50 first calls of one number at once; peer: 1
Ours and the peer alternate on one connection pool, so both meet the same machine at the same moment.
"""

from __future__ import annotations

import asyncio
import logging
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import structlog

from benchmarks.million import fill, number
from benchmarks.report import line, spread
from crm_core.clock import SystemClock
from crm_core.customers.service import CustomerService
from crm_core.db.embedded import EmbeddedPostgres
from crm_core.db.engine import Database
from crm_core.db.migrate import upgrade

CARDS = 1_000_000
LOOKUPS = 20_000
FIRST_CALLS = 2_000
WARM_UP = 500
AT_ONCE = 50
DID = "+74955550100"
SELECT = "SELECT id FROM contact_points WHERE kind = 'phone' AND value = $1"


async def alternate(
    count: int, ours: Callable[[int], Awaitable[object]], peer: Callable[[int], Awaitable[object]]
) -> tuple[list[float], list[float]]:
    """Milliseconds of *count* runs of each, in turns."""
    times: tuple[list[float], list[float]] = ([], [])
    for index in range(WARM_UP + count):
        for act, kept in zip((ours, peer), times, strict=True):
            start = time.perf_counter()
            await act(index)
            if index >= WARM_UP:
                kept.append((time.perf_counter() - start) * 1000)
    return times


async def measure_lookups(database: Database, customers: CustomerService, cards: int) -> None:
    """A known number against the bare index."""
    order = [number(random.randrange(cards)) for _ in range(WARM_UP + LOOKUPS)]

    async def ours(index: int) -> object:
        return await customers.identify(order[index], office="moscow", via=DID, timeout_s=5)

    async def peer(index: int) -> object:
        async with database.hot(timeout_s=5) as connection:
            return await connection.fetchrow(SELECT, order[index])

    mine, other = await alternate(LOOKUPS, ours, peer)
    spread("identify", mine, other, shares=(0.5, 0.99))


async def measure_first_calls(database: Database, customers: CustomerService, cards: int) -> None:
    """A new number: contact point, card and event, against one row that waits for the disk."""

    async def ours(index: int) -> object:
        return await customers.identify(number(cards + index), office="moscow", via=DID, timeout_s=5)

    async def peer(index: int) -> object:
        async with database.hot(timeout_s=5) as connection:
            return await connection.execute("INSERT INTO one_row VALUES ($1)", number(cards + index))

    mine, other = await alternate(FIRST_CALLS, ours, peer)
    spread("identify.first_call", mine, other, shares=(0.99,))


async def measure_race(dsn: str) -> None:
    """First calls of one number at once, each on its own connection."""
    database = await Database.open(dsn, hot_size=AT_ONCE)
    customers = CustomerService(database, SystemClock())
    new = "+78125550199"
    await asyncio.gather(
        *(customers.identify(new, office="moscow", via=DID, timeout_s=30) for _ in range(AT_ONCE))
    )
    async with database.hot(timeout_s=5) as connection:
        made = await connection.fetchval("SELECT count(*) FROM customers WHERE title = $1", new)
    await database.close()
    line("identify.concurrent_first_calls", ours=made, peer=1, unit="cards", n=AT_ONCE)


async def _plain_table(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("CREATE TABLE one_row (value text PRIMARY KEY)")
    await connection.close()


async def main(cards: int = CARDS) -> None:
    """Start a PostgreSQL of its own, fill it, measure, stop it."""
    random.seed(22)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory(prefix="cc-bench-") as home:
        await asyncio.to_thread(
            Path(home).chmod, 0o755
        )  # under root PostgreSQL runs as another user, who must get in
        server = EmbeddedPostgres(Path(home) / "postgres")
        dsn = await server.start()
        try:
            await upgrade(dsn)
            await fill(dsn, cards)
            await _plain_table(dsn)
            database = await Database.open(dsn, hot_size=1)
            customers = CustomerService(database, SystemClock())
            await measure_lookups(database, customers, cards)
            await measure_first_calls(database, customers, cards)
            await database.close()
            await measure_race(dsn)
        finally:
            await server.stop()


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:2])))
