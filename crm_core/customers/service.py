"""Cards: who rings, whose customer it is, and what people change."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.audit.store import changed, record
from crm_core.clock import Clock
from crm_core.customers import changing, merging, owning, searching, store
from crm_core.customers.changing import EVERYTHING
from crm_core.customers.events import CustomerCreated
from crm_core.customers.identify import find_or_make
from crm_core.customers.merging import Follower
from crm_core.customers.model import (
    CardStatus,
    Customer,
    CustomerChange,
    Identity,
    MergeField,
    MergePreview,
    NewCustomer,
)
from crm_core.customers.store import CustomerFilter
from crm_core.db import outbox
from crm_core.db.engine import Database
from crm_core.errors import Conflict, Forbidden, NotFound, Unavailable
from crm_core.i18n import N_
from crm_core.ids import new_id
from crm_core.masking import mask_number
from crm_core.paging import id_of, page_of, page_size
from crm_core.people import store as people
from crm_core.people.model import Reader
from crm_core.permissions import Action, may, scope

log = structlog.get_logger(__name__)

WAIT_S = 5.0  # for what is written behind a call
MERGE_S = 10.0  # for cards with many calls


class CustomerService:
    """Use cases of cards. Every method raises Unavailable when the database is away."""

    def __init__(self, database: Database, clock: Clock, followers: Sequence[Follower] = ()) -> None:
        """*followers*: the subjects whose things move with a card that becomes part of another."""
        self._database = database
        self._clock = clock
        self._followers = tuple(followers)

    # -- a call asks --------------------------------------------------------------------------------

    async def identify(
        self, e164: str | None, *, office: str | None, via: str | None, timeout_s: float = WAIT_S
    ) -> Identity:
        """Who rings from *e164* to the number *via* of *office*; makes a provisional card for a new number.

        None (withheld, unreadable) keeps no card. Shared numbers give choices, unless somebody chose
        for this number and *via* before. One statement; *timeout_s* bounds it all:
        whoever has less time breaks it off.
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
    ) -> tuple[Sequence[Customer], str | None]:
        """Cards the reader may see, newest first, and the cursor of the next piece.

        *phone*: E.164, or digits that begin or end a number; *title*: beginnings of words; *agent*:
        the owner. Raises BadInput for a foreign cursor.
        """
        size, below = page_size(limit), id_of(cursor)
        asked = CustomerFilter(phone=phone, title=title, owner=agent, status=status, since=since)
        seen = scope(reader, Action.CUSTOMERS_READ)
        async with self._database.reading() as connection:
            found = await store.find(connection, asked, seen, limit=size + 1, below=below)
        return page_of(found, size, lambda card: str(card.id))

    async def get(self, reader: Reader, customer_id: UUID, *, met: bool = False) -> Customer:
        """One card; for one that became part of another, that other. Raises NotFound, also if not to be seen.

        *met*: the reader may see a call of this card. Who answers for another office sees who rings.
        """
        async with self._database.reading() as connection:
            return await self._seen(connection, reader, customer_id, met)

    async def may_read(self, reader: Reader, ids: Collection[UUID]) -> frozenset[UUID]:
        """Those of the cards *ids* that *reader* may open."""
        seen = scope(reader, Action.CUSTOMERS_READ)
        async with self._database.reading() as connection:
            return await store.only_visible(connection, ids, seen)

    async def search(
        self, reader: Reader, text: str, limit: int = 8, *, owner: str | None = None
    ) -> tuple[Customer, ...]:
        """Cards for what was typed so far: beginnings of words of the title in any order, or any part
        (three digits or more) of a number. Exact ones first, then own, then those changed last.
        *owner*: only theirs.
        """
        seen = scope(reader, Action.CUSTOMERS_READ)
        async with self._database.transaction() as connection:
            offices = {office.name: office for office in await people.load_offices(connection)}
            home = offices.get(reader.office)
            wanted = searching.sought(text, home.country if home is not None else "", owner)
            ids = await searching.search(connection, wanted, seen, me=reader.person, limit=limit)
            cards = {card.id: card for card in await store.of_ids(connection, ids)}
        return tuple(cards[id] for id in ids if id in cards)

    async def _seen(
        self, connection: AsyncConnection, reader: Reader, customer_id: UUID, met: bool
    ) -> Customer:
        seen = EVERYTHING if met else scope(reader, Action.CUSTOMERS_READ)
        into = await store.merged_into(connection, customer_id)
        found = await store.get(connection, into or customer_id, seen)
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
            title=changing.title_of(new.title),
            status=CardStatus.KEPT,
            owner=new.owner,
            office=office,
            contact_points=(),
            created_at=now,
            updated_at=now,
        )
        async with self._database.transaction() as connection:
            await changing.require_owner(connection, new.owner)
            if new.owner not in (None, reader.person) and not may(
                reader, Action.CUSTOMERS_ASSIGN, office=office
            ):
                raise Forbidden(N_("Only a supervisor gives a card to somebody else."), field="owner")
            await store.add(connection, customer)
            await changing.set_phones(connection, customer, new.phones, new.shared, now)
            customer = await changing.fresh(connection, customer.id)
            await record(
                connection,
                actor=reader.person,
                action="customer.created",
                kind="customer",
                subject=customer.id,
                at=now,
                after=changing.audited(customer),
            )
            await outbox.add(connection, [CustomerCreated(at=now, customer=customer)])
        return customer

    async def update(self, reader: Reader, customer_id: UUID, change: CustomerChange) -> Customer:
        """Change a card; a title makes it a kept one. Raises NotFound, BadInput, Forbidden, Conflict."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            seen = scope(reader, Action.CUSTOMERS_WRITE)
            customer_id = await store.merged_into(connection, customer_id) or customer_id
            before = await store.get(connection, customer_id, seen, lock=True)
            if before is None:
                raise NotFound(N_("There is no such card."))
            if before.status is CardStatus.MERGED:  # a moment ago
                raise Conflict(N_("This card has become part of another."), code="card_merged")
            if change.seen not in (None, before.updated_at):
                raise Conflict(N_("Somebody changed this card meanwhile."), code="card_changed")
            values = await self._columns(connection, reader, before, change)
            if change.phones is not UNSET:
                await changing.set_phones(connection, before, change.phones, change.shared, now)
            await store.change(connection, customer_id, {**values, "updated_at": now})
            after = await changing.fresh(connection, customer_id)
            was, became = changed(changing.audited(before), changing.audited(after))
            await record(
                connection,
                actor=reader.person,
                action="customer.updated",
                kind="customer",
                subject=customer_id,
                at=now,
                before=was,
                after=became,
            )
            await outbox.add(connection, changing.events_of(before, after, reader.person, now))
        return after

    async def preview_merge(
        self, reader: Reader, keep: UUID, drop: UUID, take: Collection[MergeField] = ()
    ) -> MergePreview:
        """What *keep* will have when *drop* has become part of it.

        What only one of them says is kept; where both differ *keep* is right, but for the fields to
        *take* from *drop*. Raises BadInput, NotFound, Conflict (`card_merged`).
        """
        async with self._database.transaction() as connection:
            kept, dropped = await merging.both(connection, reader, keep, drop, lock=False)
            calls = [await follower.count(connection, (keep, drop)) for follower in self._followers]
        return merging.preview(reader, kept, dropped, take, sum(calls))

    async def merge(
        self, reader: Reader, keep: UUID, drop: UUID, take: Collection[MergeField] = ()
    ) -> Customer:
        """Let *drop* become part of *keep*, as `preview_merge` says, with all that led to it; the kept card.

        Raises also Forbidden: cards of two owners are merged by a supervisor.
        """
        now = self._clock.now()
        async with self._database.transaction(timeout_s=MERGE_S) as connection:
            await merging.one_at_a_time(connection)
            kept, dropped = await merging.both(connection, reader, keep, drop, lock=True)
            planned = merging.preview(reader, kept, dropped, take, calls=0)
            after, events = await merging.write(connection, reader, kept, planned, now)
            for follower in self._followers:
                events += await follower.merged(connection, after, drop, now)
            await outbox.add(connection, events)
        return after

    async def _columns(
        self, connection: AsyncConnection, reader: Reader, before: Customer, change: CustomerChange
    ) -> dict[str, Any]:
        values: dict[str, Any] = {}
        if change.title is not UNSET:
            values |= {"title": changing.title_of(change.title), "status": CardStatus.KEPT.value}
        if change.owner is not UNSET and change.owner != before.owner:
            if not may(reader, Action.CUSTOMERS_ASSIGN, office=before.office):
                raise Forbidden(N_("Only a supervisor gives a card to somebody else."), field="owner")
            await changing.require_owner(connection, change.owner)
            values["owner"] = change.owner
        return values
