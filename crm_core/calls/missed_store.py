"""SQL of the worklist of missed calls: lines made anew from the calls of a number, and lines read.

Whoever writes calls says so to `refresh` in the same transaction. It looks at all calls of the numbers
concerned as they stand then and makes their lines say what follows: replays, late events and the ledger's
corrections need no rules of their own. One lock for each number keeps two writers (journal, ledger, a person)
from deciding on each other's unfinished work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from crm_core.calls.events import MissedChanged
from crm_core.calls.missed import (
    MISSED_OUTCOMES,
    MissedCall,
    Standing,
    matters,
    numbers_of,
    spellings,
    standings,
)
from crm_core.calls.model import Call, Direction, Outcome
from crm_core.db import outbox
from crm_core.ids import new_id, plain_id

# Of a number's newest calls: one that rings without end must not slow down the writing of its own calls.
NEWEST = 500

_COUNTRIES = "SELECT coalesce(array_agg(DISTINCT country), '{}') FROM offices WHERE active"
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(number, 77)) FROM unnest($1::text[]) AS number"
_OPEN = "SELECT EXISTS (SELECT FROM missed_lines WHERE number = ANY($1) AND calls > 0)"
_STORED = "SELECT * FROM missed_lines WHERE number = ANY($1)"
_SINCE_REACHED = f"""
WITH inbound AS MATERIALIZED (
    SELECT asked.number, call.* FROM unnest($1::text[]) AS asked(number) CROSS JOIN LATERAL (
        SELECT id, pbx, started_at, answered_at, state, outcome, queue, did, customer_id FROM calls
        WHERE from_number = asked.number AND direction = 'in' AND merged_into IS NULL
        ORDER BY started_at DESC LIMIT {NEWEST}) AS call
), reached AS (
    SELECT number, max(answered_at) AS at FROM (
        SELECT number, answered_at FROM inbound
        UNION ALL
        SELECT form.number, call.answered_at
        FROM unnest($2::text[], $3::text[]) AS form(number, spelled) CROSS JOIN LATERAL (
            SELECT answered_at FROM calls
            WHERE to_number = form.spelled AND direction <> 'in' AND merged_into IS NULL
            ORDER BY started_at DESC LIMIT {NEWEST}) AS call) AS known
    GROUP BY number
)
SELECT inbound.*, ARRAY(
    SELECT DISTINCT offer.agent FROM call_offers AS offer
    WHERE offer.call_id = inbound.id AND offer.pbx = inbound.pbx
    AND offer.alerting_at IS NOT NULL AND offer.state <> 'answered') AS offered
FROM inbound JOIN reached USING (number)
WHERE inbound.state = 'ended' AND inbound.answered_at IS NULL AND inbound.outcome = ANY($4)
AND (reached.at IS NULL OR inbound.started_at > reached.at)"""  # noqa: S608 - a number of ours

_COLUMNS = tuple(field.name for field in fields(Standing))
_PUT = f"""
INSERT INTO missed_lines (id, pbx, number, {", ".join(_COLUMNS)})
VALUES ($1, $2, $3, {", ".join(f"${place}" for place in range(4, 4 + len(_COLUMNS)))})
ON CONFLICT (number, pbx) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS)}"""  # noqa: S608 - our own column names
_CLOSE = "UPDATE missed_lines SET calls = 0 WHERE pbx = $1 AND number = $2"
_WHOM = """
SELECT coalesce((SELECT array_agg(DISTINCT office) FROM numbers
                 WHERE pbx = $1 AND (e164 = ANY($2) OR queue = ANY($3))), '{}') AS offices,
       coalesce((SELECT array_agg(DISTINCT owner) FROM customers
                 WHERE id = ANY($4) AND owner IS NOT NULL), '{}') AS owners"""


async def refresh(connection: Any, calls: Iterable[Call], at: datetime) -> None:
    """Bring the lines of the numbers of *calls*, written before in this transaction, up to what is known.

    *connection* is a plain asyncpg one inside its `transaction()`. A line that changed is said to all by
    MissedChanged.
    """
    concerned = [call for call in calls if matters(call)]
    if not concerned:
        return
    inbound = all(call.direction is Direction.IN for call in concerned)
    countries = [] if inbound else await _countries(connection)  # callers' numbers are read already
    numbers = sorted({number for call in concerned for number in numbers_of(call, countries)})
    if not numbers:
        return
    await lock(connection, numbers)
    if all(call.answered_at is not None for call in concerned) and not await connection.fetchval(
        _OPEN, numbers
    ):
        return  # talking opens no line, and there is none to close: so it is with most calls
    await _refresh(connection, numbers, at)


async def lock(connection: Any, numbers: Sequence[str]) -> None:
    """Let nobody else decide on the lines of *numbers* before this transaction ends.

    Sorted, as everybody locks them in one order.
    """
    await connection.execute(_LOCK, numbers)


async def refresh_one(connection: Any, number: str, at: datetime) -> None:
    """As `refresh`, for one number."""
    await lock(connection, [number])
    await _refresh(connection, [number], at)


async def _countries(connection: Any) -> Sequence[str]:
    """Those whose way of writing numbers may be met."""
    found: Sequence[str] = await connection.fetchval(_COUNTRIES)
    return found


async def _refresh(connection: Any, numbers: Sequence[str], at: datetime) -> None:
    """As `refresh`, for sorted *numbers* that are locked: what is read now is what others committed."""
    countries = await _countries(connection)
    stored = {(row["pbx"], row["number"]): row for row in await connection.fetch(_STORED, numbers)}
    done = {key: row["done_until"] for key, row in stored.items() if row["done_until"] is not None}
    forms = [(number, form) for number in numbers for form in sorted(spellings(number, countries))]
    rows = await connection.fetch(
        _SINCE_REACHED,
        numbers,
        [number for number, _ in forms],
        [form for _, form in forms],
        [outcome.value for outcome in MISSED_OUTCOMES],
    )
    open_now = standings(map(_missed, rows), done)
    for key, standing in open_now.items():
        before = stored.get(key)
        if before is None or _columns(standing) != {name: before[name] for name in _COLUMNS}:
            await connection.execute(_PUT, new_id(), *key, *_columns(standing).values())
            await _say(connection, key[0], standing, before, at)
    for key, before in stored.items():
        if before["calls"] and key not in open_now:
            await connection.execute(_CLOSE, *key)
            await _say(connection, key[0], None, before, at)


async def _say(
    connection: Any, pbx: str, standing: Standing | None, before: Mapping[str, Any] | None, at: datetime
) -> None:
    """Say that a line changed to those who saw it before and those who see it now."""
    sides = [side for side in (standing and _columns(standing), before) if side]
    queues, dids, agents = (
        sorted({name for side in sides for name in side[column]}) for column in ("queues", "dids", "offered")
    )
    cards = sorted({plain_id(side["customer_id"]) for side in sides if side["customer_id"] is not None})
    whom = await connection.fetchrow(_WHOM, pbx, dids, queues, cards)
    said = MissedChanged(
        at=at,
        pbx=pbx,
        offices=tuple(sorted(whom["offices"])),
        queues=tuple(queues),
        agents=tuple(sorted({*agents, *whom["owners"]})),
        cards=tuple(cards),
    )
    await outbox.add_hot(connection, [said])


def _missed(row: Mapping[str, Any]) -> MissedCall:
    return MissedCall(
        call_id=plain_id(row["id"]),
        pbx=row["pbx"],
        number=row["number"],
        started_at=row["started_at"],
        outcome=Outcome(row["outcome"]),
        queue=row["queue"],
        did=row["did"],
        customer_id=None if row["customer_id"] is None else plain_id(row["customer_id"]),
        offered=tuple(row["offered"]),
    )


def _columns(standing: Standing) -> dict[str, Any]:
    """*standing* as its row has it."""
    values = asdict(standing)
    values["last_outcome"] = standing.last_outcome.value
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
