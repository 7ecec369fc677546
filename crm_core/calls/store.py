"""SQL of calls. Writing is one statement on the hot connection; reading takes the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    ColumnElement,
    Row,
    Table,
    and_,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.missed_tables import MissedLineRow
from crm_core.calls.model import Call, CallState, Direction, Leg, Offer, TraceLine
from crm_core.calls.tables import CallLegRow, CallOfferRow, CallRow
from crm_core.calls.visibility import held_by
from crm_core.customers.choosing import choices_of
from crm_core.permissions import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """What a list of calls is narrowed to. *phone*: E.164 of the other side."""

    phone: str | None = None
    since: datetime | None = None
    agent: str | None = None
    state: CallState | None = None
    customer_id: UUID | None = None


def _names(row: type[CallRow | CallLegRow | CallOfferRow], *without: str) -> list[str]:
    return [column.name for column in row.__table__.columns if column.name not in without]


def _written(row: type[CallLegRow | CallOfferRow], name: str, parameter: int) -> str:
    """CTEs that make the legs or offers of the written calls those of the parameter."""
    table, columns = row.__tablename__, ", ".join(_names(row))
    keys = [column.name for column in row.__table__.primary_key]
    changing = [column for column in _names(row) if column not in keys]
    return f"""
given_{name} AS MATERIALIZED (
    SELECT given.* FROM jsonb_populate_recordset(NULL::{table}, ${parameter}) AS given
    JOIN written ON written.id = given.call_id AND written.pbx = given.pbx),
put_{name} AS (
    INSERT INTO {table} ({columns}) SELECT {columns} FROM given_{name}
    ON CONFLICT ({", ".join(keys)}) DO UPDATE SET {_excluded(changing)}
    WHERE ({_of("excluded", changing)}) IS DISTINCT FROM ({_of(table, changing)})),
dropped_{name} AS (
    DELETE FROM {table} USING written
    WHERE {table}.call_id = written.id AND {table}.pbx = written.pbx
    AND NOT EXISTS (SELECT FROM given_{name} AS given
                    WHERE ({_of("given", keys)}) = ({_of(table, keys)})))"""  # noqa: S608 - our own column names


def _excluded(columns: Iterable[str]) -> str:
    return ", ".join(f'"{column}" = excluded."{column}"' for column in columns)


def _of(table: str, columns: Iterable[str]) -> str:
    return ", ".join(f'{table}."{column}"' for column in columns)


_CALL_COLUMNS = ", ".join(_names(CallRow, "disposition"))

_CARD = ("customer_id", "customer_title", "owner")
# Whose card it is may have been said by a person before the router heard of it: a version without a card
# leaves the row's alone.
_KEEP_CARD = ", ".join(
    f"{column} = CASE WHEN excluded.customer_id IS NULL THEN calls.{column} ELSE excluded.{column} END"
    for column in _CARD
)

# One round trip for a batch of calls. A row moves forward only; once settled it stays settled.
_WRITE = f"""
WITH written AS (
    INSERT INTO calls ({_CALL_COLUMNS})
    SELECT {_CALL_COLUMNS} FROM jsonb_populate_recordset(NULL::calls, $1)
    ON CONFLICT (id, pbx) DO UPDATE
    SET {_excluded(_names(CallRow, "id", "pbx", "disposition", *_CARD))}, {_KEEP_CARD}
    WHERE (excluded.settled AND NOT calls.settled)
    OR (excluded.version > calls.version AND (excluded.settled OR NOT calls.settled))
    RETURNING id, pbx),
{_written(CallLegRow, "legs", 2)},
{_written(CallOfferRow, "offers", 3)}
SELECT id FROM written"""  # noqa: S608 - our own column names


async def write(connection: Any, calls: Sequence[Call]) -> set[UUID]:
    """Write *calls* (each once) on a plain asyncpg connection; ids of those that were newer than stored."""
    legs = [
        {"call_id": call.id, "pbx": call.pbx, **msgspec.to_builtins(leg)}
        for call in calls
        for leg in call.legs
    ]
    offers = [
        {"call_id": call.id, "pbx": call.pbx, **msgspec.to_builtins(offer)}
        for call in calls
        for offer in call.offers
    ]
    rows = await connection.fetch(_WRITE, [_values(call) for call in calls], legs, offers)
    return {row["id"] for row in rows}


def _values(call: Call) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.to_builtins(call)
    for name in ("legs", "offers", "choices", "disposition"):
        del values[name]
    values["to_number"] = values.pop("to")
    values["agents"] = sorted(parties(call))
    return values


def parties(call: Call) -> frozenset[str]:
    """Agents who took part in *call* or whose device rang for it."""
    names = {leg.agent for leg in call.legs} | {offer.agent for offer in call.offers} | {call.agent}
    return frozenset(name for name in names if name is not None)


async def get(connection: AsyncConnection, call_id: UUID, where: ColumnElement[bool]) -> Call | None:
    """The call that satisfies *where*; for a call that became part of another, that one."""
    into = select(CallRow.merged_into).where(CallRow.id == call_id).scalar_subquery()
    found = await load(connection, (CallRow.id == func.coalesce(into, call_id)) & where, limit=1)
    return found[0] if found else None


async def find(
    connection: AsyncConnection,
    asked: CallFilter,
    seen: ColumnElement[bool],
    *,
    limit: int,
    below: tuple[datetime, UUID] | None,
) -> list[Call]:
    """At most *limit* calls, newest first, after the one *below* stands for."""
    where = [CallRow.merged_into.is_(None), seen]
    if asked.phone is not None:
        where.append(or_(CallRow.from_number == asked.phone, CallRow.to_number == asked.phone))
    if asked.since is not None:
        where.append(CallRow.started_at >= asked.since)
    if asked.agent is not None:
        where.append(CallRow.agents.contains([asked.agent]))
    if asked.state is not None:
        where.append(CallRow.state == asked.state.value)
    if asked.customer_id is not None:
        where.append(CallRow.customer_id == asked.customer_id)
    if below is not None:
        where.append(tuple_(CallRow.started_at, CallRow.id) < below)
    return await load(connection, and_(*where), limit=limit)


async def unfinished(connection: AsyncConnection, pbx: str) -> list[Call]:
    """Calls of *pbx* that had not ended, and those that became part of them."""
    is_open = (CallRow.pbx == pbx) & (CallRow.state != CallState.ENDED.value)
    open_ids = select(CallRow.id).where(is_open)
    return await load(connection, or_(is_open, CallRow.merged_into.in_(open_ids)), limit=None)


def visible(scope: Scope) -> ColumnElement[bool]:
    """Calls that *scope* holds: those of its agents, and of numbers of its office."""
    return held_by(scope, agents=CallRow.agents, did=CallRow.did, pbx=CallRow.pbx)


async def set_disposition(connection: AsyncConnection, call_id: UUID, disposition: str | None) -> None:
    """Write what the agent says of the call."""
    await connection.execute(update(CallRow).where(CallRow.id == call_id).values(disposition=disposition))


async def set_customer(connection: AsyncConnection, call: Call, said: TraceLine) -> None:
    """Write the card of *call*, and the line of its trace that says why.

    If it is the last of missed calls of its number, their line is of that card too.
    """
    await connection.execute(
        update(CallRow)
        .where(CallRow.id == call.id, CallRow.pbx == call.pbx)
        .values(
            customer_id=call.customer_id,
            customer_title=call.customer_title,
            owner=call.owner,
            trace=CallRow.trace.op("||")(literal([msgspec.to_builtins(said)], CallRow.trace.type)),
        )
    )
    await connection.execute(
        update(MissedLineRow)
        .where(MissedLineRow.number == call.customer_number, MissedLineRow.last_call_id == call.id)
        .values(customer_id=call.customer_id)
    )


async def load(connection: AsyncConnection, where: ColumnElement[bool], *, limit: int | None) -> list[Call]:
    """Calls with legs, offers and open choices: four statements at most, whatever the number of calls."""
    order = (CallRow.started_at.desc(), CallRow.id.desc())
    rows = (
        await connection.execute(select(CallRow.__table__).where(where).order_by(*order).limit(limit))
    ).all()
    keys = [(row.id, row.pbx) for row in rows]
    legs = await _parts(connection, CallLegRow, "started_at", keys)
    offers = await _parts(connection, CallOfferRow, "reserved_at", keys)
    calls = [_call(row, legs.get((row.id, row.pbx), []), offers.get((row.id, row.pbx), [])) for row in rows]
    numbers = {call.customer_number for call in calls if _undecided(call)}
    shared = {number for number in numbers if number is not None}
    if not shared:
        return calls
    choices = await choices_of(connection, shared)
    return [
        replace(call, choices=choices.get(call.customer_number or "", ())) if _undecided(call) else call
        for call in calls
    ]


def _undecided(call: Call) -> bool:
    """Whether the customer's number is known and the card is not: several share it."""
    return call.direction is not Direction.INTERNAL and call.customer_id is None and call.merged_into is None


async def _parts(
    connection: AsyncConnection,
    row: type[CallLegRow | CallOfferRow],
    order: str,
    keys: Sequence[tuple[UUID, str]],
) -> dict[tuple[UUID, str], list[dict[str, Any]]]:
    table = row.__table__
    assert isinstance(table, Table)
    found: dict[tuple[UUID, str], list[dict[str, Any]]] = {}
    if not keys:
        return found
    statement = (
        select(table)
        .where(tuple_(table.c.call_id, table.c.pbx).in_(keys))
        .order_by(table.c[order], table.primary_key.columns.values()[-1])
    )
    for part in await connection.execute(statement):
        values = dict(part._mapping)
        found.setdefault((values.pop("call_id"), values.pop("pbx")), []).append(values)
    return found


def _call(row: Row[Any], legs: list[dict[str, Any]], offers: list[dict[str, Any]]) -> Call:
    values = dict(row._mapping)
    values["to"] = values.pop("to_number")
    del values["agents"]
    values["legs"] = msgspec.convert(legs, tuple[Leg, ...])
    values["offers"] = msgspec.convert(offers, tuple[Offer, ...])
    return msgspec.convert(values, Call)
