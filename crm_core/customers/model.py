"""Customer cards and contact points. A contact point is unique; it may lead to several cards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import UNSET, UnsetType


class CardStatus(StrEnum):
    """Where a card stands in its life."""

    PROVISIONAL = "provisional"  # made for an unknown number; kept or dropped by what happens next
    KEPT = "kept"
    MERGED = "merged"


class ContactKind(StrEnum):
    """What kind of address a contact point is."""

    PHONE = "phone"
    EMAIL = "email"
    MESSENGER = "messenger"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPoint:
    """A phone (E.164), e-mail or messenger address: one row for the whole installation."""

    id: UUID
    kind: ContactKind
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A card: everything about one person or company."""

    id: UUID
    title: str  # name, or the number while nothing better is known
    status: CardStatus
    owner: str | None  # the agent responsible
    office: str | None
    contact_points: tuple[ContactPoint, ...]
    created_at: datetime
    updated_at: datetime
    merged_into: UUID | None = None  # of a merged card: the one it became part of


@dataclass(frozen=True, slots=True, kw_only=True)
class CardChoice:
    """One card among those that share a number. *owner* and *office* also say who may see it."""

    customer_id: UUID
    title: str
    owner: str | None
    office: str | None


def merged_choices(choices: tuple[CardChoice, ...], kept: Customer, dropped: UUID) -> tuple[CardChoice, ...]:
    """*choices* after *dropped* has become part of *kept*."""
    if all(choice.customer_id != dropped for choice in choices):
        return choices
    others = (choice for choice in choices if choice.customer_id not in (kept.id, dropped))
    one = CardChoice(customer_id=kept.id, title=kept.title, owner=kept.owner, office=kept.office)
    return tuple(sorted((one, *others), key=lambda choice: (choice.title, choice.customer_id)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who rings. Exactly one of: *customer_id* set; several *choices*; neither (withheld, unreadable)."""

    e164: str | None
    customer_id: UUID | None = None
    title: str | None = None
    owner: str | None = None
    provisional: bool = False
    created: bool = False  # this call made the card
    choices: tuple[CardChoice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCustomer:
    """A card a person makes. *phones* in E.164; *shared* says that others may have them too."""

    title: str
    phones: tuple[str, ...] = ()
    owner: str | None = None
    office: str | None = None
    shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerChange:
    """What a person changes on a card; UNSET leaves it. *phones* replaces all of them.

    *seen*: `updated_at` of the card the change was made from; None: whatever it is now.
    """

    title: str | UnsetType = UNSET
    owner: str | UnsetType | None = UNSET
    phones: tuple[str, ...] | UnsetType = UNSET
    shared: bool = False
    seen: datetime | None = None


class MergeField(StrEnum):
    """What two cards may both have, and differ in."""

    TITLE = "title"
    OWNER = "owner"
    OFFICE = "office"


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeConflict:
    """Both cards say something of *field*, and not the same."""

    field: MergeField
    kept: str
    dropped: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePreview:
    """What a merge gives: *kept* as it will be, *calls* of both. Not *allowed*: a supervisor must do it."""

    kept: Customer
    dropped: Customer
    calls: int
    conflicts: tuple[MergeConflict, ...]
    allowed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CardDetails:
    """A card as a desk shows it. *timezone* (IANA): the customer's, or the office's when that is unsure."""

    card: Customer
    timezone: str
    of_number: bool  # the zone follows from the customer's numbers
    local_time: datetime
