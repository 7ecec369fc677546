"""The web as a part: the live view, the services behind pages and API, the server."""

from __future__ import annotations

from contextlib import AsyncExitStack

from agent_ui.app import WebServer, build_app
from agent_ui.live.hub import LiveHub
from agent_ui.phone.proxy import PhoneProxy
from agent_ui.services import WebServices
from callcard.demo.seat_bell import SeatBell
from callcard.dialling import Dialling
from callcard.owning import own_task
from callcard.phones import BrowserPhones
from callcard.states import States
from callcard.tapped_bus import TappedBus
from callcard.wiring.ground import Ground
from callcard.wiring.house_health import hear_all
from callcard.wiring.phones import phone_credentials
from crm_core.calls.merged_cards import CallsOfCards
from crm_core.calls.missed_service import MissedService
from crm_core.calls.service import CallService
from crm_core.customers.service import CustomerService
from crm_core.live.seeding import Seeding
from crm_core.notes.cards import StepsOfCards
from crm_core.notes.overview import OverviewService
from crm_core.notes.service import NoteService
from crm_core.notes.steps import NextStepService
from crm_core.notes.timeline import TimelineService
from crm_core.people.service import PeopleService
from crm_core.people.sessions import SessionService
from crm_core.presence.service import PresenceService
from crm_core.recordings.service import RecordingService
from recordings.peaks import Peaks
from recordings.playback import Playback


async def start_web(stack: AsyncExitStack, ground: Ground, parts: frozenset[str], *, demo: bool) -> LiveHub:
    """The web, listening; ended with *stack*. *demo*: it can make callers ring. Raises StartRefused."""
    people = PeopleService(ground.database, ground.clock)
    service = RecordingService(ground.database, ground.clock)
    hub = LiveHub(
        bus=ground.bus,
        load=Seeding(ground.database, ground.clock, pbx=ground.pbx).load,
        recheck=people.readers_by_token_id,
        clock=ground.clock,
        health=ground.health,
        showing=ground.showing,
    )
    if isinstance(ground.bus, TappedBus):
        ground.bus.tap(hub.hand_over)
    peaks = Peaks(service, ground.layout.recordings)
    stack.callback(peaks.close)
    dialling = Dialling(ground.bus, ground.clock, pbx=ground.pbx)
    await own_task(stack, dialling.run(), "dialling")
    services = WebServices(
        tokens=people,
        proxy=ground.settings.proxy,
        sessions=SessionService(ground.database, ground.clock, ended=ground.relay.wake),
        calls=CallService(ground.database, ground.clock),
        customers=CustomerService(ground.database, ground.clock, followers=(CallsOfCards(), StepsOfCards())),
        notes=NoteService(ground.database, ground.clock),
        steps=NextStepService(ground.database, ground.clock),
        timelines=TimelineService(ground.database),
        overviews=OverviewService(ground.database, ground.clock),
        missed=MissedService(ground.database, ground.clock),
        recordings=service,
        states=States(PresenceService(ground.database, ground.clock, pbx=ground.pbx), ground.relay),
        playback=Playback(service, ground.layout.recordings),
        peaks=peaks,
        hub=hub,
        health=ground.health,
        metrics=await hear_all(stack, ground, parts),
        phones=await _phones(stack, ground),
        dialling=dialling,
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


async def _phones(stack: AsyncExitStack, ground: Ground) -> PhoneProxy | None:
    """The web's part of phones in the browser; the private PBX's web server is on this host's loopback."""
    if not ground.settings.private_pbx:
        return None
    phones = BrowserPhones(phone_credentials(ground), ground.relay, ground.bus)
    await own_task(stack, phones.run(), "browser phones")
    address = f"http://127.0.0.1:{ground.settings.pbx_http_port}/ws"
    proxy = PhoneProxy(address, phones)
    await own_task(stack, proxy.run(), "phone proxy")
    return proxy
