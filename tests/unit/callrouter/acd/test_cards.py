"""Numbers are read by the country of the dialled number's office."""

from __future__ import annotations

from uuid import UUID

import pytest

from callrouter.acd.cards import Cards
from crm_core.customers.model import Identity
from crm_core.ids import new_id
from crm_core.queues.model import Number

pytestmark = pytest.mark.unit

DID = "+74955550100"


class Service:
    def __init__(self) -> None:
        self.asked: list[tuple[str | None, str | None, str | None]] = []

    async def identify(self, e164: str | None, *, office: str | None, via: str | None) -> Identity:
        self.asked.append((e164, office, via))
        return Identity(e164=e164, customer_id=new_id())

    async def set_owner_once(self, customer_id: UUID, agent: str) -> bool:
        return agent == "anna"


def cards(service: Service) -> Cards:
    made = Cards(service)
    made.configure([Number(e164=DID, title="Main", office="moscow", country="RU", queue="sales")])
    return made


async def test_a_national_number_becomes_e164() -> None:
    service = Service()
    await cards(service).identify("89161234567", "allowed", DID)
    assert service.asked == [("+79161234567", "moscow", DID)]


@pytest.mark.parametrize(
    ("raw", "presentation"), [("", "allowed"), ("+79161234567", "prohib_not_screened"), ("abc", "allowed")]
)
async def test_withheld_and_unreadable_callers_are_not_asked_for(raw: str, presentation: str) -> None:
    service = Service()
    identity = await cards(service).identify(raw, presentation, DID)
    assert (identity.customer_id, service.asked) == (None, [])


async def test_owning_is_passed_on() -> None:
    assert await cards(Service()).own(new_id(), "anna")
    assert not await cards(Service()).own(new_id(), "boris")
