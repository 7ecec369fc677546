"""The example office with a few calls of Marina's, and the services of notes on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from crm_core.bus.event import Event, decode
from crm_core.calls.dispositions import FileDispositions
from crm_core.calls.events import CallEnded
from crm_core.calls.journal import CallJournal
from crm_core.calls.model import Call, CallState, Outcome
from crm_core.calls.service import CallService
from crm_core.customers.seeding import FileCustomers
from crm_core.customers.service import CustomerService
from crm_core.db.engine import Database
from crm_core.notes.overview import OverviewService
from crm_core.notes.service import NoteService
from crm_core.notes.steps import NextStepService
from crm_core.notes.timeline import TimelineService
from crm_core.office.service import OfficeService
from crm_core.people.model import Reader, Role
from crm_core.recordings.service import RecordingService
from tests.fakes.calls import agent_leg, answered_call
from tests.fakes.clock import FakeClock
from tests.integration.calls.conftest import keep, open_journal
from tests.unit.crm_core.office.offices import EXAMPLE

AT = FakeClock().now()


def reader(person: str, role: Role = Role.AGENT, office: str = "moscow") -> Reader:
    return Reader(person=person, role=role, office=office, team=None)


ADMIN = reader("admin", Role.ADMIN)
VIKTOR = reader("viktor", Role.SUPERVISOR)
ANNA, ELENA = reader("anna"), reader("elena")
RASHID, CHIEF_OF_BAKU = reader("rashid", office="baku"), reader("leyla", Role.SUPERVISOR, "baku")


@dataclass
class Desk:
    """The services of one database, and a look into its tables."""

    database: Database
    clock: FakeClock
    journal: CallJournal
    marina: UUID
    calls: CallService
    customers: CustomerService
    notes: NoteService
    steps: NextStepService
    timelines: TimelineService
    overviews: OverviewService
    recordings: RecordingService

    async def call(self, minute: float = 0, *, agent: str = "anna", **changes: Any) -> Call:
        """A call that *agent* answered at *minute* and that lasted one, in the database."""
        at = AT + timedelta(minutes=minute)
        values: dict[str, Any] = {
            "agent": agent,
            "customer_id": self.marina,
            "state": CallState.ENDED,
            "outcome": Outcome.ANSWERED,
            "ended_at": at + timedelta(minutes=1),
        }
        call = answered_call(at, **(values | changes))
        await self.write(call)
        return call

    async def write(self, call: Call) -> None:
        await keep(self.journal, [CallEnded(call=call)])

    async def rows(self, sql: str, *values: Any) -> Sequence[Any]:
        async with self.database.hot(timeout_s=10) as connection:
            return [tuple(row) for row in await connection.fetch(sql, *values)]

    async def events(self, kind: type[Event]) -> list[Any]:
        """Events of one kind so far, in order."""
        rows = await self.rows("SELECT name, body FROM outbox WHERE name = $1 ORDER BY seq", kind.__name__)
        return [decode(msgspec.json.encode({"type": name, "body": body})) for name, body in rows]


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> AsyncIterator[Desk]:
    clock = FakeClock()
    office = OfficeService(database, clock, followers=(FileCustomers(clock), FileDispositions()))
    await office.apply(EXAMPLE, None, "admin", None)
    clock.advance(3600)
    customers = CustomerService(database, clock)
    [card], _ = await customers.list(ADMIN, phone="+74955550142")
    journal = await open_journal(database, tmp_path / "spool")
    yield Desk(
        database=database,
        clock=clock,
        journal=journal,
        marina=card.id,
        calls=CallService(database, clock),
        customers=customers,
        notes=NoteService(database, clock),
        steps=NextStepService(database, clock),
        timelines=TimelineService(database),
        overviews=OverviewService(database, clock),
        recordings=RecordingService(database, clock),
    )
    await journal.stop()


def legs_of(agents: Sequence[str], at: datetime) -> tuple[Any, ...]:
    """Legs of *agents* who all answered at *at*."""
    return tuple(agent_leg(agent, at) for agent in agents)
