"""SQL of cards and contact points. Functions take the connection of the caller's transaction."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    ColumnElement,
    delete,
    exists,
    false,
    func,
    literal,
    literal_column,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR, aggregate_order_by, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.customers.model import CardStatus, ContactKind, ContactPoint, Customer
from crm_core.customers.tables import (
    TITLE_WORDS,
    ContactChoiceRow,
    ContactPointRow,
    CustomerContactRow,
    CustomerRow,
)
from crm_core.ids import new_id
from crm_core.people.tables import PersonRow
from crm_core.permissions import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFilter:
    """What a list of cards is asked for; None does not filter."""

    phone: str | None = None  # E.164, or digits: the beginning of the number or its end
    title: str | None = None  # beginnings of words of the title
    owner: str | None = None
    status: CardStatus | None = None
    since: datetime | None = None  # changed from then on


_POINT = func.jsonb_build_object(
    "id", ContactPointRow.id, "kind", ContactPointRow.kind, "value", ContactPointRow.value
)
_POINTS = (
    select(
        func.jsonb_agg(aggregate_order_by(_POINT, ContactPointRow.kind, ContactPointRow.value), type_=JSONB)
    )
    .join_from(CustomerContactRow, ContactPointRow, ContactPointRow.id == CustomerContactRow.contact_point_id)
    .where(CustomerContactRow.customer_id == CustomerRow.id)
    .scalar_subquery()
)
# A card with its contact points, in one statement.
COLUMNS = (*CustomerRow.__table__.columns, _POINTS.label("contact_points"))


def visible(scope: Scope) -> ColumnElement[bool]:
    """Cards that *scope* holds: of the office, of the team's people, or one's own."""
    if scope.all:
        return true()
    condition: ColumnElement[bool] = false()
    if scope.office is not None:
        condition |= CustomerRow.office == scope.office
    if scope.team is not None:
        condition |= CustomerRow.owner.in_(select(PersonRow.name).where(PersonRow.team == scope.team))
    if scope.person is not None:
        condition |= CustomerRow.owner == scope.person
    return condition


async def find(
    connection: AsyncConnection, where: CustomerFilter, scope: Scope, *, limit: int, below: UUID | None
) -> tuple[Customer, ...]:
    """At most *limit* cards with an id below *below*, newest first."""
    query = select(*COLUMNS).where(visible(scope), CustomerRow.status != CardStatus.MERGED.value)
    if below is not None:
        query = query.where(CustomerRow.id < below)
    if where.phone is not None:
        query = query.where(CustomerRow.id.in_(_by_phone(where.phone)))
    if where.title is not None:
        query = query.where(_by_title(where.title))
    if where.owner is not None:
        query = query.where(CustomerRow.owner == where.owner)
    if where.status is not None:
        query = query.where(CustomerRow.status == where.status.value)
    if where.since is not None:
        query = query.where(CustomerRow.updated_at >= where.since)
    rows = await connection.execute(query.order_by(CustomerRow.id.desc()).limit(limit))
    return tuple(map(as_customer, rows))


def _by_phone(phone: str) -> Any:
    """Cards of a number (E.164), or of numbers that begin or end with some digits."""
    value = ContactPointRow.value
    digits = "".join(char for char in phone if char in "0123456789")
    if phone.startswith("+") or not digits:
        matches: ColumnElement[bool] = value == phone
    else:
        # Not `LIKE '%digits%'`, which reads every row: both of these are index scans.
        matches = value.like(f"+{digits}%") | func.reverse(value).like(f"{digits[::-1]}%")
    return (
        select(CustomerContactRow.customer_id)
        .join(ContactPointRow, ContactPointRow.id == CustomerContactRow.contact_point_id)
        .where(ContactPointRow.kind == ContactKind.PHONE.value, matches)
    )


def _by_title(title: str) -> ColumnElement[bool]:
    """Each word of *title* begins a word of the card's title."""
    query = words_query(title)
    if not query:
        return false()
    return literal_column(TITLE_WORDS, TSVECTOR).op("@@")(func.to_tsquery("simple", query))


def words_query(text: str) -> str:
    """*text* as a text query: each of its words begins a word of the title, in any order. May be empty."""
    return " & ".join(f"{word}:*" for word in re.findall(r"[^\W_]+", text))


async def get(connection: AsyncConnection, id: UUID, scope: Scope, *, lock: bool = False) -> Customer | None:
    """The card *id* when *scope* holds it; with *lock* nobody else changes it in this transaction."""
    wanted = (CustomerRow.id == id, visible(scope))
    if lock:  # a statement of its own: what else it read would be as it was before it waited
        await connection.execute(select(CustomerRow.id).where(*wanted).with_for_update())
    row = (await connection.execute(select(*COLUMNS).where(*wanted))).one_or_none()
    return None if row is None else as_customer(row)


async def only_visible(connection: AsyncConnection, ids: Collection[UUID], scope: Scope) -> frozenset[UUID]:
    """Those of the cards *ids* that *scope* holds."""
    if not ids:
        return frozenset()
    found = await connection.execute(select(CustomerRow.id).where(CustomerRow.id.in_(ids), visible(scope)))
    return frozenset(found.scalars())


async def merged_into(connection: AsyncConnection, id: UUID) -> UUID | None:
    """The card that *id* became part of; None when it did not."""
    found = await connection.execute(select(CustomerRow.merged_into).where(CustomerRow.id == id))
    return found.scalar_one_or_none()


async def of_ids(connection: AsyncConnection, ids: Collection[UUID]) -> tuple[Customer, ...]:
    """Cards by their ids, oldest first, merged ones left out."""
    query = select(*COLUMNS).where(CustomerRow.id.in_(ids), CustomerRow.status != CardStatus.MERGED.value)
    return tuple(map(as_customer, await connection.execute(query.order_by(CustomerRow.id))))


def as_customer(row: Any) -> Customer:
    """A row of `COLUMNS` as a value; it may have more."""
    return Customer(
        id=row.id,
        title=row.title,
        status=CardStatus(row.status),
        owner=row.owner,
        office=row.office,
        contact_points=msgspec.convert(row.contact_points or (), tuple[ContactPoint, ...]),
        created_at=row.created_at,
        updated_at=row.updated_at,
        merged_into=row.merged_into,
    )


async def add(connection: AsyncConnection, customer: Customer) -> None:
    """Write a card without contact points."""
    await connection.execute(
        insert(CustomerRow).values(
            id=customer.id,
            title=customer.title,
            status=customer.status.value,
            owner=customer.owner,
            office=customer.office,
            created_at=customer.created_at,
            updated_at=customer.updated_at,
        )
    )


async def change(connection: AsyncConnection, id: UUID, values: dict[str, Any]) -> None:
    """Set columns of a card."""
    await connection.execute(update(CustomerRow).where(CustomerRow.id == id).values(**values))


async def lock_points(connection: AsyncConnection, phones: Collection[str], at: datetime) -> dict[str, UUID]:
    """The contact points of *phones*, made where missing and locked, in one order for everybody."""
    wanted = sorted(set(phones))
    if not wanted:
        return {}
    statement = insert(ContactPointRow).values(
        [{"id": new_id(), "kind": ContactKind.PHONE.value, "value": v, "created_at": at} for v in wanted]
    )
    # An update that changes nothing: it locks the row, and returns it also when it was there before.
    rows = await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[ContactPointRow.kind, ContactPointRow.value],
            set_={"value": statement.excluded.value},
        ).returning(ContactPointRow.value, ContactPointRow.id)
    )
    return {row.value: row.id for row in rows}


async def cards_of_points(
    connection: AsyncConnection, points: Collection[UUID]
) -> dict[UUID, tuple[UUID, ...]]:
    """Cards by contact point."""
    found: dict[UUID, list[UUID]] = {}
    for row in await connection.execute(
        select(CustomerContactRow.__table__)
        .where(CustomerContactRow.contact_point_id.in_(points))
        .order_by(CustomerContactRow.customer_id)
    ):
        found.setdefault(row.contact_point_id, []).append(row.customer_id)
    return {point: tuple(cards) for point, cards in found.items()}


async def link(connection: AsyncConnection, customer: UUID, points: Collection[UUID]) -> None:
    """Let *customer* be reached at *points*."""
    if points:
        rows = [{"customer_id": customer, "contact_point_id": point} for point in points]
        await connection.execute(insert(CustomerContactRow).on_conflict_do_nothing(), rows)


async def unlink(connection: AsyncConnection, customer: UUID, points: Collection[UUID]) -> None:
    """Take *points* from *customer*; a point that then leads to no card goes too."""
    if not points:
        return
    locked = select(ContactPointRow.id).where(ContactPointRow.id.in_(points)).order_by(ContactPointRow.id)
    await connection.execute(locked.with_for_update())
    for row in (ContactChoiceRow, CustomerContactRow):
        await connection.execute(
            delete(row).where(row.customer_id == customer, row.contact_point_id.in_(points))
        )
    linked = exists().where(CustomerContactRow.contact_point_id == ContactPointRow.id)
    await connection.execute(delete(ContactPointRow).where(ContactPointRow.id.in_(points), ~linked))


async def take_over(connection: AsyncConnection, kept: UUID, dropped: UUID) -> None:
    """Give *kept* the contact points and choices of *dropped*; both cards are locked by the caller."""
    points = select(CustomerContactRow.contact_point_id).where(CustomerContactRow.customer_id == dropped)
    in_order = (
        select(ContactPointRow.id).where(ContactPointRow.id.in_(points)).order_by(ContactPointRow.value)
    )
    await connection.execute(in_order.with_for_update(read=True, key_share=True))
    await connection.execute(
        insert(CustomerContactRow)
        .from_select(
            ["contact_point_id", "customer_id"],
            points.add_columns(literal(kept, CustomerContactRow.customer_id.type)),
        )
        .on_conflict_do_nothing()
    )
    await connection.execute(
        update(ContactChoiceRow).where(ContactChoiceRow.customer_id == dropped).values(customer_id=kept)
    )
    await connection.execute(delete(CustomerContactRow).where(CustomerContactRow.customer_id == dropped))
    await connection.execute(
        update(CustomerRow)
        .where((CustomerRow.id == dropped) | (CustomerRow.merged_into == dropped))
        .values(merged_into=kept, status=CardStatus.MERGED.value)
    )


async def remember_choice(
    connection: AsyncConnection, *, point: UUID, did: str, customer: UUID, by: str, at: datetime
) -> bool:
    """For *point* and the number dialled, *customer* is who it is; whether that is new."""
    values = {"customer_id": customer, "chosen_by": by, "chosen_at": at}
    statement = insert(ContactChoiceRow).values(contact_point_id=point, did=did, **values)
    written = await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[ContactChoiceRow.contact_point_id, ContactChoiceRow.did],
            set_=values,
            where=ContactChoiceRow.customer_id != customer,
        ).returning(ContactChoiceRow.did)
    )
    return written.first() is not None


async def person_office(connection: AsyncConnection, name: str) -> str | None:
    """The office of an active person; None when there is none of this name."""
    found = await connection.execute(select(PersonRow.office).where(PersonRow.name == name, PersonRow.active))
    return found.scalar_one_or_none()
