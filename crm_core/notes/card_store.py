"""SQL of a card with what belongs to it. Functions take a connection of the caller's."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, Uuid, bindparam, exists, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute, aliased

from crm_core.calls import store as calls
from crm_core.calls.tables import CallRow
from crm_core.customers import store as customers
from crm_core.customers.model import Customer
from crm_core.customers.tables import CustomerRow
from crm_core.errors import NotFound
from crm_core.i18n import N_
from crm_core.people.model import Reader
from crm_core.people.tables import OfficeRow
from crm_core.permissions import Action, scope


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCard:
    """*ids*: of the card and of those that became part of it: facts that come late may still name these.

    *timezone* (IANA): of the card's office, or of the reader's when it has none.
    """

    card: Customer
    ids: tuple[UUID, ...]
    timezone: str


def _card() -> Select[*tuple[Any, ...]]:
    """The card `card` or the one it became part of, its parts, and the time where it is looked after."""
    asked = bindparam("card", type_=Uuid())
    into = select(CustomerRow.merged_into).where(CustomerRow.id == asked).scalar_subquery()
    part = aliased(CustomerRow)
    parts = select(part.id).where(part.merged_into == CustomerRow.id).scalar_subquery()
    office = func.coalesce(CustomerRow.office, bindparam("home", type_=Text()))
    timezone = select(OfficeRow.timezone).where(OfficeRow.name == office).scalar_subquery()
    return select(
        *customers.COLUMNS,
        func.array(parts, type_=ARRAY(Uuid())).label("parts"),
        timezone.label("timezone"),
    ).where(CustomerRow.id == func.coalesce(into, asked))


_CARD = _card()  # made once: that takes longer than what PostgreSQL does with it


async def seen_card(
    connection: AsyncConnection, reader: Reader, customer_id: UUID, *, met: bool = False
) -> SeenCard:
    """One card, or the one that it became part of. Raises NotFound unless *reader* may see it.

    *met*: they may, for they are known to see a call of it.
    """
    query = _CARD if met else _CARD.where(_seen_by(reader))
    found = await connection.execute(query, {"card": customer_id, "home": reader.office})
    row = found.one_or_none()
    if row is None:
        raise NotFound(N_("There is no such card."))
    card = customers.as_customer(row)
    return SeenCard(card=card, ids=(card.id, *row.parts), timezone=row.timezone)


def _seen_by(reader: Reader) -> ColumnElement[bool]:
    """Cards that *reader* may see, or a call of which they may see."""
    met = exists().where(
        CallRow.customer_id == CustomerRow.id,
        CallRow.merged_into.is_(None),
        calls.visible(scope(reader, Action.CALLS_READ)),
    )
    return or_(customers.visible(scope(reader, Action.CUSTOMERS_READ)), met)


def of_cards(column: InstrumentedAttribute[Any], cards: Collection[UUID]) -> ColumnElement[bool]:
    """Rows whose *column* names one of *cards*: nearly always it is one, so an index gives an order."""
    if len(cards) > 1:
        return column.in_(cards)
    (card,) = cards
    return column == card
