"""The first agent who talks with an unowned customer becomes the owner: once, whoever else answers then.

Plain SQL on the connection of `Database.hot`: this is done for each first call, beside the routing of others.
`take` is the same inside the transaction of a person's deed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.audit.store import record
from crm_core.bus.event import Event
from crm_core.customers import store
from crm_core.customers.events import OwnerBecame
from crm_core.customers.model import Customer
from crm_core.db import outbox
from crm_core.ids import new_id

_TAKE = """
WITH taken AS (
    UPDATE customers SET owner = $2, updated_at = $3
    WHERE id = $1 AND owner IS NULL AND status <> 'merged'
    AND EXISTS (SELECT FROM people WHERE name = $2 AND active)
    RETURNING id, title, status, owner, office, created_at, updated_at
), audited AS (
    INSERT INTO audit (id, at, actor, action, subject_kind, subject_id, before, after)
    SELECT $4, $3, $2, 'customer.owner_became', 'customer', id::text, '{}', jsonb_build_object('owner', owner)
    FROM taken
), points AS (
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', point.id, 'kind', point.kind, 'value', point.value)
                              ORDER BY point.kind, point.value), '[]') AS all
    FROM customer_contacts link JOIN contact_points point ON point.id = link.contact_point_id
    WHERE link.customer_id = $1
), said AS (
    INSERT INTO outbox (event_id, name, body)
    SELECT $5, $6, $7::text::jsonb
        || jsonb_build_object('customer', to_jsonb(taken) || jsonb_build_object('contact_points', points.all))
    FROM taken, points
)
SELECT count(*) FROM taken
"""
_COUNT = """
SELECT owner, count(*) AS cards FROM customers WHERE status = 'provisional' AND owner IS NOT NULL
GROUP BY owner
"""


async def take_if_unowned(connection: Any, customer_id: UUID, agent: str, at: datetime) -> bool:
    """Make *agent* the owner of a card that has none, with audit and event; whether that happened."""
    said = Event(at=at)
    taken = await connection.fetchval(
        _TAKE,
        customer_id,
        agent,
        at,
        new_id(),
        said.id,
        OwnerBecame.__name__,
        msgspec.json.encode(said).decode(),
    )
    return bool(taken)


async def take(connection: AsyncConnection, card: Customer, agent: str, at: datetime) -> Customer:
    """*card*, locked by the caller, with *agent* as the owner if it had none and the agent is still there."""
    if card.owner is not None or await store.person_office(connection, agent) is None:
        return card
    taken = replace(card, owner=agent, updated_at=at)
    await store.change(connection, card.id, {"owner": agent, "updated_at": at})
    await record(
        connection,
        actor=agent,
        action="customer.owner_became",
        kind="customer",
        subject=card.id,
        at=at,
        before={},
        after={"owner": agent},
    )
    await outbox.add(connection, [OwnerBecame(at=at, customer=taken)])
    return taken


async def count_provisional(connection: Any) -> dict[str, int]:
    """Provisional cards by owner: work that waits for them."""
    return {row["owner"]: row["cards"] for row in await connection.fetch(_COUNT)}
