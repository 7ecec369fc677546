"""SQL of the applied versions. Functions take the connection of the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.office.tables import OfficeVersionRow

_LOCK = 0x43_43_4F_46  # advisory lock key, "CCOF": one apply at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One applied version: its text as given, and what it changed in plain words."""

    version: int
    base: int | None
    text: str
    sha256: bytes
    changes: tuple[str, ...]
    applied_by: str
    applied_at: datetime


async def lock(connection: AsyncConnection, *, idle_s: float) -> None:
    """Wait until no other apply is under way; held to the end of the transaction.

    The server lets this transaction be idle for *idle_s* seconds: Asterisk loads in the middle of it.
    """
    await connection.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = {int(idle_s * 1000)}"))
    await connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


async def latest(connection: AsyncConnection, pbx: str) -> Version | None:
    """The version in force."""
    query = select(OfficeVersionRow.__table__).where(OfficeVersionRow.pbx == pbx)
    row = (await connection.execute(query.order_by(OfficeVersionRow.version.desc()).limit(1))).first()
    return None if row is None else _version(row)


async def after(connection: AsyncConnection, pbx: str, version: int) -> tuple[Version, ...]:
    """Versions younger than *version*, oldest first."""
    rows = await connection.execute(
        select(OfficeVersionRow.__table__)
        .where(OfficeVersionRow.pbx == pbx, OfficeVersionRow.version > version)
        .order_by(OfficeVersionRow.version)
    )
    return tuple(_version(row) for row in rows)


async def add(connection: AsyncConnection, pbx: str, version: Version) -> None:
    """Write *version*; it is in force when the transaction commits."""
    values = {field: getattr(version, field) for field in Version.__dataclass_fields__}
    values["changes"] = list(version.changes)
    await connection.execute(insert(OfficeVersionRow).values(pbx=pbx, **values))


def _version(row: Row[Any]) -> Version:
    values = {field: getattr(row, field) for field in Version.__dataclass_fields__}
    values["changes"] = tuple(row.changes)
    return Version(**values)
