"""Slows down who guesses passwords: `tries.py` over the database.

Counted there and not in memory, so that neither a restart nor a second web node gives new tries, and
written *before* a password is checked, so that guesses sent at once count one by one. The rows are
bounded by what can be hashed in the quarter of an hour they are kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from math import ceil
from typing import NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.errors import TooManyTries
from crm_core.people import tries
from crm_core.people.tables import SignInTryRow
from crm_core.people.tries import Tries


class TryKeys(NamedTuple):
    """The three keys of one try."""

    address: bytes
    account: bytes
    pair: bytes

    @classmethod
    def of(cls, account: str, address: str) -> TryKeys:
        """Digests, so that the rows tell nothing."""
        return cls(
            _digest("address", address), _digest("account", account), _digest("pair", account, address)
        )


async def count_try(connection: AsyncConnection, keys: TryKeys, now: datetime) -> int:
    """Count this try as a failure until `forgive` takes it back: 0, or the seconds it must wait instead."""
    known = await _locked(connection, keys)
    address, account, pair = (known.get(key) for key in keys)
    until = tries.refused_until(now, address=address, account=account, pair=pair)
    if until is not None:
        if pair is None and account is not None and (address is None or address.until <= now):
            await _write(connection, {keys.pair: tries.ticket(account, now)})
        return max(1, ceil((until - now).total_seconds()))
    failed = tries.one_more(account, now)
    await _write(
        connection,
        {
            keys.address: tries.one_more(address, now),
            keys.account: failed,
            keys.pair: tries.ticket(failed, now),
        },
    )
    await connection.execute(delete(SignInTryRow).where(SignInTryRow.at < now - tries.KEPT))
    return 0


async def forgive(connection: AsyncConnection, keys: TryKeys, now: datetime) -> None:
    """The try was right: the account is free again. Its address keeps what it failed with others."""
    known = await _locked(connection, keys)
    if keys.address in known:
        await _write(connection, {keys.address: tries.one_less(known[keys.address], now)})
    await connection.execute(delete(SignInTryRow).where(SignInTryRow.key.in_((keys.account, keys.pair))))


def refuse(seconds: int) -> None:
    """Raise TooManyTries when there are seconds to wait."""
    if seconds:
        raise TooManyTries(retry_after_s=seconds)


async def _locked(connection: AsyncConnection, keys: TryKeys) -> dict[bytes, Tries]:
    """What is known of *keys*; nobody else counts them before the end of the transaction.

    Address before account, in every transaction: so two never wait for each other.
    """
    for key in (keys.address, keys.account):
        number = int.from_bytes(key[:8], signed=True)
        await connection.execute(select(func.pg_advisory_xact_lock(number)))
    rows = await connection.execute(select(SignInTryRow.__table__).where(SignInTryRow.key.in_(keys)))
    return {row.key: Tries(failures=row.failures, at=row.at, until=row.until) for row in rows}


async def _write(connection: AsyncConnection, counted: Mapping[bytes, Tries]) -> None:
    rows = [
        {"key": key, "failures": one.failures, "at": one.at, "until": one.until}
        for key, one in counted.items()
    ]
    statement = insert(SignInTryRow).values(rows)
    changed = {name: statement.excluded[name] for name in ("failures", "at", "until")}
    await connection.execute(statement.on_conflict_do_update(index_elements=[SignInTryRow.key], set_=changed))


def _digest(kind: str, *parts: str) -> bytes:
    return hashlib.sha256("\0".join((kind, *parts)).encode()).digest()
