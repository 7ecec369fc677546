"""The router as a part: its journal, the ledger, the passwords of browser phones at the switch."""

from __future__ import annotations

from contextlib import AsyncExitStack

from callcard.manager import manager_of
from callcard.owning import own_task
from callcard.pbx import ari_secret, browser_phones, pbx_settings
from callcard.wiring.ground import Ground
from callcard.wiring.phones import phone_credentials
from callrouter.acd.core import Limits
from callrouter.control.ari import AriAuths
from callrouter.control.phone_keys import PhoneKeys
from callrouter.given import RouterSettings
from callrouter.ledger.reader import CelReader
from callrouter.ledger.service import Ledger, Surroundings
from callrouter.router import Router
from callrouter.tracking.directory import Directory
from callrouter.tracking.facts import Settled
from crm_core.calls.journal import CallJournal
from crm_core.calls.ledger_store import LedgerStore
from crm_core.calls.settlement import Settlement
from crm_core.customers.service import CustomerService
from crm_core.db.spool import Spool
from crm_core.health import HealthState, PartHealth
from crm_core.office.events import OfficeApplied
from crm_core.presence.service import PresenceService


async def start_router(stack: AsyncExitStack, ground: Ground, limits: Limits) -> Router:
    """The router, started; ended with *stack*. Raises StartRefused."""
    spool = await Spool.open(ground.layout.spool)
    journal = CallJournal(ground.database, spool, ground.clock, ground.health, pbx=ground.pbx)
    await journal.start()
    stack.push_async_callback(journal.stop)
    router = Router(
        _router_settings(ground, limits),
        ground.office,
        clock=ground.clock,
        bus=ground.bus,
        customers=CustomerService(ground.database, ground.clock),
        presences=PresenceService(ground.database, ground.clock, pbx=ground.pbx),
        journal=journal,
        health=ground.health,
        path=ground.path,
        showing=ground.showing,
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


async def _phone_keys(stack: AsyncExitStack, ground: Ground) -> PhoneKeys | None:
    """Who keeps the passwords of phones in the browser at the private PBX; None for an attached one."""
    if not ground.settings.private_pbx:
        return None
    own = pbx_settings(ground.settings, ground.keys, ground.office)
    auths = AriAuths(f"http://127.0.0.1:{own.http_port}", own.ari_user, ari_secret(ground.keys))
    stack.push_async_callback(auths.close)
    keys = PhoneKeys(
        phone_credentials(ground), auths, ground.bus, ground.clock, pbx=ground.pbx, health=ground.health
    )
    keys.configure(browser_phones(ground.office))

    def begun_anew(part: PartHealth) -> None:
        if part.name == "ami.actor" and part.state is HealthState.UP:
            keys.doubt()

    ground.health.on_change(begun_anew)
    await own_task(stack, keys.run(), "phone keys")
    return keys


def _ledger(ground: Ground, router: Router, journal: CallJournal) -> Ledger | None:
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


def _router_settings(ground: Ground, limits: Limits) -> RouterSettings:
    settings, keys = ground.settings, ground.keys
    manager = manager_of(settings, keys)
    return RouterSettings(
        pbx=ground.pbx,
        ami_host=manager.host,
        ami_port=manager.port,
        listener_user=manager.listener_user,
        listener_secret=manager.listener_secret,
        actor_user=manager.actor_user,
        actor_secret=manager.actor_secret,
        systemname=keys.system_name if settings.private_pbx else None,
        agi_host=settings.agi.host,
        agi_port=settings.agi.port,
        agi_token=keys.agi_token,
        presence_cache=ground.layout.presence_copy,
        limits=limits,
    )


async def _follow_office(
    ground: Ground, router: Router, ledger: Ledger | None, keys: PhoneKeys | None
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
