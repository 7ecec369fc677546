"""An office applied to a fresh database, and the services on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
import pytest
from argon2 import PasswordHasher

from crm_core.bus.event import Event, decode
from crm_core.calls.dispositions import FileDispositions
from crm_core.customers.choosing import choose
from crm_core.customers.model import Customer
from crm_core.customers.seeding import FileCustomers
from crm_core.customers.service import CustomerService
from crm_core.db.engine import Database
from crm_core.office.service import OfficeService
from crm_core.people.model import Office, Reader, Role
from crm_core.people.passwords import Passwords
from crm_core.people.service import PeopleService
from crm_core.people.store import load_offices
from crm_core.presence.service import PresenceService
from crm_core.queues.model import Number, Queue
from crm_core.queues.store import load_numbers, load_queues
from tests.fakes.clock import FakeClock
from tests.unit.crm_core.office.offices import EXAMPLE


@dataclass
class House:
    """The services of one database, and a look into its tables."""

    database: Database
    clock: FakeClock
    office: OfficeService
    people: PeopleService
    customers: CustomerService
    presence: PresenceService

    async def rows(self, sql: str, *values: Any) -> Sequence[Any]:
        async with self.database.hot(timeout_s=10) as connection:
            return [tuple(row) for row in await connection.fetch(sql, *values)]

    async def offices(self) -> tuple[Office, ...]:
        async with self.database.transaction() as connection:
            return await load_offices(connection)

    async def queues(self) -> tuple[Queue, ...]:
        async with self.database.transaction() as connection:
            return await load_queues(connection, "main")

    async def numbers(self) -> tuple[Number, ...]:
        async with self.database.transaction() as connection:
            return await load_numbers(connection, "main")

    async def events(self) -> list[Event]:
        """Everything in the outbox so far, in order."""
        rows = await self.rows("SELECT name, body FROM outbox ORDER BY seq")
        return [decode(msgspec.json.encode({"type": name, "body": body})) for name, body in rows]

    async def choose(self, reader: Reader, e164: str, *, did: str, card: UUID) -> Customer:
        """Say who rings, as a call's service does."""
        async with self.database.transaction() as connection:
            return await choose(connection, reader, e164, did=did, card=card, at=self.clock.now())

    async def audited(self) -> list[tuple[str, str, str]]:
        """Actor, action and subject of every deed so far, in order."""
        return [tuple(r) for r in await self.rows("SELECT actor, action, subject_id FROM audit ORDER BY id")]


def reader(person: str, role: Role = Role.AGENT, office: str = "moscow", team: str | None = None) -> Reader:
    return Reader(person=person, role=role, office=office, team=team)


ANNA = reader("anna", team="sales")
RASHID = reader("rashid", office="baku", team="support")
VIKTOR = reader("viktor", Role.SUPERVISOR)
ADMIN = reader("admin", Role.ADMIN)


@pytest.fixture
def empty_house(database: Database) -> House:
    """Nothing applied yet."""
    clock = FakeClock()
    return House(
        database=database,
        clock=clock,
        office=OfficeService(database, clock, followers=(FileCustomers(clock), FileDispositions())),
        # The weakest hash there is: these tests are about what happens around it.
        people=PeopleService(
            database, clock, Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        ),
        customers=CustomerService(database, clock),
        presence=PresenceService(database, clock),
    )


@pytest.fixture
async def house(empty_house: House) -> House:
    """The example office applied, its events read away."""
    await empty_house.office.apply(EXAMPLE, None, "admin", None)
    await empty_house.rows("DELETE FROM outbox")
    await empty_house.rows("DELETE FROM audit")
    empty_house.clock.advance(60)
    return empty_house
