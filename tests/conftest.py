"""Fixtures on real parts: a private PostgreSQL with a template database, a private redis-server."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import hypothesis
import pytest

from crm_core.db import embedded
from crm_core.db.engine import Database
from crm_core.db.migrate import upgrade
from tests.servers import PostgresThread, RedisProcess

_TEMPLATE = "template_callcard"

# A shell that starts the tests behind itself lets them ignore Ctrl-C, and what they start would do so too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# A machine that is busy with other things is slow, not wrong.
hypothesis.settings.register_profile(
    "callcard", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("callcard")


@pytest.fixture
def short_tmp() -> Iterator[Path]:
    """A folder with a short path that an ordinary user may enter too: for servers and their sockets."""
    path = Path(tempfile.mkdtemp(prefix="cc-", dir="/tmp"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_home() -> Iterator[Path]:
    """Home of an embedded PostgreSQL that lives as long as the test session."""
    base = Path(tempfile.mkdtemp(prefix="cc-pg-", dir="/tmp"))
    base.chmod(0o755)
    server = PostgresThread(base / "pg")
    try:
        server.start()
        yield server.home
    finally:
        server.stop()
        shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(scope="session")
def template_database(postgres_home: Path) -> str:
    """Name of the database, with all tables, that every test's own one is cloned from."""
    asyncio.run(_make_template(postgres_home))
    return _TEMPLATE


async def _make_template(home: Path) -> None:
    admin = await asyncpg.connect(embedded.dsn(home, "postgres"))
    await admin.execute(f"CREATE DATABASE {_TEMPLATE}")
    await admin.close()
    await upgrade(embedded.dsn(home, _TEMPLATE))


@asynccontextmanager
async def fresh_database(home: Path) -> AsyncIterator[str]:
    """DSN of a fresh database with all tables (`template_database` has been made), dropped at the end."""
    name = f"t_{uuid4().hex}"
    admin = await asyncpg.connect(embedded.dsn(home, "postgres"))
    try:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        yield embedded.dsn(home, name)
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


@pytest.fixture
async def database_dsn(postgres_home: Path, template_database: str) -> AsyncIterator[str]:
    """DSN of a fresh database with all tables, dropped after the test."""
    async with fresh_database(postgres_home) as dsn:
        yield dsn


@pytest.fixture
async def database(database_dsn: str) -> AsyncIterator[Database]:
    """An open `Database` on a fresh database with all tables."""
    opened = await Database.open(database_dsn, pool_size=4)
    try:
        yield opened
    finally:
        await opened.close()


@pytest.fixture(scope="session")
def redis_program() -> str:
    """Path of redis-server. Its absence fails the build and skips on a developer's machine."""
    program = shutil.which("redis-server")
    if program is None:
        message = "redis-server is missing: apt-get install redis-server"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return program


@pytest.fixture(scope="session")
def redis_session(redis_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    """A redis-server that lives as long as the test session."""
    server = RedisProcess(redis_program, "127.0.0.31", tmp_path_factory.mktemp("redis"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def redis_url(redis_session: RedisProcess) -> str:
    """URL of an empty Redis."""
    redis_session.flush()
    return redis_session.url
