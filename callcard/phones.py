"""Giving out passwords of phones in the browser: written here, put in force by the router, awaited here."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from uuid import UUID

from crm_core.bus.port import Bus
from crm_core.db.outbox import OutboxRelay
from crm_core.errors import Unavailable
from crm_core.i18n import N_
from crm_core.ids import new_id
from crm_core.people.model import Reader
from crm_core.people.phone_credentials import Issued, PhoneCredentials, Standing
from crm_core.people.phone_events import PhoneCredentialInForce

_IN_FORCE_S = 2.0


class BrowserPhones:
    """The web's door to these passwords. `run()` hears the router; wakes the outbox, so that it hears us."""

    def __init__(self, credentials: PhoneCredentials, relay: OutboxRelay, bus: Bus) -> None:
        self._credentials = credentials
        self._relay = relay
        self._bus = bus
        self._waiting: dict[UUID, asyncio.Future[None]] = {}

    async def run(self) -> None:
        """Hear which passwords are in force, until cancelled."""
        events = await self._bus.subscribe(PhoneCredentialInForce, name="browser-phones")
        try:
            async for event in events:
                if not isinstance(event, PhoneCredentialInForce):
                    continue  # Lagged: who waits is told no in time
                waiting = self._waiting.get(event.credential)
                if waiting is not None and not waiting.done():
                    waiting.set_result(None)
        finally:
            await events.close()

    async def issue(self, reader: Reader) -> Issued:
        """A new password that the switch has. Raises NotFound; Unavailable when it is not there in time."""
        id = new_id()
        self._waiting[id] = asyncio.get_running_loop().create_future()
        try:
            issued = await self._credentials.issue(reader, id=id)
            self._relay.wake()
            async with asyncio.timeout(_IN_FORCE_S):
                await self._waiting[id]
            return issued
        except TimeoutError:
            await self.end(id)
            raise Unavailable(
                N_("The telephone system has not taken your phone's password."),
                hint=N_("It may be starting: try again in a moment."),
            ) from None
        finally:
            del self._waiting[id]

    async def end(self, id: UUID) -> None:
        """Let nobody use this one any more. Raises Unavailable."""
        await self._credentials.end(id)
        self._relay.wake()

    async def endpoint_of(self, reader: Reader, id: UUID) -> str:
        """The device of the reader's own password. Raises NotFound, Conflict, Unavailable."""
        return await self._credentials.endpoint_of(reader, id)

    async def standings(self, ids: Collection[UUID]) -> dict[UUID, Standing]:
        """Where each stands. Raises Unavailable."""
        return await self._credentials.standings(ids)
