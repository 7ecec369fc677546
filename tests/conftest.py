"""Fixtures on real parts: a private PostgreSQL with a template database, a private redis-server."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from crm_core.db.engine import Database
from crm_core.db.registry import metadata

REDIS_HOST = "127.0.0.31"


def _missing(program: str, package: str) -> None:
    """Fail where everything must be there, skip on a developer's machine."""
    message = f"{program} is missing: apt-get install {package}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def postgres_socket() -> Iterator[str]:
    """The socket directory of a PostgreSQL that lives as long as the test session."""
    home = Path(tempfile.mkdtemp(prefix="cc-pg-", dir="/tmp"))
    bin_dir = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    user = "postgres" if os.getuid() == 0 else None
    if user:
        shutil.chown(home, user)
    data = home / "data"
    subprocess.run(
        [bin_dir / "initdb", "-D", data, "-U", "callcard", "-A", "trust", "--no-sync", "--locale=C.UTF-8"],
        user=user,
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=home,
    )
    server = subprocess.Popen(
        [bin_dir / "postgres", "-D", data, "-k", home, "-c", "listen_addresses=", "-c", "fsync=off"],
        user=user,
        cwd=home,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield str(home)
    finally:
        server.send_signal(2)
        server.wait(10)
        shutil.rmtree(home, ignore_errors=True)


def _dsn(socket_dir: str, name: str) -> str:
    return f"postgresql://callcard@/{name}?host={socket_dir}"


async def _make_template(socket_dir: str) -> None:
    for _ in range(200):
        try:
            connection = await asyncpg.connect(_dsn(socket_dir, "postgres"))
            break
        except (OSError, asyncpg.PostgresError):
            await asyncio.sleep(0.05)
    await connection.execute("CREATE DATABASE cc_template")
    await connection.close()
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(_dsn(socket_dir, "cc_template"))
    )
    async with engine.begin() as begun:
        await begun.run_sync(metadata().create_all)
    await engine.dispose()


@pytest.fixture(scope="session")
def template_database(postgres_socket: str) -> str:
    """Name of the database every test's own one is cloned from."""
    asyncio.run(_make_template(postgres_socket))
    return "cc_template"


@pytest.fixture
async def database_dsn(postgres_socket: str, template_database: str) -> AsyncIterator[str]:
    """DSN of a fresh database with all tables, dropped after the test."""
    name = f"t_{uuid4().hex}"
    admin = await asyncpg.connect(_dsn(postgres_socket, "postgres"))
    try:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template_database}")
        yield _dsn(postgres_socket, name)
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


@pytest.fixture
async def database(database_dsn: str) -> AsyncIterator[Database]:
    """An open `Database` on a fresh database with all tables."""
    opened = await Database.open(database_dsn, pool_size=4)
    try:
        yield opened
    finally:
        await opened.close()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """URL of a redis-server that lives as long as the test session and keeps nothing on disk."""
    program = shutil.which("redis-server")
    if program is None:
        _missing("redis-server", "redis-server")
    with socket.socket() as probe:
        probe.bind((REDIS_HOST, 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [str(program), "--bind", REDIS_HOST, "--port", str(port), "--save", "", "--appendonly", "no"],
        stdout=subprocess.DEVNULL,
        cwd=tempfile.gettempdir(),
    )
    try:
        _await_port(REDIS_HOST, port, server)
        yield f"redis://{REDIS_HOST}:{port}/0"
    finally:
        server.terminate()
        server.wait(10)


def _await_port(host: str, port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection((host, port), timeout=1).close()
            return
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                pytest.fail("redis-server did not start")
            time.sleep(0.02)


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """URL of an empty Redis."""
    host, port = redis_server.removeprefix("redis://").removesuffix("/0").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"FLUSHALL\r\n")
        assert connection.recv(64).startswith(b"+OK")
    return redis_server
