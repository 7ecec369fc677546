"""The pages of cards over a real database, with the people of the small house in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

from crm_core.calls.events import CallEnded
from crm_core.calls.journal import CallJournal
from crm_core.calls.missed_service import MissedService
from crm_core.calls.model import Call, CallState, Outcome
from crm_core.calls.service import CallService
from crm_core.customers.model import Customer, NewCustomer
from crm_core.customers.service import CustomerService
from crm_core.notes.overview import OverviewService
from crm_core.notes.timeline import TimelineService
from tests.fakes.calls import answered_call
from tests.fakes.clock import FakeClock
from tests.fakes.house import NOW, reader
from tests.fakes.web import House
from tests.integration.calls.conftest import keep

OFFICE = """\
version: 1
offices:
  moscow: {title: Moscow office, country: RU, timezone: Europe/Moscow, language: ru}
  baku: {title: Baku office, country: AZ, timezone: Asia/Baku, language: az}
people:
  anna: {title: Anna, office: moscow, extension: "101", devices: [{}]}
  boris: {title: Boris, office: moscow, extension: "102", devices: [{}]}
  leyla: {title: Leyla, office: baku, extension: "201", devices: [{}]}
  oleg: {title: Oleg, office: moscow, role: supervisor}
  rena: {title: Rena, office: baku, role: supervisor}
  root: {title: Root, office: moscow, role: admin}
queues:
  sales: {title: Sales, members: [anna, boris]}
  service: {title: Service, members: [boris, leyla]}
numbers:
  "+74955550100": {title: Moscow, office: moscow, queue: sales}
  "+994125550100": {title: Baku, office: baku, queue: service}
customers:
  - {title: Maria, phones: ["+74955550142"], owner: anna}
  - {title: Severny, phones: ["+994125550150"], owner: boris}
"""


class Ticking:
    """The house's clock, a microsecond later at each look: no two changes are of one moment."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        self._clock.advance(0.000_001)
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()


class Page(HTMLParser):
    """A page as a browser reads it: tags, attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.words += data


@dataclass(frozen=True)
class CardServices:
    """What the pages of cards are made from, over the real database."""

    customers: CustomerService
    calls: CallService
    timelines: TimelineService
    overviews: OverviewService
    missed: MissedService


@dataclass
class CardPages:
    """The house, its services of cards, and two cards: Maria's is Anna's, Severny's Boris's."""

    house: House
    services: CardServices
    journal: CallJournal
    maria: Customer
    severny: Customer

    async def get(self, path: str, *, who: str = "anna", status: int = 200, htmx: bool = False) -> str:
        """What *who* reads there."""
        headers = {"HX-Request": "true"} if htmx else {"Accept": "text/html"}
        async with self.house.page("GET", path, who=who, headers=headers) as answer:
            assert answer.status == status, (path, who, answer.status, await answer.text())
            return await answer.text()

    async def post(
        self, path: str, form: Mapping[str, Any], *, who: str = "anna", status: int = 200, htmx: bool = True
    ) -> tuple[str, Mapping[str, str]]:
        """What answers *who*'s form, and its headers."""
        headers = {"HX-Request": "true"} if htmx else {"Accept": "text/html"}
        async with self.house.page("POST", path, who=who, headers=headers, data=form) as answer:
            assert answer.status == status, (path, who, answer.status, await answer.text())
            return await answer.text(), answer.headers

    async def make(self, title: str, *phones: str, owner: str | None = None, who: str = "root") -> Customer:
        """A card."""
        new = NewCustomer(title=title, phones=phones, owner=owner, shared=True)
        return await self.services.customers.create(reader(who), new)

    async def stored(self, id: UUID) -> Customer:
        """The card as the database has it."""
        return await self.services.customers.get(reader("root"), id)

    async def call(self, minute: float = 0, **changes: Any) -> Call:
        """A call of Maria's that Anna answered, over now."""
        at = NOW + timedelta(minutes=minute)
        values: dict[str, Any] = {
            "agent": "anna",
            "customer_id": self.maria.id,
            "state": CallState.ENDED,
            "outcome": Outcome.ANSWERED,
            "ended_at": at + timedelta(minutes=1),
            "talk_s": 56.0,
        }
        call = answered_call(at, **(values | changes))
        await self.write(call)
        return call

    async def write(self, call: Call) -> None:
        """Put *call* into the database."""
        await keep(self.journal, [CallEnded(call=call)])
