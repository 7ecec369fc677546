"""The pools against a real PostgreSQL."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from crm_core.db import embedded
from crm_core.db.engine import Database
from crm_core.errors import StartRefused, Unavailable
from crm_core.health import HealthState

pytestmark = pytest.mark.integration


@pytest.fixture
async def scratch(database: Database) -> Database:
    async with database.transaction() as connection:
        await connection.execute(text("CREATE TABLE scratch (n int PRIMARY KEY, body jsonb)"))
    return database


async def _numbers(database: Database) -> list[int]:
    async with database.hot(timeout_s=5) as connection:
        return [row["n"] for row in await connection.fetch("SELECT n FROM scratch ORDER BY n")]


async def test_a_block_that_ends_is_committed(scratch: Database) -> None:
    async with scratch.transaction() as connection:
        await connection.execute(text("INSERT INTO scratch VALUES (1)"))
    assert await _numbers(scratch) == [1]


async def test_a_block_that_raises_is_rolled_back_and_its_error_passes_unchanged(scratch: Database) -> None:
    with pytest.raises(LookupError, match="ours"):
        async with scratch.transaction() as connection:
            await connection.execute(text("INSERT INTO scratch VALUES (1)"))
            raise LookupError("ours")
    assert await _numbers(scratch) == []
    assert scratch.health.state is HealthState.UP


async def test_jsonb_is_a_python_value_on_the_hot_path_and_in_copy(scratch: Database) -> None:
    async with scratch.hot(timeout_s=5) as connection:
        await connection.execute("INSERT INTO scratch VALUES (1, $1)", {"a": [1, None, "Ə"]})
        await connection.copy_records_to_table("scratch", records=[(2, {"b": True})])
        rows = await connection.fetch("SELECT body FROM scratch ORDER BY n")
    assert [row["body"] for row in rows] == [{"a": [1, None, "Ə"]}, {"b": True}]


async def test_a_block_over_its_deadline_is_unavailable_and_leaves_nothing(scratch: Database) -> None:
    with pytest.raises(Unavailable):
        async with scratch.transaction(timeout_s=0.2) as connection:
            await connection.execute(text("INSERT INTO scratch VALUES (1)"))
            await connection.execute(text("SELECT pg_sleep(30)"))
    during = scratch.health
    assert await _numbers(scratch) == []
    assert (during.state, scratch.health.state) == (HealthState.DOWN, HealthState.UP)


async def test_a_cancelled_block_gives_its_connection_back(scratch: Database) -> None:
    """Ten times the size of the pool: a leak of one connection a time would end in a time-out."""
    for _ in range(40):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01), scratch.transaction() as connection:
                await connection.execute(text("SELECT pg_sleep(30)"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01), scratch.hot(timeout_s=5) as hot:
                await hot.execute("SELECT pg_sleep(30)")
    assert await _numbers(scratch) == []


async def test_the_connection_used_last_is_used_again(database: Database) -> None:
    """What it has prepared is not prepared again on each of the others."""

    async def backend() -> int:
        async with database.transaction() as connection:
            return int((await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one())

    async with database.transaction(), database.transaction():  # so that there are several
        last = await backend()
    async with database.transaction():
        pass
    used = [await backend() for _ in range(4)]
    assert len(set(used)) == 1 and last not in used


async def test_who_reads_begins_no_transaction_and_leaves_none_behind(database_dsn: str) -> None:
    database = await Database.open(database_dsn, pool_size=1)
    try:
        async with database.reading() as connection:
            began = (await connection.execute(text("SELECT statement_timestamp()"))).scalar_one()
            later = (await connection.execute(text("SELECT now()"))).scalar_one()
        assert later > began, "each statement has a transaction of its own"
        async with database.transaction() as connection:
            moments = [(await connection.execute(text("SELECT now()"))).scalar_one() for _ in range(2)]
        assert moments[0] == moments[1]
    finally:
        await database.close()


async def test_reading_over_its_deadline_is_unavailable(database_dsn: str) -> None:
    database = await Database.open(database_dsn, pool_size=1, statement_timeout_s=0.3)
    try:
        with pytest.raises(Unavailable):
            async with database.reading() as connection:
                await connection.execute(text("SELECT pg_sleep(30)"))
        async with database.reading() as connection:
            assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1
    finally:
        await database.close()


async def test_a_connection_made_while_all_are_closed_is_closed_too(
    database: Database, database_dsn: str
) -> None:
    connected = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    async with database.hot(timeout_s=60) as looking:
        before = await looking.fetchval(connected)
        for step in range(12):
            opened = await Database.open(database_dsn, require=False)
            using = [asyncio.create_task(_use(opened), name=f"use-{n}") for n in range(4)]
            await asyncio.sleep(step * 0.002)
            await opened.close()
            await asyncio.gather(*using)
            async with asyncio.timeout(10):
                while await looking.fetchval(connected) > before:
                    await asyncio.sleep(0.01)


async def _use(opened: Database) -> None:
    try:
        async with opened.transaction() as connection:
            await connection.execute(text("SELECT 1"))
    except Unavailable:
        pass  # closed meanwhile


async def test_a_full_hot_pool_is_unavailable_in_time(database_dsn: str) -> None:
    database = await Database.open(database_dsn, hot_size=1)
    try:
        async with database.hot(timeout_s=5):
            with pytest.raises(Unavailable):
                async with database.hot(timeout_s=0.1):
                    pytest.fail("there is only one connection")
    finally:
        await database.close()


async def test_nobody_listening_is_unavailable_at_open() -> None:
    with pytest.raises(Unavailable):
        await Database.open("postgresql://callcard@127.0.0.1:1/callcard")


async def test_a_missing_database_refuses_the_start_in_one_line(postgres_home: Path) -> None:
    with pytest.raises(StartRefused, match=r"CALLCARD_DATABASE_URL: .*not_there"):
        await Database.open(embedded.dsn(postgres_home, "not_there"))


async def test_opens_without_a_server_when_told_so() -> None:
    database = await Database.open("postgresql://callcard@127.0.0.1:1/callcard", require=False)
    assert (await database.check()).state is HealthState.DOWN
    await database.close()


async def test_an_idle_hot_connection_the_server_closed_is_replaced(database: Database) -> None:
    async with database.hot(timeout_s=5) as connection:
        first = await connection.fetchval("SELECT pg_backend_pid()")
    async with database.hot(timeout_s=5) as connection:
        assert await connection.fetchval("SELECT pg_backend_pid()") == first, "the last one back is first out"
    async with database.transaction() as other:
        await other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": first})
    async with database.hot(timeout_s=5) as connection:
        assert await connection.fetchval("SELECT pg_backend_pid()") != first
