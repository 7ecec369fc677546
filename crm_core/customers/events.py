"""What happened to cards. Each carries the whole card after the change."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from crm_core.bus.event import Event, register
from crm_core.customers.model import Customer


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerEvent(Event):
    """The base: *customer* after the change."""

    customer: Customer


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerCreated(CustomerEvent):
    """A card was made: for an unknown caller (provisional), by a person, or by the office file."""


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerChanged(CustomerEvent):
    """Somebody changed the card."""

    by: str


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerMerged(CustomerEvent):
    """The card *dropped* became part of *customer*: all that led to it leads to that one."""

    dropped: UUID
    by: str


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerBecame(CustomerEvent):
    """The first agent who talked with an unowned customer owns the card from now on."""


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerChanged(CustomerEvent):
    """A person gave the card to somebody else, or to nobody."""

    before: str | None
    by: str
