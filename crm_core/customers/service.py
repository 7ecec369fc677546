"""Cards: who rings, whose customer it is, and what people change."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.audit.store import changed, record
from crm_core.bus.event import Event
from crm_core.clock import Clock
from crm_core.customers import owning, store
from crm_core.customers.events import CustomerChanged, CustomerCreated, OwnerChanged
from crm_core.customers.identify import find_or_make
from crm_core.customers.model import CardStatus, ContactKind, Customer, CustomerChange, Identity, NewCustomer
from crm_core.customers.store import CustomerFilter
from crm_core.db import outbox
from crm_core.db.engine import Database
from crm_core.errors import BadInput, Conflict, Forbidden, NotFound, Unavailable
from crm_core.i18n import N_
from crm_core.ids import new_id, parse_id
from crm_core.masking import mask_number
from crm_core.people.model import Reader
from crm_core.permissions import Action, Scope, may, scope
from crm_core.phone_number import to_e164

log = structlog.get_logger(__name__)

EVERYTHING = Scope(all=True)
WAIT_S = 5.0  # for what is written behind a call


class CustomerService:
    """Use cases of cards. Every method raises Unavailable when the database is away."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    # -- a call asks --------------------------------------------------------------------------------

    async def identify(
        self, e164: str | None, *, office: str | None, via: str | None, timeout_s: float = 0.25
    ) -> Identity:
        """Who rings from *e164* to the number *via* of *office*; makes a provisional card for a new number.

        None (withheld, unreadable) keeps no card. Shared numbers give choices, unless somebody chose
        for this number and *via* before. One statement; *timeout_s* bounds it all.
        """
        if e164 is None:
            return Identity(e164=None)
        async with self._database.hot(timeout_s=timeout_s) as connection:
            identity = await find_or_make(connection, e164, office=office, did=via, at=self._clock.now())
        if identity is None:
            log.error("identify found neither card nor place for one", number=mask_number(e164))
            raise Unavailable(N_("The caller could not be identified."))
        return identity

    async def set_owner_once(self, customer_id: UUID, agent: str) -> bool:
        """Make *agent* the owner of a card without one; False when it has one or does not exist.

        Of several calls answered at once exactly one wins; a card never changes hands here.
        """
        now = self._clock.now()
        async with self._database.hot(timeout_s=WAIT_S) as connection:
            return await owning.take_if_unowned(connection, customer_id, agent, now)

    async def count_provisional(self) -> dict[str, int]:
        """Provisional cards by owner: open work, part of the load."""
        async with self._database.hot(timeout_s=WAIT_S) as connection:
            return await owning.count_provisional(connection)

    # -- people read --------------------------------------------------------------------------------

    async def list(
        self,
        reader: Reader,
        *,
        phone: str | None = None,
        title: str | None = None,
        agent: str | None = None,
        status: CardStatus | None = None,
        since: datetime | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> tuple[tuple[Customer, ...], str | None]:
        """Cards the reader may see, newest first, and the cursor of the next piece.

        *phone*: E.164, or digits that begin or end a number; *title*: beginnings of words; *agent*:
        the owner. Raises BadInput for a foreign cursor.
        """
        below = parse_id(cursor)
        if cursor is not None and below is None:
            raise BadInput(N_("This cursor is not from here."), field="cursor")
        asked = CustomerFilter(phone=phone, title=title, owner=agent, status=status, since=since)
        seen = scope(reader, Action.CUSTOMERS_READ)
        async with self._database.transaction() as connection:
            found = await store.find(connection, asked, seen, limit=limit + 1, below=below)
        piece = found[:limit]
        return piece, str(piece[-1].id) if len(found) > limit else None

    async def get(self, reader: Reader, customer_id: UUID, *, met: bool = False) -> Customer:
        """One card. Raises NotFound, also when it may not be seen.

        *met*: the reader may see a call of this card. Who answers for another office sees who rings.
        """
        seen = EVERYTHING if met else scope(reader, Action.CUSTOMERS_READ)
        async with self._database.transaction() as connection:
            found = await store.get(connection, customer_id, seen)
        if found is None:
            raise NotFound(N_("There is no such card."))
        return found

    # -- people write -------------------------------------------------------------------------------

    async def create(self, reader: Reader, new: NewCustomer) -> Customer:
        """Make a card. Raises BadInput, Forbidden, and Conflict for a number that has a card (`shared`)."""
        office = new.office or reader.office
        if not may(reader, Action.CUSTOMERS_WRITE, office=office):
            raise Forbidden(N_("You may not make cards of this office."))
        now = self._clock.now()
        customer = Customer(
            id=new_id(),
            title=_title(new.title),
            status=CardStatus.KEPT,
            owner=new.owner,
            office=office,
            contact_points=(),
            created_at=now,
            updated_at=now,
        )
        async with self._database.transaction() as connection:
            await _require_owner(connection, new.owner)
            if new.owner not in (None, reader.person) and not may(
                reader, Action.CUSTOMERS_ASSIGN, office=office
            ):
                raise Forbidden(N_("Only a supervisor gives a card to somebody else."), field="owner")
            await store.add(connection, customer)
            await _set_phones(connection, customer, new.phones, new.shared, now)
            customer = await _fresh(connection, customer.id)
            await self._write(
                connection, reader.person, "customer.created", customer.id, None, _audited(customer), now
            )
            await outbox.add(connection, [CustomerCreated(at=now, customer=customer)])
        return customer

    async def update(self, reader: Reader, customer_id: UUID, change: CustomerChange) -> Customer:
        """Change a card; a title makes it a kept one. Raises NotFound, BadInput, Forbidden, Conflict."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            seen = scope(reader, Action.CUSTOMERS_WRITE)
            before = await store.get(connection, customer_id, seen, lock=True)
            if before is None:
                raise NotFound(N_("There is no such card."))
            values = await self._columns(connection, reader, before, change)
            if change.phones is not UNSET:
                await _set_phones(connection, before, change.phones, change.shared, now)
            await store.change(connection, customer_id, {**values, "updated_at": now})
            after = await _fresh(connection, customer_id)
            was, became = changed(_audited(before), _audited(after))
            await self._write(connection, reader.person, "customer.updated", customer_id, was, became, now)
            await outbox.add(connection, _events(before, after, reader.person, now))
        return after

    async def _columns(
        self, connection: AsyncConnection, reader: Reader, before: Customer, change: CustomerChange
    ) -> dict[str, Any]:
        values: dict[str, Any] = {}
        if change.title is not UNSET:
            values |= {"title": _title(change.title), "status": CardStatus.KEPT.value}
        if change.owner is not UNSET and change.owner != before.owner:
            if not may(reader, Action.CUSTOMERS_ASSIGN, office=before.office):
                raise Forbidden(N_("Only a supervisor gives a card to somebody else."), field="owner")
            await _require_owner(connection, change.owner)
            values["owner"] = change.owner
        return values

    async def _write(
        self,
        connection: AsyncConnection,
        actor: str,
        action: str,
        subject: UUID,
        before: dict[str, Any] | None,
        after: dict[str, Any] | None,
        at: datetime,
    ) -> None:
        await record(
            connection,
            actor=actor,
            action=action,
            kind="customer",
            subject=subject,
            at=at,
            before=before,
            after=after,
        )


async def _set_phones(
    connection: AsyncConnection, customer: Customer, phones: Collection[str], shared: bool, at: datetime
) -> None:
    """Make *phones* those of *customer*. Raises BadInput; Conflict when one leads to another card too."""
    if any(to_e164(phone, country="") != phone for phone in phones):
        raise BadInput(N_("This is not a telephone number."), field="phones", hint="+74955550142")
    had = {point.value: point.id for point in customer.contact_points if point.kind is ContactKind.PHONE}
    points = await store.lock_points(connection, set(phones) - set(had), at)
    others = await store.cards_of_points(connection, points.values())
    if others and not shared:
        raise Conflict(
            N_("This number has a card already."),
            field="phones",
            hint=N_("Say that it is shared when it belongs to both."),
            code="number_taken",
        )
    await store.link(connection, customer.id, points.values())
    await store.unlink(connection, customer.id, [id for value, id in had.items() if value not in phones])


async def _require_owner(connection: AsyncConnection, owner: str | None) -> None:
    if owner is not None and await store.person_office(connection, owner) is None:
        raise BadInput(N_("Nobody has this name."), field="owner")


async def _fresh(connection: AsyncConnection, id: UUID) -> Customer:
    customer = await store.get(connection, id, EVERYTHING)
    assert customer is not None  # written in this transaction
    return customer


def _title(text: str) -> str:
    title = " ".join(text.split())
    if not 1 <= len(title) <= 200:
        raise BadInput(N_("A title has 1 to 200 characters."), field="title")
    return title


def _audited(customer: Customer) -> dict[str, Any]:
    return {
        "title": customer.title,
        "status": customer.status.value,
        "owner": customer.owner,
        "phones": [point.value for point in customer.contact_points],
    }


def _events(before: Customer, after: Customer, by: str, at: datetime) -> list[Event]:
    events: list[Event] = [CustomerChanged(at=at, customer=after, by=by)]
    if before.owner != after.owner:
        events.append(OwnerChanged(at=at, customer=after, before=before.owner, by=by))
    return events
