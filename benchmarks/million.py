"""A database of the size that benches ask about: cards, their numbers, and calls of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from crm_core.clock import SystemClock
from crm_core.ids import new_id

_CARDS = {
    "customers": ["id", "title", "status", "owner", "office", "created_at", "updated_at"],
    "contact_points": ["id", "kind", "value", "created_at"],
    "customer_contacts": ["contact_point_id", "customer_id"],
}
_CALL = (
    *("id", "pbx", "direction", "state", "outcome", "from_number", "from_raw", "from_name"),
    *("did", "queue", "agent", "agents", "owner", "customer_id", "customer_title"),
    *("started_at", "answered_at", "ended_at", "wait_s", "ring_s", "talk_s", "hangup_by"),
    *("trace", "settled", "version"),
)
_FIRST = ("Maria", "Olga", "Ivan", "Kamran", "Leyla", "Pyotr", "Aysel", "Rashid", "Nina", "Farid")
_LAST = ("Sokolova", "Orlov", "Mammadov", "Huseynova", "Gromov", "Aliyev", "Belova", "Titov", "Kim", "Volkov")


def number(index: int) -> str:
    """The E.164 number of card *index*, up to ten million."""
    return f"+7495{index:07}"


def title(index: int) -> str:
    """The name on card *index*: first and last names repeat, the number at the end does not."""
    return f"{_FIRST[index % 10]} {_LAST[index // 10 % 10]} {index}"


async def fill(
    dsn: str, cards: int, *, calls: int = 0, owner: str | None = None, office: str | None = None
) -> Sequence[UUID]:
    """Write *cards* cards with one number each, and *calls* of them in turn; the ids of the cards.

    Indexes are made afterwards, as a restore does.
    """
    connection = await asyncpg.connect(dsn)
    secondary = await connection.fetch(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
        "WHERE NOT indisunique AND indrelid = ANY($1::regclass[])",
        [*_CARDS, "calls"],
    )
    for name, _ in secondary:
        await connection.execute(f"DROP INDEX {name}")
    await connection.execute("SET session_replication_role = replica")  # the rows fit: no key checks
    now = SystemClock().now()
    ids = [(new_id(), new_id()) for _ in range(cards)]
    rows: tuple[Iterator[tuple[Any, ...]], ...] = (
        ((card, title(n), "kept", owner, office, now, now) for n, (card, _) in enumerate(ids)),
        ((point, "phone", number(n), now) for n, (_, point) in enumerate(ids)),
        ((point, card) for card, point in ids),
    )
    for (table, columns), records in zip(_CARDS.items(), rows, strict=True):
        await connection.copy_records_to_table(table, records=records, columns=columns)
    started = (now - timedelta(seconds=30 * n) for n in range(calls))
    records = (
        (
            *(new_id(), "main", "in", "ended", "answered", number(n % cards), number(n % cards), ""),
            *("+74955550100", "load", "agent00", ["agent00"], owner, ids[n % cards][0], title(n % cards)),
            *(at, at, at + timedelta(seconds=60), 1.0, 5.0, 55.0, "caller", "[]", True, 9),
        )
        for n, at in enumerate(started)
    )
    await connection.copy_records_to_table("calls", records=records, columns=_CALL)
    for _, definition in secondary:
        await connection.execute(definition)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()
    return [card for card, _ in ids]
