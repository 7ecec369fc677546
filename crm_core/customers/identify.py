"""Who rings: one statement that finds the contact point or makes it with a provisional card.

Exactly one card for fifty first calls at once: the unique key of the contact point lets one statement
insert it, the others wait for that one to commit and then insert nothing. Their own snapshot is older
than the commit, so they find nothing either and are run again: the new snapshot sees the card.

Making a card does not wait for the disk, which may take longer than a caller can wait: a stall of a tenth of
a second was seen to make callers strangers. PostgreSQL's log is one line, so the call's own row, written
right behind, brings the card to the disk too. What a crash of PostgreSQL takes from in between, the router
makes again (`callrouter.acd.callers`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from crm_core.bus.event import event_name
from crm_core.customers.events import CustomerCreated
from crm_core.customers.model import CardChoice, CardStatus, ContactKind, ContactPoint, Customer, Identity
from crm_core.ids import new_id, plain_id

TRIES = 3  # the second sees what the first waited for; the third is for a point deleted in between
MAX_CHOICES = 20

_STATEMENT = f"""
WITH point AS (
    SELECT id FROM contact_points WHERE kind = 'phone' AND value = $1
), new_point AS (
    INSERT INTO contact_points (id, kind, value, created_at)
    SELECT $2, 'phone', $1, $6 WHERE NOT EXISTS (SELECT FROM point)
    ON CONFLICT (kind, value) DO NOTHING
    RETURNING id
), new_card AS (
    INSERT INTO customers (id, title, status, office, created_at, updated_at)
    SELECT $3, $1, 'provisional', (SELECT name FROM offices WHERE name = $4), $6, $6 FROM new_point
    RETURNING id, title, office
), new_link AS (
    INSERT INTO customer_contacts (contact_point_id, customer_id)
    SELECT new_point.id, new_card.id FROM new_point, new_card
), said AS (
    INSERT INTO outbox (event_id, name, body) SELECT $7, $8, $9::text::jsonb FROM new_card
), soon AS (
    SELECT set_config('synchronous_commit', 'off', true) FROM new_card
)
SELECT c.id, c.title, c.owner, c.office, c.status, false AS created, choice.customer_id IS NOT NULL AS chosen
FROM point
JOIN customer_contacts link ON link.contact_point_id = point.id
JOIN customers c ON c.id = link.customer_id AND c.status <> 'merged'
LEFT JOIN contact_choices choice
    ON choice.contact_point_id = point.id AND choice.did = $5 AND choice.customer_id = c.id
UNION ALL
SELECT id, title, NULL, office, 'provisional', true, false FROM new_card, soon
ORDER BY chosen DESC, title, id
LIMIT {MAX_CHOICES}
"""  # noqa: S608 - the only value in it is a number of ours


async def find_or_make(
    connection: Any, e164: str, *, office: str | None, did: str | None, at: datetime
) -> Identity | None:
    """The identity behind *e164*; None when all tries met others' unfinished work.

    *connection* is a plain asyncpg connection outside a transaction: each try needs its own snapshot.
    """
    for _ in range(TRIES):
        made = _provisional(e164, office, at)
        said = CustomerCreated(at=at, customer=made)
        rows = await connection.fetch(
            _STATEMENT,
            e164,
            made.contact_points[0].id,
            made.id,
            office,
            did,
            at,
            said.id,
            event_name(said),
            msgspec.json.encode(said).decode(),
        )
        if rows:
            return _identity(e164, rows)
    return None


def _provisional(e164: str, office: str | None, at: datetime) -> Customer:
    return Customer(
        id=new_id(),
        title=e164,
        status=CardStatus.PROVISIONAL,
        owner=None,
        office=office,
        contact_points=(ContactPoint(id=new_id(), kind=ContactKind.PHONE, value=e164),),
        created_at=at,
        updated_at=at,
    )


def _identity(e164: str, rows: list[Any]) -> Identity:
    """One card, the one remembered for this number, or the choice between several."""
    first = rows[0]
    if len(rows) > 1 and not first["chosen"]:
        return Identity(
            e164=e164,
            choices=tuple(
                CardChoice(
                    customer_id=plain_id(row["id"]),
                    title=row["title"],
                    owner=row["owner"],
                    office=row["office"],
                )
                for row in rows
            ),
        )
    return Identity(
        e164=e164,
        customer_id=plain_id(first["id"]),
        title=first["title"],
        owner=first["owner"],
        provisional=first["status"] == CardStatus.PROVISIONAL,
        created=first["created"],
    )
