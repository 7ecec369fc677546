"""Which errors of PostgreSQL and its drivers mean "away, try again", told from those that are ours."""

from __future__ import annotations

import asyncpg
from sqlalchemy import exc

from crm_core.errors import Unavailable
from crm_core.i18n import N_

# SQLSTATE classes and codes (PostgreSQL manual, appendix A) that say: nothing is wrong with the request.
_CLASSES = (
    "08",  # connection exception
    "40",  # transaction rollback: serialization failure, deadlock
    "53",  # insufficient resources: disk full, out of memory, too many connections
    "58",  # system error: I/O error
)
_CODES = frozenset(
    {
        "25006",  # read-only transaction: we talk to a standby during a failover
        "55P03",  # lock not available within lock_timeout
        "57014",  # query cancelled: statement_timeout
        "57P01",  # administrator shut it down
        "57P02",  # it crashed and restarts
        "57P03",  # it starts, stops or recovers
        "57P05",  # idle session timeout
    }
)
_REFUSALS = ("28", "3D")  # invalid authorization, no such database


def away(error: BaseException) -> bool:
    """Whether *error*, or what it was raised from, says that the database is away or busy."""
    if isinstance(error, exc.TimeoutError | exc.DisconnectionError):
        return True
    if isinstance(error, exc.DBAPIError):
        if error.connection_invalidated:
            return True
        return error.orig is not None and away(error.orig.__cause__ or error.orig)
    if isinstance(error, asyncpg.PostgresError):
        state = str(error.sqlstate or "")
        return state in _CODES or state.startswith(_CLASSES)
    if isinstance(error, asyncpg.InternalClientError):
        return True  # the server died in the middle of an answer, and asyncpg lost its place in it
    if isinstance(error, asyncpg.InterfaceError):
        return "closed" in str(error) or "released" in str(error)
    return isinstance(error, ConnectionError)


def refused(error: BaseException) -> bool:
    """Whether the server is there and does not let us in, or has no such database."""
    return str(getattr(driver_error(error), "sqlstate", "") or "").startswith(_REFUSALS)


def driver_error(error: BaseException) -> BaseException:
    """What asyncpg raised, out of what SQLAlchemy made of it."""
    if isinstance(error, exc.DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error


def unavailable(error: BaseException) -> Unavailable:
    """The error callers see. Its text is fixed: server messages may hold row values."""
    problem = Unavailable(N_("The database is away."))
    problem.__cause__ = error
    return problem
