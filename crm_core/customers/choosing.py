"""Numbers that several cards share: which cards these are, and what a person said of a caller."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.audit.store import record
from crm_core.customers import store
from crm_core.customers.identify import MAX_CHOICES
from crm_core.customers.model import CardChoice, CardStatus, ContactKind, Customer
from crm_core.customers.tables import ContactPointRow, CustomerContactRow, CustomerRow
from crm_core.errors import NotFound
from crm_core.i18n import N_
from crm_core.people.model import Reader
from crm_core.permissions import Action, scope


async def choices_of(
    connection: AsyncConnection, numbers: Collection[str]
) -> dict[str, tuple[CardChoice, ...]]:
    """The cards that each of *numbers* leads to, whoever asks: sort out what a reader may see.

    In the order in which a caller's choices are given, and as many.
    """
    found: dict[str, list[CardChoice]] = {}
    for row in await connection.execute(
        select(
            ContactPointRow.value, CustomerRow.id, CustomerRow.title, CustomerRow.owner, CustomerRow.office
        )
        .join(CustomerContactRow, CustomerContactRow.contact_point_id == ContactPointRow.id)
        .join(CustomerRow, CustomerRow.id == CustomerContactRow.customer_id)
        .where(
            ContactPointRow.kind == ContactKind.PHONE.value,
            ContactPointRow.value.in_(numbers),
            CustomerRow.status != CardStatus.MERGED.value,
        )
        .order_by(CustomerRow.title, CustomerRow.id)
    ):
        choices = found.setdefault(row.value, [])
        if len(choices) < MAX_CHOICES:
            choices.append(
                CardChoice(customer_id=row.id, title=row.title, owner=row.owner, office=row.office)
            )
    return {number: tuple(choices) for number, choices in found.items()}


async def choose(
    connection: AsyncConnection, reader: Reader, e164: str, *, did: str | None, card: UUID, at: datetime
) -> Customer:
    """Remember that *card* is who rings *did* from *e164*; the card, locked until the end of the transaction.

    Raises NotFound when the reader may not see the card, or when it has not this number.
    """
    seen = scope(reader, Action.CUSTOMERS_READ)
    card = await store.merged_into(connection, card) or card
    customer = await store.get(connection, card, seen, lock=True)
    point = next((p for p in customer.contact_points if p.value == e164), None) if customer else None
    if customer is None or point is None:
        raise NotFound(N_("There is no such card with this number."))
    if did is not None and await store.remember_choice(
        connection, point=point.id, did=did, customer=card, by=reader.person, at=at
    ):
        await record(
            connection,
            actor=reader.person,
            action="customer.chosen",
            kind="customer",
            subject=card,
            at=at,
            after={"number": e164, "did": did},
        )
    return customer
