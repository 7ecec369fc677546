"""A small house for tests of what people see: two offices, agents in each, queues that share people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from crm_core.calls.model import Call, CallState, Direction
from crm_core.live.directory import Directory
from crm_core.people.model import Office, Person, Reader, Role
from crm_core.queues.model import Number, Queue

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MOSCOW_DID = "+74955550100"
BAKU_DID = "+994125550100"

OFFICES = (
    Office(name="moscow", title="Moscow", country="RU", timezone="Europe/Moscow", language="ru"),
    Office(name="baku", title="Baku", country="AZ", timezone="Asia/Baku", language="az"),
)


def person(name: str, office: str, role: Role = Role.AGENT, extension: str | None = None) -> Person:
    """A person with a title made from the name."""
    return Person(
        name=name,
        title=name.capitalize(),
        role=role,
        office=office,
        team=None,
        extension=extension,
        language="en",
    )


PEOPLE = (
    person("anna", "moscow", extension="101"),
    person("boris", "moscow", extension="102"),
    person("leyla", "baku", extension="201"),
    person("oleg", "moscow", Role.SUPERVISOR),
    person("rena", "baku", Role.SUPERVISOR),
    person("root", "moscow", Role.ADMIN),
)
QUEUES = (
    Queue(name="sales", title="Sales", extension="601", members=("anna", "boris")),
    Queue(name="service", title="Service", extension="602", members=("boris", "leyla"), service_level_s=10),
    Queue(name="empty", title="Empty", extension=None, members=()),
)
NUMBERS = (
    Number(e164=MOSCOW_DID, title="Moscow", office="moscow", country="RU", queue="sales"),
    Number(e164=BAKU_DID, title="Baku", office="baku", country="AZ", queue="service"),
)
DIRECTORY = Directory(offices=OFFICES, people=PEOPLE, queues=QUEUES, numbers=NUMBERS)
READERS = tuple(
    Reader(person=p.name, role=p.role, office=p.office, team=p.team, token_id=f"token-{p.name}")
    for p in PEOPLE
)


def reader(name: str) -> Reader:
    """The reader of that name."""
    return next(r for r in READERS if r.person == name)


def call_id(number: int) -> UUID:
    """A stable call id."""
    return UUID(int=(4 << 76) | (0b10 << 62) | number)


def call(number: int = 1, **changes: Any) -> Call:
    """An inbound call to Sales; *changes* override fields."""
    values: dict[str, Any] = {
        "id": call_id(number),
        "pbx": "main",
        "direction": Direction.IN,
        "state": CallState.NEW,
        "from_number": "+74955550142",
        "from_raw": "84955550142",
        "from_name": "",
        "to": None,
        "did": MOSCOW_DID,
        "queue": "sales",
        "started_at": NOW,
    }
    return Call(**(values | changes))
