"""The web over the real services of crm_core on a real PostgreSQL, on a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from argon2 import PasswordHasher
from prometheus_client import CollectorRegistry

from agent_ui.app import WebServer, build_app
from agent_ui.live.hub import LiveHub
from agent_ui.services import WebServices
from crm_core.bus.memory import MemoryBus
from crm_core.calls import store as call_rows
from crm_core.calls.dispositions import FileDispositions
from crm_core.calls.missed_service import MissedService
from crm_core.calls.model import Call
from crm_core.calls.service import CallService
from crm_core.customers.seeding import FileCustomers
from crm_core.customers.service import CustomerService
from crm_core.db.engine import Database
from crm_core.db.outbox import OutboxRelay
from crm_core.health import Health
from crm_core.live.seeding import Seeding
from crm_core.notes.overview import OverviewService
from crm_core.notes.service import NoteService
from crm_core.notes.steps import NextStepService
from crm_core.notes.timeline import TimelineService
from crm_core.office.service import OfficeService
from crm_core.people.passwords import Passwords
from crm_core.people.service import PeopleService
from crm_core.people.sessions import SessionService
from crm_core.presence.service import PresenceService
from crm_core.recordings.service import RecordingService
from recordings.peaks import Peaks
from recordings.playback import Playback
from tests.fakes.clock import FakeClock
from tests.fakes.dialling import MemoryDialling
from tests.fakes.house import NOW

OFFICE = """\
version: 1
offices:
  moscow: {title: Moscow, country: RU, timezone: Europe/Moscow, language: ru}
  baku: {title: Baku, country: AZ, timezone: Asia/Baku, language: az}
people:
  anna: {title: Anna Pavlova, office: moscow, extension: "101", devices: [{}]}
  leyla: {title: Leyla Hasanova, office: baku, extension: "201", devices: [{}]}
  oleg: {title: Oleg Orlov, office: moscow, role: supervisor}
queues:
  sales: {title: Sales, members: [anna]}
  service: {title: Service, members: [leyla]}
numbers:
  "+74955550100": {title: Moscow, office: moscow, queue: sales}
  "+994125550100": {title: Baku, office: baku, queue: service}
customers:
  - {title: Maria, phones: ["+74955550142"], owner: anna}
"""


@dataclass
class RealHouse:
    """Services, a server, and a token for each person."""

    url: str
    database: Database
    clock: FakeClock
    people: PeopleService
    presence: PresenceService
    recordings: RecordingService
    hub: LiveHub
    tokens: dict[str, str]
    root: Path
    office: OfficeService
    app: web.Application

    @asynccontextmanager
    async def browser(self, who: str, password: str) -> AsyncIterator[aiohttp.ClientSession]:
        """A browser on a page of ours in which *who* has signed in."""
        jar = aiohttp.CookieJar(unsafe=True)  # 127.0.0.1 is no name
        headers = {"Sec-Fetch-Site": "same-origin"}
        async with aiohttp.ClientSession(self.url, cookie_jar=jar, headers=headers) as session:
            form = {"name": who, "password": password, "next": "/settings"}
            async with session.post("/login", data=form) as answer:
                assert (answer.status, answer.url.path) == (200, "/settings")
            yield session

    async def ask(self, method: str, path: str, who: str, **rest: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.url + path, headers=headers, **rest) as answer,
        ):
            return answer.status, json.loads(await answer.text())

    async def store(self, *calls: Call) -> None:
        async with self.database.hot(timeout_s=5) as connection:
            await call_rows.write(connection, calls)


Prepare = Callable[[RealHouse], Awaitable[None]]


@asynccontextmanager
async def real_house(
    database: Database, tmp_path: Path, prepare: Prepare, *, office_text: str = OFFICE
) -> AsyncIterator[RealHouse]:
    """The web over *database*; *prepare* is called before the live view begins."""
    clock, bus = FakeClock(NOW), MemoryBus()
    health = Health(clock)
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    people = PeopleService(database, clock, passwords)
    presence = PresenceService(database, clock)
    recordings = RecordingService(database, clock)
    customers = CustomerService(database, clock)
    office = OfficeService(database, clock, followers=(FileCustomers(clock), FileDispositions()))
    await office.apply(office_text, None, "root", None)
    tokens = {
        name: await people.create_token(name, "test", by="root")
        for name in sorted(p.name for p in await people.people())
    }
    relay = OutboxRelay(database, bus, clock)
    await relay.start()
    hub = LiveHub(
        bus=bus,
        load=Seeding(database, clock).load,
        recheck=people.readers_by_token_id,
        clock=clock,
        health=health,
    )
    peaks = Peaks(recordings, tmp_path)
    services = WebServices(
        tokens=people,
        sessions=SessionService(database, clock, passwords, ended=relay.wake),
        calls=CallService(database, clock),
        customers=customers,
        notes=NoteService(database, clock),
        steps=NextStepService(database, clock),
        timelines=TimelineService(database),
        overviews=OverviewService(database, clock),
        missed=MissedService(database, clock),
        recordings=recordings,
        states=presence,
        playback=Playback(recordings, tmp_path),
        peaks=peaks,
        hub=hub,
        dialling=MemoryDialling(),
        health=health,
        written=relay.wake,
        metrics=CollectorRegistry(),
        clock=clock,
    )
    app = build_app(services)
    server = WebServer(app, "127.0.0.1", 0)
    port = await server.start()
    house = RealHouse(
        f"http://127.0.0.1:{port}",
        database,
        clock,
        people,
        presence,
        recordings,
        hub,
        tokens,
        tmp_path,
        office,
        app,
    )
    await prepare(house)
    following = asyncio.create_task(hub.run(), name="hub")
    async with asyncio.timeout(20):
        while not hub.ready:
            await asyncio.sleep(0.01)
    yield house
    following.cancel()
    await asyncio.wait({following})
    await server.stop()
    peaks.close()
    await relay.stop()
