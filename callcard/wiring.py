"""Where everything is put together: one process, the parts it was asked for, started and ended in order.

`callcard worker` runs router, web and recorder in one loop over the in-process bus; apart, they meet
over Redis Streams.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
from prometheus_client import REGISTRY

from agent_ui.app import WebServer, build_app
from agent_ui.live.hub import LiveHub
from agent_ui.services import WebServices
from callcard.live_seed import LiveSeed
from callcard.layout import Layout
from callcard.logs import set_up_logs
from callcard.pbx import pbx_settings
from callcard.settings import Keys, Settings, load_keys
from callcard.states import States
from callrouter.ledger.service import Ledger
from callrouter.router import Router, RouterSettings
from crm_core.bus.memory import MemoryBus
from crm_core.bus.port import Bus, Lagged
from crm_core.bus.redis_streams import RedisBus
from crm_core.calls.queries import CallQueries
from crm_core.calls.service import CallJournal
from crm_core.clock import Clock, SystemClock
from crm_core.customers.service import CustomerService
from crm_core.db.engine import Database
from crm_core.db.outbox import OutboxRelay
from crm_core.db.spool import Spool
from crm_core.errors import StartRefused, Unavailable
from crm_core.health import Health, HealthState
from crm_core.office.events import OfficeApplied
from crm_core.office.model import OfficeFile
from crm_core.office.service import OfficeService
from crm_core.people.service import PeopleService
from crm_core.presence.service import PresenceService
from crm_core.recordings.service import RecordingService
from recordings.archive import Archive, can_compress
from recordings.intake import Recorder
from recordings.playback import Playback
from recordings.retention import Retention

log = structlog.get_logger(__name__)

EVERYTHING = frozenset({"router", "web", "recorder"})


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


async def run_parts(settings: Settings, parts: frozenset[str]) -> int:
    """Run until SIGINT or SIGTERM. Raises StartRefused."""
    set_up_logs()
    if parts != EVERYTHING and settings.redis_url is None:
        raise StartRefused("CALLCARD_REDIS_URL: needed when router, web and recorder are started apart")
    if settings.database_url is None:
        raise StartRefused("CALLCARD_DATABASE_URL: needed here; `callcard up` runs a database of its own")
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running_parts(settings, parts):
        log.info("running", parts=sorted(parts))
        await stop.wait()
    return 0
