"""Passwords of phones in the browser, kept at the switch as the database has them.

What should be there follows from the rows; what is there is what we put there since the switch began or
was doubted. Only the difference is sent. A password is said to be in force after the switch has taken it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import structlog

from crm_core.bus.port import Bus, Subscription
from crm_core.clock import Clock
from crm_core.errors import CallcardError, Unavailable
from crm_core.health import Health, HealthState
from crm_core.people.events import SessionsEnded
from crm_core.people.phone_credentials import REALM, PhoneCredential
from crm_core.people.phone_events import PhoneCredentialEnded, PhoneCredentialInForce, PhoneCredentialIssued

log = structlog.get_logger(__name__)

_RESYNC_S = 10.0  # a token that was revoked says nothing of the phone's password
_AGAIN_S = 0.3
_READ_S = 2.0


class Rows(Protocol):
    """What is used of crm_core.people.phone_credentials.PhoneCredentials."""

    async def in_force(self) -> Sequence[PhoneCredential]: ...


class Auths(Protocol):
    """Passwords at the switch (callrouter.control.ari.AriAuths)."""

    async def put(self, endpoint: str, digest: str, *, realm: str) -> None: ...
    async def delete(self, endpoint: str) -> None: ...


class PhoneKeys:
    """Keeps the switch's passwords like the rows. `run()` it; `configure` and `doubt` when things change."""

    def __init__(self, rows: Rows, auths: Auths, bus: Bus, clock: Clock, *, pbx: str, health: Health) -> None:
        self._rows = rows
        self._auths = auths
        self._bus = bus
        self._clock = clock
        self._pbx = pbx
        self._health = health
        self._endpoints: frozenset[str] = frozenset()
        self._there: dict[str, UUID | None] = {}  # an endpoint that is not in it: not known
        self._doubts = 0
        self._said: HealthState | None = None
        self._until: datetime | None = None
        self._changed = asyncio.Event()

    def configure(self, endpoints: Iterable[str]) -> None:
        """Take the phones in the browser of the applied office."""
        self._endpoints = frozenset(endpoints)
        self._changed.set()

    def doubt(self) -> None:
        """The switch may have begun anew: put everything again."""
        self._doubts += 1
        self._there.clear()
        self._changed.set()

    async def run(self) -> None:
        """Sync after each change, at each expiry and now and then, until cancelled."""
        events = await self._bus.subscribe(
            *(PhoneCredentialIssued, PhoneCredentialEnded, SessionsEnded), name=f"phone-keys-{self._pbx}"
        )
        listening = asyncio.create_task(self._listen(events), name="phone-keys-listen")
        try:
            while True:
                await self._wait()
                self._changed.clear()
                if not self._endpoints and not self._there:
                    continue  # nobody has such a phone
                try:
                    await self.sync()
                except CallcardError as error:
                    self._say(HealthState.DEGRADED, f"{error.message} ({error.hint})")
                    self._changed.set()
                    await asyncio.sleep(_AGAIN_S)
                else:
                    self._say(HealthState.UP, "")
        finally:
            listening.cancel()
            await asyncio.wait({listening})
            await events.close()

    async def sync(self) -> None:
        """One pass: the switch is like the rows afterwards. Raises Unavailable."""
        try:
            async with asyncio.timeout(_READ_S):
                rows = await self._rows.in_force()
        except TimeoutError:
            raise Unavailable from None
        wanted = {row.endpoint: row for row in rows if row.endpoint in self._endpoints}
        self._until = min((row.expires_at for row in wanted.values()), default=None)
        for endpoint in self._there.keys() - self._endpoints:
            await self._auths.delete(endpoint)
            self._there.pop(endpoint, None)
        for endpoint in sorted(self._endpoints):
            row = wanted.get(endpoint)
            if endpoint not in self._there or self._there[endpoint] != (row.id if row else None):
                await self._apply(endpoint, row)

    async def _apply(self, endpoint: str, row: PhoneCredential | None) -> None:
        self._there.pop(endpoint, None)  # until the switch has said yes
        doubts = self._doubts
        if row is None:
            await self._auths.delete(endpoint)
        else:
            await self._auths.put(endpoint, row.digest, realm=REALM)
        if doubts != self._doubts:
            return  # said by a switch that may be gone; `doubt` has asked for another pass
        self._there[endpoint] = row.id if row else None
        if row is None:
            return
        said = PhoneCredentialInForce(
            at=self._clock.now(), pbx=self._pbx, credential=row.id, endpoint=endpoint
        )
        await self._bus.publish(said)

    def _say(self, state: HealthState, detail: str) -> None:
        if state is not self._said:
            self._said = state
            self._health.set("phones", state, detail)
            if state is not HealthState.UP:
                log.warning("phones' passwords not at the switch", reason=detail)

    async def _listen(self, events: Subscription) -> None:
        async for _ in events:  # Lagged too: something was issued or ended
            self._changed.set()

    async def _wait(self) -> None:
        seconds = _RESYNC_S
        if self._until is not None:
            left = (self._until - self._clock.now()).total_seconds()
            seconds = min(seconds, max(left, 0.1))
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            pass  # a look without being asked
