"""What happened to passwords of phones in the browser. Ids only: digests stay in their table."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from crm_core.bus.event import Event, register


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneCredentialIssued(Event):
    """A device has a new password, and the one before no longer works."""

    credential: UUID
    endpoint: str


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneCredentialInForce(Event):
    """The switch has it; said by the router only."""

    credential: UUID
    endpoint: str


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneCredentialEnded(Event):
    """A device's password no longer works."""

    credential: UUID
    endpoint: str
