"""The customers' service as the dispatcher asks for it: by what the wire says and the number dialled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol
from uuid import UUID

from crm_core.customers.model import Identity
from crm_core.phone_number import parse_caller
from crm_core.queues.model import Number


class CustomerService(Protocol):
    """What is used of crm_core.customers.service.CustomerService."""

    async def identify(self, e164: str | None, *, office: str | None, via: str | None) -> Identity: ...
    async def set_owner_once(self, customer_id: UUID, agent: str) -> bool: ...


class Cards:
    """Implements `callrouter.acd.ports.Callers`: numbers are read as in the dialled office's country."""

    def __init__(self, service: CustomerService) -> None:
        self._service = service
        self._numbers: dict[str, Number] = {}

    def configure(self, numbers: Iterable[Number]) -> None:
        """Take the numbers of the office."""
        self._numbers = {number.e164: number for number in numbers}

    async def identify(self, raw: str, presentation: str, did: str | None) -> Identity:
        """Find the card, or make a provisional one; withheld and unreadable numbers have none."""
        dialled = self._numbers.get(did or "")
        country = dialled.country if dialled else ""
        caller = parse_caller(raw, country=country, presentation=presentation)
        if caller.e164 is None:
            return Identity(e164=None)
        office = dialled.office if dialled else None
        return await self._service.identify(caller.e164, office=office, via=did)

    async def own(self, customer_id: UUID, agent: str) -> bool:
        """Make *agent* the owner of a card without one."""
        return await self._service.set_owner_once(customer_id, agent)
