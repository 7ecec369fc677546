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

from agent_ui.app import WebServer, build_app
from agent_ui.customers.services import CardServices
from agent_ui.live.hub import LiveHub
from agent_ui.phone.proxy import PhoneProxy
from agent_ui.services import WebServices
from callcard.demo.seat_bell import SeatBell
from callcard.house_health import EVERYTHING, hear_all, tell_the_web
from callcard.layout import Layout
from callcard.logs import set_up_logs
from callcard.manners import mind_the_calls
from callcard.office_copy import OfficeCopy
from callcard.owning import own_task
from callcard.pbx import ari_secret, browser_phones, pbx_settings
from callcard.phones import BrowserPhones
from callcard.settings import Keys, Settings, load_keys
from callcard.states import States
from callcard.tapped_bus import TappedBus
from callrouter.control.ari import AriAuths
from callrouter.control.phone_keys import PhoneKeys
from callrouter.given import RouterSettings
from callrouter.ledger.reader import CelReader
from callrouter.ledger.service import Ledger, Surroundings
from callrouter.router import Router
from callrouter.tracking.directory import Directory
from callrouter.tracking.facts import Settled
from crm_core.bus.port import Bus
from crm_core.bus.redis_streams import RedisBus
from crm_core.call_path import CallPath
from crm_core.calls.journal import CallJournal
from crm_core.calls.ledger_store import LedgerStore
from crm_core.calls.merged_cards import CallsOfCards
from crm_core.calls.missed_service import MissedService
from crm_core.calls.service import CallService
from crm_core.calls.settlement import Settlement
from crm_core.clock import Clock, SystemClock
from crm_core.customers.service import CustomerService
from crm_core.db.engine import Database
from crm_core.db.outbox import OutboxRelay
from crm_core.db.spool import Spool
from crm_core.errors import StartRefused
from crm_core.health import Health, HealthState, PartHealth
from crm_core.live.seeding import Seeding
from crm_core.notes.cards import StepsOfCards
from crm_core.notes.facts import FactService
from crm_core.notes.service import NoteService
from crm_core.notes.steps import NextStepService
from crm_core.notes.timeline import TimelineService
from crm_core.office.events import OfficeApplied
from crm_core.office.model import OfficeFile
from crm_core.people.phone_credentials import PhoneCredentials
from crm_core.people.service import PeopleService
from crm_core.people.sessions import SessionService
from crm_core.presence.service import PresenceService
from crm_core.recordings.service import RecordingService
from recordings.archive import Archive
from recordings.intake import Recorder
from recordings.peaks import Peaks
from recordings.playback import Playback
from recordings.retention import Retention

log = structlog.get_logger(__name__)

# Below the web's limit for a request: with a frozen database people are told so, and not "too slow".
_STATEMENT_S = 5.0


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
    if settings.database_url is None:
        raise StartRefused("CALLCARD_DATABASE_URL: needed here; `callcard up` runs a database of its own")
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
    settings: Settings, parts: frozenset[str], *, demo: bool = False
) -> AsyncIterator[Parts]:
    """The asked parts, up inside and ended after in reverse order. Raises StartRefused."""
    if settings.database_url is None:
        raise StartRefused("CALLCARD_DATABASE_URL: needed here; `callcard up` runs a database of its own")
    async with AsyncExitStack() as stack:
        ground = await _ground(stack, settings, settings.database_url)
        router = await _router(stack, ground) if "router" in parts else None
        hub = await _web(stack, ground, parts, demo=demo) if "web" in parts else None
        recorder = await _recorder(stack, ground) if "recorder" in parts else None
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
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
    copy: OfficeCopy
    office: OfficeFile

    @property
    def pbx(self) -> str:
        return self.office.pbx


async def _ground(stack: AsyncExitStack, settings: Settings, database_url: str) -> _Ground:
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
    return _Ground(
        settings=settings,
        layout=layout,
        keys=load_keys(settings.data),
        clock=clock,
        health=health,
        bus=bus,
        database=database,
        relay=relay,
        path=path,
        copy=copy,
        office=office,
    )


async def _router(stack: AsyncExitStack, ground: _Ground) -> Router:
    spool = await Spool.open(ground.layout.spool)
    journal = CallJournal(ground.database, spool, ground.clock, ground.health, pbx=ground.pbx)
    await journal.start()
    stack.push_async_callback(journal.stop)
    router = Router(
        _router_settings(ground),
        ground.office,
        clock=ground.clock,
        bus=ground.bus,
        customers=CustomerService(ground.database, ground.clock),
        presences=PresenceService(ground.database, ground.clock, pbx=ground.pbx),
        journal=journal,
        health=ground.health,
        path=ground.path,
    )
    await router.start()
    stack.push_async_callback(router.stop)
    ledger = _ledger(ground, router, journal)
    if ledger is not None:
        await ledger.start()
        stack.push_async_callback(ledger.stop)
    keys = await _phone_keys(stack, ground)
    await own_task(stack, _follow_office(ground, router, ledger, keys), "office")
    return router


async def _phone_keys(stack: AsyncExitStack, ground: _Ground) -> PhoneKeys | None:
    """Who keeps the passwords of phones in the browser at the private PBX; None for an attached one."""
    if not ground.settings.private_pbx:
        return None
    own = pbx_settings(ground.settings, ground.keys, ground.office)
    auths = AriAuths(f"http://127.0.0.1:{own.http_port}", own.ari_user, ari_secret(ground.keys))
    stack.push_async_callback(auths.close)
    keys = PhoneKeys(
        _phone_credentials(ground), auths, ground.bus, ground.clock, pbx=ground.pbx, health=ground.health
    )
    keys.configure(browser_phones(ground.office))

    def begun_anew(part: PartHealth) -> None:
        if part.name == "ami.actor" and part.state is HealthState.UP:
            keys.doubt()

    ground.health.on_change(begun_anew)
    await own_task(stack, keys.run(), "phone keys")
    return keys


def _phone_credentials(ground: _Ground) -> PhoneCredentials:
    people = PeopleService(ground.database, ground.clock)
    return PhoneCredentials(ground.database, ground.clock, pbx=ground.pbx, readers=people.readers_by_token_id)


async def _phones(stack: AsyncExitStack, ground: _Ground) -> PhoneProxy | None:
    """The web's part of phones in the browser; the private PBX's web server is on this host's loopback."""
    if not ground.settings.private_pbx:
        return None
    phones = BrowserPhones(_phone_credentials(ground), ground.relay, ground.bus)
    await own_task(stack, phones.run(), "browser phones")
    address = f"http://127.0.0.1:{ground.settings.pbx_http_port}/ws"
    proxy = PhoneProxy(address, phones)
    await own_task(stack, proxy.run(), "phone proxy")
    return proxy


def _ledger(ground: _Ground, router: Router, journal: CallJournal) -> Ledger | None:
    """The reader of the private PBX's own record; an attached PBX keeps its record elsewhere."""
    if not ground.settings.private_pbx:
        return None

    def settled(settlement: Settlement) -> None:
        router.apply(Settled(at=ground.clock.now(), call_id=settlement.call_id, settlement=settlement))
        ground.relay.wake()

    ledger = Ledger(
        CelReader(pbx_settings(ground.settings, ground.keys, ground.office).cel_file),
        LedgerStore(ground.database, ground.clock, pbx=ground.pbx),
        clock=ground.clock,
        health=ground.health,
        directory=Directory.of(ground.office),
        around=Surroundings(
            settled=settled,
            must_wait=lambda: journal.spooled > 0,
            channels=router.up_now.channels,
            path=ground.path,
        ),
    )
    router.up_now.tell_boot(ledger.pbx_restarted)
    return ledger


def _router_settings(ground: _Ground) -> RouterSettings:
    settings, keys = ground.settings, ground.keys
    return RouterSettings(
        pbx=ground.pbx,
        ami_host=settings.ami_host or "127.0.0.1",
        ami_port=settings.ami_port,
        listener_user=settings.ami_listener_user,
        listener_secret=settings.ami_listener_secret or keys.ami_listener_secret,
        actor_user=settings.ami_actor_user,
        actor_secret=settings.ami_actor_secret or keys.ami_actor_secret,
        systemname=keys.system_name if settings.private_pbx else None,
        agi_host=settings.agi.host,
        agi_port=settings.agi.port,
        agi_token=keys.agi_token,
        presence_cache=ground.layout.presence_copy,
    )


async def _follow_office(
    ground: _Ground, router: Router, ledger: Ledger | None, keys: PhoneKeys | None
) -> None:
    """Hand every applied office to the router, the ledger and the keeper of phones' passwords."""
    applied = await ground.bus.subscribe(OfficeApplied, name="office")
    try:
        async for _ in applied:
            office = await ground.copy.load()
            router.configure(office)
            if keys is not None:
                keys.configure(browser_phones(office))
            if ledger is not None:
                ledger.configure(Directory.of(office))
    finally:
        await applied.close()


async def _web(stack: AsyncExitStack, ground: _Ground, parts: frozenset[str], *, demo: bool) -> LiveHub:
    people = PeopleService(ground.database, ground.clock)
    service = RecordingService(ground.database, ground.clock)
    cards = CardServices(
        customers=CustomerService(ground.database, ground.clock, followers=(CallsOfCards(), StepsOfCards())),
        calls=CallService(ground.database, ground.clock),
        timelines=TimelineService(ground.database),
        facts=FactService(ground.database, ground.clock),
        missed=MissedService(ground.database, ground.clock),
    )
    hub = LiveHub(
        bus=ground.bus,
        load=Seeding(ground.database, ground.clock, pbx=ground.pbx).load,
        recheck=people.readers_by_token_id,
        clock=ground.clock,
        health=ground.health,
    )
    if isinstance(ground.bus, TappedBus):
        ground.bus.tap(hub.hand_over)
    peaks = Peaks(service, ground.layout.recordings)
    stack.callback(peaks.close)
    services = WebServices(
        tokens=people,
        proxy=ground.settings.proxy,
        sessions=SessionService(ground.database, ground.clock, ended=ground.relay.wake),
        cards=cards,
        calls=cards.calls,
        customers=cards.customers,
        notes=NoteService(ground.database, ground.clock),
        steps=NextStepService(ground.database, ground.clock),
        timelines=cards.timelines,
        missed=cards.missed,
        recordings=service,
        states=States(PresenceService(ground.database, ground.clock, pbx=ground.pbx), ground.relay),
        playback=Playback(service, ground.layout.recordings),
        peaks=peaks,
        hub=hub,
        health=ground.health,
        metrics=await hear_all(stack, ground, parts),
        phones=await _phones(stack, ground),
        bell=SeatBell(ground.office, ground.layout.pbx / "spool") if demo else None,
        clock=ground.clock,
        pbx=ground.pbx,
        written=ground.relay.wake,
    )
    await own_task(stack, hub.run(), "live")
    server = WebServer(build_app(services), ground.settings.http.host, ground.settings.http.port)
    await server.start()
    stack.push_async_callback(server.stop)
    return hub


async def _recorder(stack: AsyncExitStack, ground: _Ground) -> Recorder:
    service = RecordingService(ground.database, ground.clock)
    root = pbx_settings(ground.settings, ground.keys, ground.office).recordings
    recorder = Recorder(
        service=service,
        calls=CallService(ground.database, ground.clock),
        bus=ground.bus,
        root=root,
        clock=ground.clock,
        health=ground.health,
        archive=Archive(service=service, root=root, pbx=ground.pbx, path=ground.path),
        pbx=ground.pbx,
        path=ground.path,
    )
    await recorder.start()
    stack.push_async_callback(recorder.stop)
    retention = Retention(service=service, root=root, clock=ground.clock, pbx=ground.pbx)
    await retention.start()
    stack.push_async_callback(retention.stop)
    return recorder
