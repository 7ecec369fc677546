"""Brings a database to the tables this code knows.

python -m crm_core.db.migrate <dsn> "<what changes>"     drafts a revision for developers to edit
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import NamedTuple

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from crm_core.db.engine import require_version
from crm_core.db.failures import away, driver_error, refused, unavailable
from crm_core.errors import StartRefused

_MIGRATIONS = Path(__file__).with_name("migrations")
LOCK_KEY = 0x43_43_44_42  # advisory lock key, "CCDB": one process migrates, others wait
_CONNECT_S = 10.0


class Revisions(NamedTuple):
    """The revision a database is at (None: it has no tables yet), and the one of this code."""

    applied: str | None
    newest: str


async def revisions(dsn: str) -> Revisions:
    """Look, without changing anything. Raises what asyncpg raises when the database does not answer."""
    newest = ScriptDirectory(str(_MIGRATIONS)).get_current_head()
    assert newest is not None  # this code has migrations
    async with _connect(dsn) as connection:
        applied = await connection.run_sync(lambda c: MigrationContext.configure(c).get_current_revision())
    return Revisions(applied, newest)


async def upgrade(dsn: str, *, lock_timeout_s: float = 30.0) -> None:
    """Run the migrations that *dsn* has not had yet, all in one transaction. Safe to call at each start.

    *lock_timeout_s* bounds the wait for a migration in another process and for each table lock: behind
    a migration that waits for a lock, live traffic would queue up. Raises Unavailable when the database
    is away or a lock was not to be had, and StartRefused when a newer Callcard has been here, when the
    server is too old or refuses us, or when *dsn* is none.
    """
    try:
        async with _connect(dsn) as connection:
            require_version(int((await connection.execute(text("SHOW server_version_num"))).scalar_one()))
            await connection.execute(text(f"SET LOCAL lock_timeout = '{int(lock_timeout_s * 1000)}ms'"))
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
            await connection.run_sync(_run, lambda config: command.upgrade(config, "head"))
    except CommandError as error:
        raise StartRefused(
            f"CALLCARD_DATABASE_URL: a newer Callcard has used this database ({error})"
        ) from error
    except ValueError as error:
        raise StartRefused(f"CALLCARD_DATABASE_URL: cannot be used: {error}") from error
    except Exception as error:
        if refused(error):
            raise StartRefused(f"CALLCARD_DATABASE_URL: {driver_error(error)}") from error
        if away(error) or isinstance(error, OSError | TimeoutError):
            raise unavailable(error) from error
        raise


async def draft(dsn: str, message: str) -> None:
    """Write a new revision: what the tables of the code have and the migrated database at *dsn* has not."""
    await upgrade(dsn)
    number = f"{1 + len(list((_MIGRATIONS / 'versions').glob('[0-9]*.py'))):04}"
    async with _connect(dsn) as connection:
        await connection.run_sync(
            _run, lambda config: command.revision(config, message, autogenerate=True, rev_id=number)
        )


def _connect(dsn: str) -> AbstractAsyncContextManager[AsyncConnection]:
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: asyncpg.connect(dsn, timeout=_CONNECT_S),
        poolclass=NullPool,
    )
    return engine.begin()


def _run(connection: Connection, act: Callable[[Config], object]) -> None:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    act(config)


if __name__ == "__main__":
    asyncio.run(draft(*sys.argv[1:3]))
