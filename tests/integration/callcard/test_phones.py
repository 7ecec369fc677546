"""A password is given out when the switch has it, and not before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from callcard.phones import BrowserPhones
from crm_core.bus.memory import MemoryBus
from crm_core.clock import SystemClock
from crm_core.db.engine import Database
from crm_core.db.outbox import OutboxRelay
from crm_core.errors import Unavailable
from crm_core.office.service import OfficeService
from crm_core.people.model import Reader
from crm_core.people.phone_credentials import PhoneCredentials
from crm_core.people.phone_events import PhoneCredentialInForce, PhoneCredentialIssued
from crm_core.people.service import PeopleService
from tests.unit.crm_core.office.offices import edited

pytestmark = pytest.mark.integration


@dataclass
class House:
    """Anna at her desk, with a phone in the browser."""

    phones: BrowserPhones
    rows: PhoneCredentials
    bus: MemoryBus
    anna: Reader


@asynccontextmanager
async def house(database: Database) -> AsyncIterator[House]:
    clock, bus = SystemClock(), MemoryBus()
    await OfficeService(database, clock).apply(edited(("kind: sip", "kind: browser")), None, "admin", None)
    people = PeopleService(database, clock)
    anna = await people.reader_for_token(await people.create_token("anna", "desk", by="admin"))
    assert anna is not None
    rows = PhoneCredentials(database, clock, pbx="main", readers=people.readers_by_token_id)
    relay = OutboxRelay(database, bus, clock)
    await relay.start()
    phones = BrowserPhones(rows, relay, bus)
    running = asyncio.create_task(phones.run(), name="phones")
    await asyncio.sleep(0)
    try:
        yield House(phones, rows, bus, anna)
    finally:
        running.cancel()
        await asyncio.wait({running})
        await relay.stop()
        await bus.close()


async def test_it_is_given_out_when_the_router_says_that_it_is_in_force(database: Database) -> None:
    async with house(database) as at:
        heard = await at.bus.subscribe(PhoneCredentialIssued, name="router")
        asking = asyncio.create_task(at.phones.issue(at.anna), name="asking")
        async with asyncio.timeout(20):
            event = await anext(aiter(heard))
        assert isinstance(event, PhoneCredentialIssued)
        assert not asking.done()
        said = PhoneCredentialInForce(credential=event.credential, endpoint=event.endpoint)
        await at.bus.publish(said)
        issued = await asking
        assert issued.id == event.credential
        assert [kept.id for kept in await at.rows.in_force()] == [issued.id]


async def test_without_a_router_the_answer_is_no_and_nothing_stays(database: Database) -> None:
    async with house(database) as at:
        with pytest.raises(Unavailable) as error:
            await at.phones.issue(at.anna)
        assert error.value.hint
        assert await at.rows.in_force() == ()
