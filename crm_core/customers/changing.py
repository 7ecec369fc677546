"""What a person's change of a card must hold to, and how it is written down."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.bus.event import Event
from crm_core.customers import store
from crm_core.customers.events import CustomerChanged, OwnerChanged
from crm_core.customers.model import ContactKind, Customer
from crm_core.errors import BadInput, Conflict
from crm_core.i18n import N_
from crm_core.permissions import Scope
from crm_core.phone_number import to_e164

EVERYTHING = Scope(all=True)


class NumberTaken(Conflict):
    """This number has a card already."""

    code = "number_taken"


async def set_phones(
    connection: AsyncConnection, customer: Customer, phones: Collection[str], shared: bool, at: datetime
) -> None:
    """Make *phones* those of *customer*. Raises BadInput; NumberTaken when one leads to another card too."""
    if any(to_e164(phone, country="") != phone for phone in phones):
        raise BadInput(N_("This is not a telephone number."), field="phones", hint="+74955550142")
    had = {point.value: point.id for point in customer.contact_points if point.kind is ContactKind.PHONE}
    points = await store.lock_points(connection, set(phones) - set(had), at)
    others = await store.cards_of_points(connection, points.values())
    if others and not shared:
        raise NumberTaken(field="phones", hint=N_("Say that it is shared when it belongs to both."))
    await store.link(connection, customer.id, points.values())
    await store.unlink(connection, customer.id, [id for value, id in had.items() if value not in phones])


async def require_owner(connection: AsyncConnection, owner: str | None) -> None:
    """Raise BadInput unless *owner* is somebody, or nobody is meant."""
    if owner is not None and await store.person_office(connection, owner) is None:
        raise BadInput(N_("Nobody has this name."), field="owner")


async def fresh(connection: AsyncConnection, id: UUID) -> Customer:
    """The card as this transaction has written it."""
    customer = await store.get(connection, id, EVERYTHING)
    assert customer is not None  # written in this transaction
    return customer


def title_of(text: str) -> str:
    """*text* as a title. Raises BadInput."""
    title = " ".join(text.split())
    if not 1 <= len(title) <= 200:
        raise BadInput(N_("A title has 1 to 200 characters."), field="title")
    return title


def audited(customer: Customer) -> dict[str, Any]:
    """What the audit keeps of a card."""
    return {
        "title": customer.title,
        "status": customer.status.value,
        "owner": customer.owner,
        "office": customer.office,
        "phones": [p.value for p in customer.contact_points if p.kind is ContactKind.PHONE],
    }


def events_of(before: Customer, after: Customer, by: str, at: datetime) -> list[Event]:
    """What is to be said of a change."""
    events: list[Event] = [CustomerChanged(at=at, customer=after, by=by)]
    if before.owner != after.owner:
        events.append(OwnerChanged(at=at, customer=after, before=before.owner, by=by))
    return events
