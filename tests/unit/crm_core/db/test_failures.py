"""Which errors mean that the database is away."""

from __future__ import annotations

import asyncpg
import pytest
from sqlalchemy import exc

from crm_core.db.failures import away

pytestmark = pytest.mark.unit


def wrapped(cause: BaseException, *, invalidated: bool = False) -> exc.DBAPIError:
    """As SQLAlchemy hands on what asyncpg raised: the driver's error is the cause of its own."""
    adapted = Exception("adapted")
    adapted.__cause__ = cause
    return exc.DBAPIError("SELECT 1", None, adapted, connection_invalidated=invalidated)


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"),
        asyncpg.AdminShutdownError(),
        asyncpg.CannotConnectNowError(),
        asyncpg.ConnectionDoesNotExistError(),
        asyncpg.DeadlockDetectedError(),
        asyncpg.DiskFullError(),
        asyncpg.PostgresIOError(),
        asyncpg.LockNotAvailableError(),
        asyncpg.QueryCanceledError(),
        asyncpg.ReadOnlySQLTransactionError(),
        asyncpg.TooManyConnectionsError(),
        exc.TimeoutError(),
        wrapped(ValueError(), invalidated=True),
    ],
    ids=lambda error: type(error).__name__,
)
def test_away(error: BaseException) -> None:
    assert away(error)
    assert away(wrapped(error))


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.UniqueViolationError(),
        asyncpg.UndefinedTableError(),
        asyncpg.InvalidTextRepresentationError(),
        asyncpg.InterfaceError("the server expects 1 argument for this query, 0 were passed"),
        LookupError(),
        FileNotFoundError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_ours(error: BaseException) -> None:
    assert not away(error)
    assert not away(wrapped(error))
