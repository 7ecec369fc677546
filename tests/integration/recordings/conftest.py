"""An office on a real database for the recordings room."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import insert

from crm_core.db.engine import Database
from crm_core.people.model import Reader, Role
from crm_core.people.tables import OfficeRow, PersonRow, TeamRow
from crm_core.queues.tables import NumberRow, QueueRow
from crm_core.recordings.model import Recording
from crm_core.recordings.service import RecordingService
from tests.fakes.clock import FakeClock

PEOPLE = {
    "anna": ("moscow", "sales", "agent"),
    "boris": ("moscow", "service", "agent"),
    "olga": ("baku", "az", "agent"),
}
PEOPLE |= {
    "sergey": ("moscow", "sales", "supervisor"),
    "leyla": ("baku", "az", "supervisor"),
    "root": ("baku", "az", "admin"),
}


def reader(person: str) -> Reader:
    """The reader that *person* of this office is."""
    office, team, role = PEOPLE[person]
    return Reader(person=person, role=Role(role), office=office, team=team)


async def of_call(service: RecordingService, call_id: UUID) -> tuple[Recording, ...]:
    """The recordings of one call."""
    return tuple((await service.of_calls([call_id])).get(call_id, ()))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def office(database: Database) -> Database:
    """*database* with two offices; queue `sales` is recorded, `quiet` is not."""
    async with database.transaction() as connection:
        offices = [
            {"name": name, "title": name, "country": country, "timezone": "UTC", "language": "en"}
            for name, country in (("moscow", "RU"), ("baku", "AZ"))
        ]
        await connection.execute(insert(OfficeRow), offices)
        teams = {(team, place) for place, team, _ in PEOPLE.values()}
        await connection.execute(
            insert(TeamRow), [{"name": t, "title": t, "office": o} for t, o in sorted(teams)]
        )
        await connection.execute(
            insert(PersonRow),
            [
                {
                    "name": n,
                    "title": n,
                    "role": r,
                    "office": o,
                    "team": t,
                    "extension": None,
                    "language": "en",
                }
                for n, (o, t, r) in PEOPLE.items()
            ],
        )
        times = {"ring_s": 20, "max_offers": 5, "max_misses": 3, "max_wait_s": 600, "wrap_up_s": 20}
        shared = times | {"pbx": "main", "extension": None, "service_level_s": 20, "music": "default"}
        shared |= {"overflow": "voicemail"}
        await connection.execute(
            insert(QueueRow),
            [
                shared | {"name": n, "title": n, "record": kept}
                for n, kept in (("sales", True), ("quiet", False))
            ],
        )
        await connection.execute(
            insert(NumberRow),
            {
                "pbx": "main",
                "e164": "+74955550100",
                "title": "Moscow",
                "office": "moscow",
                "queue": "sales",
                "source": None,
                "dialled": [],
                "answer": True,
            },
        )
    return database


@pytest.fixture
def service(office: Database, clock: FakeClock) -> RecordingService:
    return RecordingService(office, clock)
