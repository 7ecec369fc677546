"""What every part stands on: clock, health, bus, database, the office in force, secrets."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass

from callcard.layout import Layout
from callcard.office_copy import OfficeCopy
from callcard.settings import Keys, Settings, load_keys
from callcard.tapped_bus import TappedBus
from crm_core.bus.port import Bus
from crm_core.bus.redis_streams import RedisBus
from crm_core.call_path import CallPath
from crm_core.clock import Clock, SystemClock
from crm_core.db.engine import Database
from crm_core.db.outbox import OutboxRelay
from crm_core.health import Health
from crm_core.office.model import OfficeFile
from crm_core.showing import Showing

# Below the web's limit for a request: with a frozen database people are told so, and not "too slow".
_STATEMENT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What every part stands on."""

    settings: Settings
    layout: Layout
    keys: Keys
    clock: Clock
    health: Health
    bus: Bus
    database: Database
    relay: OutboxRelay
    path: CallPath
    showing: Showing
    copy: OfficeCopy
    office: OfficeFile

    @property
    def pbx(self) -> str:
        """Its name in every key."""
        return self.office.pbx


async def ground_of(stack: AsyncExitStack, settings: Settings, database_url: str) -> Ground:
    """The ground, opened; closed with *stack*. A database that is away is waited for by those who need it."""
    layout, clock, health = Layout(settings.data), SystemClock(), Health()
    database = await Database.open(
        database_url, health=health, require=False, statement_timeout_s=_STATEMENT_S
    )
    stack.push_async_callback(database.close)
    bus: Bus = RedisBus(settings.redis_url, health=health) if settings.redis_url else TappedBus()
    stack.push_async_callback(bus.close)
    copy = OfficeCopy(database, layout.office_copy)
    office = await copy.load()
    path = CallPath()
    relay = OutboxRelay(database, bus, clock, path=path)
    await relay.start()
    stack.push_async_callback(relay.stop)
    return Ground(
        settings=settings,
        layout=layout,
        keys=load_keys(settings.data),
        clock=clock,
        health=health,
        bus=bus,
        database=database,
        relay=relay,
        path=path,
        showing=Showing(),
        copy=copy,
        office=office,
    )
