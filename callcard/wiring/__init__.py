"""Where everything is put together: one process, the parts it was asked for, started and ended in order.

`callcard worker` runs router, web and recorder in one loop over the in-process bus; apart, they meet
over Redis Streams. A database that is away at the start stops no call: the router starts from its own
copies, the rest waits.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog

from agent_ui.live.hub import LiveHub
from callcard.logs import set_up_logs
from callcard.manners import mind_the_calls
from callcard.settings import Keys, Settings
from callcard.wiring.ground import ground_of
from callcard.wiring.house_health import EVERYTHING, tell_the_web
from callcard.wiring.recording import start_recorder
from callcard.wiring.routing import start_router
from callcard.wiring.web import start_web
from callrouter.acd.core import Limits
from callrouter.router import Router
from crm_core.bus.port import Bus
from crm_core.clock import Clock
from crm_core.db.engine import Database
from crm_core.errors import StartRefused
from crm_core.health import Health
from crm_core.office.model import OfficeFile
from recordings.intake import Recorder

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What runs in this process. Parts that were not asked for are None."""

    settings: Settings
    keys: Keys
    clock: Clock
    health: Health
    bus: Bus
    database: Database
    office: OfficeFile
    router: Router | None = None
    hub: LiveHub | None = None
    recorder: Recorder | None = None


async def run_parts(settings: Settings, parts: frozenset[str], *, demo: bool = False) -> int:
    """Run until SIGINT or SIGTERM. Raises StartRefused. *demo*: the web can make the demo's callers ring."""
    set_up_logs()
    if parts != EVERYTHING and settings.redis_url is None:
        raise StartRefused("CALLCARD_REDIS_URL: needed when router, web and recorder are started apart")
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running_parts(settings, parts, demo=demo):
        mind_the_calls()
        log.info("running", parts=sorted(parts))
        await stop.wait()
    return 0


@asynccontextmanager
async def running_parts(
    settings: Settings, parts: frozenset[str], *, demo: bool = False, limits: Limits | None = None
) -> AsyncIterator[Parts]:
    """The asked parts, up inside and ended after in reverse order. Raises StartRefused.

    *limits*: times of the router, where its own do not fit (a test's machine that does much else).
    """
    if settings.database_url is None:
        raise StartRefused("CALLCARD_DATABASE_URL: needed here; `callcard up` runs a database of its own")
    async with AsyncExitStack() as stack:
        ground = await ground_of(stack, settings, settings.database_url)
        router = await start_router(stack, ground, limits or Limits()) if "router" in parts else None
        hub = await start_web(stack, ground, parts, demo=demo) if "web" in parts else None
        recorder = await start_recorder(stack, ground) if "recorder" in parts else None
        if hub is None:
            await tell_the_web(stack, ground, parts)
        yield Parts(
            settings=settings,
            keys=ground.keys,
            clock=ground.clock,
            health=ground.health,
            bus=ground.bus,
            database=ground.database,
            office=ground.office,
            router=router,
            hub=hub,
            recorder=recorder,
        )
