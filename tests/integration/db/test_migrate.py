"""Migrations lead to exactly the tables of the code, once, whoever starts at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from crm_core.db import embedded, migrate
from crm_core.db.registry import metadata
from crm_core.errors import StartRefused, Unavailable

pytestmark = pytest.mark.integration

# Everything a table is made of, as text that PostgreSQL itself writes.
_SHAPE = """
SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || udt_name || ' null:'
       || is_nullable || ' default:' || coalesce(column_default, '-') || ' identity:'
       || coalesce(identity_generation, '-')
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL
SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
"""


@pytest.fixture
async def make_empty(postgres_home: Path) -> AsyncIterator[Callable[[], str]]:
    """Makes empty databases; gives their DSN."""
    admin = await asyncpg.connect(embedded.dsn(postgres_home, "postgres"))
    names = [f"m_{uuid4().hex}" for _ in range(2)]
    for name in names:
        await admin.execute(f"CREATE DATABASE {name}")
    left = iter(names)
    yield lambda: embedded.dsn(postgres_home, next(left))
    for name in names:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


async def shape(dsn: str) -> set[str]:
    connection = await asyncpg.connect(dsn)
    rows = {row[0] for row in await connection.fetch(_SHAPE)}
    await connection.close()
    return {row for row in rows if "alembic_version" not in row}


async def on(dsn: str, act: Callable[[Connection], object]) -> object:
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(dsn))
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(act)
    finally:
        await engine.dispose()


async def test_they_give_exactly_the_tables_of_the_code(make_empty: Callable[[], str]) -> None:
    migrated, made = make_empty(), make_empty()
    await migrate.upgrade(migrated)
    await on(made, metadata().create_all)
    assert await shape(migrated) == await shape(made)
    assert "column outbox.seq bigint int8 null:NO default:- identity:ALWAYS" in await shape(made)


async def test_alembic_sees_nothing_left_to_do(make_empty: Callable[[], str]) -> None:
    dsn = make_empty()
    await migrate.upgrade(dsn)
    await migrate.upgrade(dsn)
    options = {"compare_server_default": True}
    left = await on(
        dsn, lambda sync: compare_metadata(MigrationContext.configure(sync, opts=options), metadata())
    )
    assert left == []


async def test_of_many_that_start_together_one_migrates(make_empty: Callable[[], str]) -> None:
    dsn = make_empty()
    await asyncio.gather(*(migrate.upgrade(dsn) for _ in range(5)))
    assert "outbox" in " ".join(await shape(dsn))


async def test_a_migration_elsewhere_is_waited_for_within_a_bound(make_empty: Callable[[], str]) -> None:
    dsn = make_empty()
    other = await asyncpg.connect(dsn)
    await other.execute("SELECT pg_advisory_lock($1)", migrate.LOCK_KEY)
    with pytest.raises(Unavailable):
        await migrate.upgrade(dsn, lock_timeout_s=0.1)
    await other.close()
    await migrate.upgrade(dsn)


async def test_a_database_of_a_newer_callcard_is_refused(make_empty: Callable[[], str]) -> None:
    dsn = make_empty()
    await migrate.upgrade(dsn)
    connection = await asyncpg.connect(dsn)
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await connection.close()
    with pytest.raises(StartRefused, match="a newer Callcard has used this database"):
        await migrate.upgrade(dsn)


async def test_a_database_that_is_away_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        await migrate.upgrade("postgresql://callcard@127.0.0.1:1/callcard")


async def test_a_database_where_the_trigrams_cannot_be_had_is_refused_in_one_line(
    postgres_home: Path, make_empty: Callable[[], str]
) -> None:
    """An ordinary owner makes the extension; who may only make tables there is told what to do."""
    dsn = make_empty()
    name = urlsplit(dsn).path.lstrip("/")
    admin = await asyncpg.connect(embedded.dsn(postgres_home, "postgres"))
    guest = f"guest_{uuid4().hex}"
    await admin.execute(f"CREATE ROLE {guest} LOGIN")
    try:
        inside = await asyncpg.connect(dsn)
        await inside.execute(f"GRANT ALL ON SCHEMA public TO {guest}")
        await inside.close()
        theirs = dsn.replace("callcard@", f"{guest}@", 1)
        assert theirs != dsn
        with pytest.raises(StartRefused, match="extension pg_trgm is needed") as refused:
            await migrate.upgrade(theirs)
        assert "\n" not in str(refused.value)
        await admin.execute(f"ALTER DATABASE {name} OWNER TO {guest}")
        await migrate.upgrade(theirs)
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.execute(f"CREATE DATABASE {name}")
        await admin.execute(f"DROP OWNED BY {guest}")
        await admin.execute(f"DROP ROLE {guest}")
        await admin.close()
