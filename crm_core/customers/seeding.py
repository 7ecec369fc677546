"""Customers that the office file names: known from the start.

The file sows, it does not rule: an entry is written when it is new or differs from the version before,
so that what agents changed on a card since stays when the same file is applied again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

import phonenumbers
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.audit.store import record
from crm_core.bus.event import Event
from crm_core.clock import Clock
from crm_core.customers import store
from crm_core.customers.events import CustomerChanged, CustomerCreated
from crm_core.customers.model import CardStatus, Customer
from crm_core.ids import new_id
from crm_core.office.model import CustomerEntry, OfficeFile
from crm_core.permissions import Scope


class FileCustomers:
    """Follows the office file."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def office_applied(
        self, connection: AsyncConnection, before: OfficeFile | None, after: OfficeFile, *, by: str
    ) -> Sequence[Event]:
        """Write the entries that are new or changed as kept cards."""
        old = before.customers if before else ()
        events: list[Event] = []
        for entry in after.customers:
            if entry not in old:
                earlier = [e for e in old if e.phones[0] == entry.phones[0] and e not in after.customers]
                events.append(await self._sow(connection, after, entry, earlier, by))
        return events

    async def _sow(
        self,
        connection: AsyncConnection,
        office: OfficeFile,
        entry: CustomerEntry,
        earlier: Sequence[CustomerEntry],
        by: str,
    ) -> Event:
        now = self._clock.now()
        points = await store.lock_points(connection, entry.phones, now)
        cards = await store.cards_of_points(connection, points.values())
        found = await _same(connection, {c for ids in cards.values() for c in ids}, entry, earlier)
        if found is None:
            home = _office_of(entry, office)
            card = Customer(
                id=new_id(),
                title=entry.title,
                status=CardStatus.KEPT,
                owner=entry.owner,
                office=home,
                contact_points=(),
                created_at=now,
                updated_at=now,
            )
            await store.add(connection, card)
        else:
            card = replace(found, title=entry.title, owner=entry.owner or found.owner)
            columns = {"title": card.title, "owner": card.owner, "status": CardStatus.KEPT.value}
            await store.change(connection, card.id, {**columns, "updated_at": now})
            gone = {phone for e in earlier for phone in e.phones} - set(entry.phones)
            await store.unlink(connection, card.id, [p.id for p in found.contact_points if p.value in gone])
        await store.link(connection, card.id, points.values())
        written = await store.get(connection, card.id, Scope(all=True))
        assert written is not None  # written in this transaction
        await record(
            connection,
            actor=by,
            action="customer.created" if found is None else "customer.updated",
            kind="customer",
            subject=card.id,
            at=now,
            after={"title": written.title, "owner": written.owner, "phones": list(entry.phones)},
        )
        if found is None:
            return CustomerCreated(at=now, customer=written)
        return CustomerChanged(at=now, customer=written, by=by)


async def _same(
    connection: AsyncConnection,
    ids: Collection[UUID],
    entry: CustomerEntry,
    earlier: Sequence[CustomerEntry],
) -> Customer | None:
    """The card that *entry* speaks of: of its title or of its earlier one, else a provisional one."""
    titles = {entry.title, *(e.title for e in earlier)}
    provisional = None
    for customer in await store.of_ids(connection, ids):
        if customer.title in titles:
            return customer
        if customer.status is CardStatus.PROVISIONAL:
            provisional = customer
    return provisional


def _office_of(entry: CustomerEntry, office: OfficeFile) -> str:
    """Where the card belongs: with its owner, else in the country of its number, else the first office."""
    if entry.owner is not None:
        return office.people[entry.owner].office
    country = phonenumbers.region_code_for_number(phonenumbers.parse(entry.phones[0]))
    of_country = (name for name, place in office.offices.items() if place.country == country)
    return next(of_country, next(iter(office.offices)))
