"""Bringing a table up to a list: what the list names is written, what it no longer names goes inactive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.db.base import Base

BATCH = 500  # rows a statement: the protocol allows 32 767 parameters in one


async def replace_rows(
    connection: AsyncConnection,
    row: type[Base],
    values: Sequence[Mapping[str, Any]],
    *,
    within: ColumnElement[bool] | None = None,
) -> None:
    """Make *values* the active rows of *row* (inside *within*), by primary key.

    *row* has a boolean column `active`. Rows are never deleted: others point at them. *values* all
    have the same keys, the primary key among them.
    """
    table = row.__table__
    assert isinstance(table, Table)
    await connection.execute(
        update(table).where(table.c.active, true() if within is None else within).values(active=False)
    )
    keys = [column.name for column in table.primary_key]
    for start in range(0, len(values), BATCH):
        statement = insert(table).values([dict(value) for value in values[start : start + BATCH]])
        written = {name: statement.excluded[name] for name in values[0] if name not in keys}
        await connection.execute(
            statement.on_conflict_do_update(index_elements=keys, set_={**written, "active": True})
        )
