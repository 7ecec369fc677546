"""The first agent who talks with an unowned customer becomes the owner: once, whoever else answers then.

Plain SQL on the connection of `Database.hot`: this is done for each first call, beside the routing of others.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from crm_core.audit.store import record_hot
from crm_core.customers.events import OwnerBecame
from crm_core.customers.model import CardStatus, ContactKind, ContactPoint, Customer
from crm_core.db import outbox

_TAKE = """
WITH taken AS (
    UPDATE customers SET owner = $2, updated_at = $3
    WHERE id = $1 AND owner IS NULL AND EXISTS (SELECT FROM people WHERE name = $2 AND active)
    RETURNING id, title, status, owner, office, created_at, updated_at
)
SELECT taken.*, (
    SELECT coalesce(jsonb_agg(jsonb_build_array(point.id, point.kind, point.value)
                              ORDER BY point.kind, point.value), '[]')
    FROM customer_contacts link JOIN contact_points point ON point.id = link.contact_point_id
    WHERE link.customer_id = taken.id
) AS points
FROM taken
"""
_COUNT = """
SELECT owner, count(*) AS cards FROM customers WHERE status = 'provisional' AND owner IS NOT NULL
GROUP BY owner
"""


async def take_if_unowned(connection: Any, customer_id: UUID, agent: str, at: datetime) -> bool:
    """Make *agent* the owner of a card that has none, with audit and event; whether that happened.

    *connection* is a plain asyncpg connection inside a transaction.
    """
    row = await connection.fetchrow(_TAKE, customer_id, agent, at)
    if row is None:
        return False
    await record_hot(
        connection,
        actor=agent,
        action="customer.owner_became",
        kind="customer",
        subject=customer_id,
        at=at,
        before={},
        after={"owner": agent},
    )
    await outbox.add_hot(connection, [OwnerBecame(at=at, customer=_customer(customer_id, row))])
    return True


async def count_provisional(connection: Any) -> dict[str, int]:
    """Provisional cards by owner: work that waits for them."""
    return {row["owner"]: row["cards"] for row in await connection.fetch(_COUNT)}


def _customer(customer_id: UUID, row: Any) -> Customer:
    return Customer(
        id=customer_id,
        title=row["title"],
        status=CardStatus(row["status"]),
        owner=row["owner"],
        office=row["office"],
        contact_points=tuple(
            ContactPoint(id=UUID(point), kind=ContactKind(kind), value=value)
            for point, kind, value in row["points"]
        ),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
