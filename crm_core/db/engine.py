"""PostgreSQL for the house: transactions on a pool, and a small pool of its own for the hot path.

Every use is bounded by one deadline, from asking for a connection to the end of the commit. A server
that is frozen (SIGSTOP, a full disk, a lost link) cannot answer a cancel request or a rollback either,
so after a time-out nothing more is awaited from that connection: its socket is cut and the pool makes
a new one when asked again.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg
import msgspec
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from crm_core.db.failures import away, refused, unavailable
from crm_core.db.hot import HotPool
from crm_core.errors import StartRefused, Unavailable
from crm_core.health import Health, HealthState, PartHealth

MINIMUM_VERSION = 15
PART = "database"


class Database:
    """Open with `await Database.open(dsn)`, end with `await close()`. Belongs to one event loop."""

    def __init__(self, dsn: str, *, connect_timeout_s: float, statement_timeout_s: float, health: Health):
        """Use `open`: this alone has no pools yet."""
        self.dsn = dsn
        self._connect_timeout_s = connect_timeout_s
        self._timeout_s = statement_timeout_s
        self._health = health
        self._sockets: weakref.WeakSet[Any] = weakref.WeakSet()
        self._closed = False
        self._engine: AsyncEngine
        self._reading: AsyncEngine
        self._hot: HotPool

    @classmethod
    async def open(
        cls,
        dsn: str,
        *,
        pool_size: int = 8,
        hot_size: int = 10,
        connect_timeout_s: float = 5.0,
        statement_timeout_s: float = 10.0,
        health: Health | None = None,
        require: bool = True,
    ) -> Database:
        """Open both pools on *dsn* (`postgresql://user@/name?host=<socket directory>` or host form).

        With *require* the server must answer now: raises Unavailable when it is away, StartRefused when
        it is older than 15 or refuses us. Without, the pools connect when first used: a worker that
        starts again while the database is frozen still routes calls.
        """
        self = cls(
            dsn,
            connect_timeout_s=connect_timeout_s,
            statement_timeout_s=statement_timeout_s,
            health=health or Health(),
        )
        self._engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=self._connect,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=statement_timeout_s,
            pool_use_lifo=True,  # what a connection has prepared is used again, and not made on each of them
            json_serializer=lambda value: msgspec.json.encode(value).decode(),
            json_deserializer=msgspec.json.decode,
        )
        # The same pool: whoever gives a connection back leaves it as it was.
        self._reading = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        event.listen(self._engine.sync_engine, "checkout", _refuse_dead)
        event.listen(self._engine.sync_engine, "invalidate", _terminate)
        self._hot = HotPool(self._connect_hot, hot_size)
        if require:
            try:
                await self._require_version()
            except BaseException:
                await self.close()
                raise
        return self

    @asynccontextmanager
    async def transaction(self, *, timeout_s: float | None = None) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed at the end of the block, rolled back when it raises.

        Raises Unavailable when the database is away or the whole block took longer than *timeout_s*
        (seconds, default the statement time-out). When that happens in the commit itself, whether it
        was committed is unknown: writers are idempotent (keys made by the caller).
        """
        async with self._connected(self._engine, timeout_s) as connection:
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection to read by: as `transaction`, without the two round trips of its begin and end.

        Each statement sees what is committed when it begins, as it does in a transaction here (READ
        COMMITTED). Nothing that must hold to the end of the block is done in it: no locks, no settings.
        """
        async with self._connected(self._reading, None) as connection:
            yield connection

    @asynccontextmanager
    async def _connected(
        self, engine: AsyncEngine, timeout_s: float | None
    ) -> AsyncIterator[AsyncConnection]:
        """A connection of *engine* for the block, within the deadline."""
        deadline = asyncio.timeout(self._timeout_s if timeout_s is None else timeout_s)
        with self._judged(deadline):
            async with deadline:
                connection = engine.connect()
                await connection.start()
                try:
                    yield connection
                    await connection.commit()
                except BaseException as error:
                    await _undo(connection, error)
                    raise
                finally:
                    await connection.close()

    @asynccontextmanager
    async def hot(self, *, timeout_s: float = 0.25) -> AsyncIterator[Any]:
        """A plain asyncpg connection from the pool of the call path; jsonb is decoded.

        *timeout_s* bounds the whole block: waiting for a connection, connecting, every command.
        Raises Unavailable as `transaction` does. Statements commit one by one unless the caller opens
        `connection.transaction()`. Session settings are not reset between users: do not change them.
        """
        deadline = asyncio.timeout(timeout_s)
        with self._judged(deadline):
            async with deadline:
                connection = await self._hot.take()
                sound = True
                try:
                    yield connection
                except BaseException as error:
                    sound = not _poisons(error)
                    raise
                finally:
                    self._hot.give_back(connection, sound=sound)

    async def check(self, *, timeout_s: float = 1.0) -> PartHealth:
        """Ask the server for a sign of life; the state after it. Never raises Unavailable."""
        try:
            async with self.hot(timeout_s=timeout_s) as connection:
                await connection.fetchval("SELECT 1")
        except Unavailable:
            pass  # recorded in health already
        return self.health

    @property
    def health(self) -> PartHealth:
        """State as of the last use, and since when."""
        return self._health.get(PART) or self._health.set(PART, HealthState.DOWN, "not asked yet")

    async def close(self) -> None:
        """Close both pools; what does not close within 2 s (a frozen server) is cut, and none opens again."""
        self._closed = True
        await asyncio.gather(_within(2.0, self._hot.close()), _within(2.0, self._engine.dispose()))
        for socket in list(self._sockets):
            if not socket.is_closed():
                socket.terminate()

    async def _connect(self, *_: Any, **__: Any) -> Any:
        """One new asyncpg connection, for either pool (the arguments are SQLAlchemy's: unused)."""
        timeout_ms = int(self._timeout_s * 1000)
        try:
            connection = await asyncpg.connect(
                self.dsn,
                timeout=self._connect_timeout_s,
                server_settings={
                    "application_name": "callcard",
                    "timezone": "UTC",
                    "statement_timeout": str(timeout_ms),
                    "idle_in_transaction_session_timeout": str(2 * timeout_ms),
                },
            )
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            self._health.set(PART, HealthState.DOWN, type(error).__name__)
            raise unavailable(error) from error
        if self._closed:  # meanwhile: no pool would ever close it
            connection.terminate()
            raise unavailable(ConnectionError("closed"))
        self._sockets.add(connection)
        return connection

    async def _connect_hot(self) -> Any:
        connection = await self._connect()
        try:
            await _set_codecs(connection)
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def _require_version(self) -> None:
        try:
            async with self.transaction() as connection:
                number = (await connection.exec_driver_sql("SHOW server_version_num")).scalar_one()
        except Unavailable as error:
            if error.__cause__ is not None and refused(error.__cause__):
                raise StartRefused(f"CALLCARD_DATABASE_URL: {error.__cause__}") from error
            raise
        require_version(int(number))

    @contextmanager
    def _judged(self, deadline: asyncio.Timeout) -> Iterator[None]:
        """Raise Unavailable where that is what an error of the block means; keep health true."""
        try:
            yield
        except BaseException as error:
            if isinstance(error, TimeoutError) and deadline.expired():
                detail = "no answer in time"
            elif away(error):
                detail = type(error).__name__
            else:
                raise
            self._health.set(PART, HealthState.DOWN, detail)
            raise unavailable(error) from error
        if self.health.state is not HealthState.UP:
            self._health.set(PART, HealthState.UP)


def require_version(number: int) -> None:
    """Raise StartRefused for a server that is too old; *number* is its `server_version_num`."""
    if number < MINIMUM_VERSION * 10_000:
        raise StartRefused(
            f"CALLCARD_DATABASE_URL: PostgreSQL {MINIMUM_VERSION} or newer is needed, "
            f"this one is {number // 10_000}"
        )


def _poisons(error: BaseException) -> bool:
    """Whether the connection may be in the middle of something after *error*."""
    return isinstance(error, asyncio.CancelledError) or away(error)


async def _undo(connection: AsyncConnection, error: BaseException) -> None:
    """Roll back; where that cannot be awaited, cut the socket and let the pool forget it."""
    if not _poisons(error):
        try:
            await connection.rollback()
            return
        except BaseException:
            await _cut(connection)
            raise
    await _cut(connection)


async def _cut(connection: AsyncConnection) -> None:
    if not connection.invalidated:  # SQLAlchemy has done it when a statement was cancelled
        await connection.invalidate()


def _terminate(adapter: Any, _record: Any, _error: Any) -> None:
    """Pool listener: cut the socket before SQLAlchemy tries a polite close, which may take 2 s."""
    adapter.driver_connection.terminate()


def _refuse_dead(adapter: Any, _record: Any, _proxy: Any) -> None:
    """Pool listener: a connection whose socket the server closed is replaced before its first use."""
    if adapter.driver_connection.is_closed():
        raise DisconnectionError("closed by the server")


async def _set_codecs(connection: Any) -> None:
    """Hot connections read and write jsonb as Python values, COPY included (hence binary)."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + msgspec.json.encode(value),  # 1: version of the wire form
        decoder=lambda data: msgspec.json.decode(data[1:]),
    )


async def _within(seconds: float, closing: Awaitable[Any]) -> None:
    try:
        async with asyncio.timeout(seconds):
            await closing
    except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        pass  # it is gone already, or does not answer: its sockets are cut next
