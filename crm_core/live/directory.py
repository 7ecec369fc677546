"""Who belongs where: what visibility and the figures of a day need to know about the office."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo

from crm_core.people.model import Office, Person
from crm_core.queues.model import Number, Queue


class Directory:
    """The people, queues and numbers of the applied office. Immutable; a new office is a new one."""

    def __init__(
        self,
        *,
        offices: Iterable[Office] = (),
        people: Iterable[Person] = (),
        queues: Iterable[Queue] = (),
        numbers: Iterable[Number] = (),
        outgoing: Iterable[str] = (),
        pbx: str = "main",
    ) -> None:
        self.pbx = pbx
        self.people = {person.name: person for person in people}
        self.queues = {queue.name: queue for queue in queues}
        self.offices = {office.name: office for office in offices}
        # Beginnings (E.164) of the numbers outside that trunks lead to; none: nobody calls outside.
        self.outgoing = tuple(sorted(set(outgoing)))
        self._zones: dict[str, tzinfo] = {o.name: ZoneInfo(o.timezone) for o in self.offices.values()}
        # How people and queues are called, by name: what traces and screens show.
        self.titles = {name: queue.title for name, queue in self.queues.items()}
        self.titles |= {name: person.title for name, person in self.people.items()}
        self.numbers: dict[str, Number] = {}
        self._queue_offices: dict[str, list[str]] = {name: [] for name in self.queues}
        self._agent_queues: dict[str, list[str]] = {}
        for number in numbers:
            self.numbers[number.e164] = number
            self._queue_offices.setdefault(number.queue, []).append(number.office)
        for queue in self.queues.values():
            for member in queue.members:
                self._agent_queues.setdefault(member, []).append(queue.name)
                office = self.office_of(member)
                if office is not None:
                    self._queue_offices[queue.name].append(office)

    @property
    def agents(self) -> tuple[Person, ...]:
        """People who take calls: members of a queue, and whoever has a device."""
        return tuple(p for p in self.people.values() if p.name in self._agent_queues or p.devices)

    @property
    def extensions(self) -> frozenset[str]:
        """What people and queues are dialled by inside."""
        dialled = [person.extension for person in self.people.values()]
        dialled += [queue.extension for queue in self.queues.values()]
        return frozenset(extension for extension in dialled if extension is not None)

    def office_of(self, person: str | None) -> str | None:
        """The office a person sits in."""
        found = self.people.get(person) if person is not None else None
        return found.office if found is not None else None

    def country_of(self, office: str) -> str:
        """Country (ISO 3166) by whose customs an office reads numbers; `ZZ`, none, when it is unknown."""
        found = self.offices.get(office)
        return found.country if found is not None else "ZZ"

    def office_of_number(self, e164: str | None) -> str | None:
        """The office whose number was dialled."""
        found = self.numbers.get(e164) if e164 is not None else None
        return found.office if found is not None else None

    def offices_of_queue(self, queue: str | None) -> frozenset[str]:
        """Offices whose numbers lead to a queue or whose people answer it."""
        return frozenset(self._queue_offices.get(queue, ())) if queue is not None else frozenset()

    def members_of(self, queue: str | None) -> tuple[str, ...]:
        """Agents of a queue, in the order of the office file."""
        found = self.queues.get(queue) if queue is not None else None
        return found.members if found is not None else ()

    def queues_of(self, agent: str) -> tuple[str, ...]:
        """Queues an agent is a member of, in the order of the office file."""
        return tuple(self._agent_queues.get(agent, ()))

    def day_at(self, office: str | None, moment: datetime) -> date:
        """The local date of *moment* at *office*; UTC when it is unknown."""
        return moment.astimezone(self._zones.get(office or "", UTC)).date()

    def day(self, queue: str, moment: datetime) -> date:
        """The local date of *moment* at the (first) office of *queue*; UTC when it has none."""
        offices = self._queue_offices.get(queue)
        return self.day_at(offices[0] if offices else None, moment)
