"""Passwords of phones in the browser: random, good for hours, one at a time for each device.

The web makes one and writes its digest; the router hands the digest to the switch and says so; it ends
with its session, its device, its time, or when the next one is made. Whoever reads the database cannot
place a call for longer than the password lasts, and learns no password that somebody typed.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from crm_core.clock import Clock
from crm_core.db import outbox
from crm_core.db.engine import Database
from crm_core.errors import Conflict, NotFound
from crm_core.i18n import N_
from crm_core.ids import parse_id
from crm_core.people import phone_store
from crm_core.people.model import Reader
from crm_core.people.phone_events import PhoneCredentialEnded, PhoneCredentialIssued

REALM = "asterisk"  # of Asterisk's challenges (default_realm); part of the digest
LASTS = timedelta(hours=8)
_BYTES = 24

Readers = Callable[[Collection[str]], Awaitable[Mapping[str, Reader]]]


class Standing(StrEnum):
    """Where a password stands."""

    IN_FORCE = "in_force"
    REPLACED = "replaced"  # a newer one was made for the same device
    ENDED = "ended"  # its time, its session or its device is over


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A new password: the only time it is seen. *endpoint* is also the name to register with."""

    id: UUID
    endpoint: str
    password: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneCredential:
    """What the switch must know: *digest* is HA1 of RFC 2617 3.2.2.2, MD5 in lower-case hex."""

    id: UUID
    endpoint: str
    digest: str = field(repr=False)
    expires_at: datetime


class PhoneCredentials:
    """Use cases of these passwords at one PBX. *readers*: those ids of sessions and tokens that still work.

    Every method raises Unavailable when the database is away.
    """

    def __init__(self, database: Database, clock: Clock, *, pbx: str, readers: Readers) -> None:
        self._database = database
        self._clock = clock
        self._pbx = pbx
        self._readers = readers

    async def issue(self, reader: Reader, *, id: UUID) -> Issued:
        """Make a password under *id* for the phone of *reader*'s session; the one before ends.

        Raises NotFound when this person has no phone in the browser.
        """
        session = parse_id(reader.token_id)
        now = self._clock.now()
        async with self._database.transaction() as connection:
            endpoint = await phone_store.lock_device(connection, self._pbx, reader.person)
            if endpoint is None or session is None:
                raise NotFound(
                    N_("You have no phone in the browser."),
                    hint=N_("The office file gives a person one: a device of kind browser."),
                )
            issued = Issued(
                id=id,
                endpoint=endpoint,
                password=secrets.token_urlsafe(_BYTES),
                expires_at=now + LASTS,
            )
            await phone_store.end_of_device(connection, self._pbx, endpoint, now)
            await phone_store.add(
                connection,
                id=id,
                pbx=self._pbx,
                endpoint=endpoint,
                person=reader.person,
                session=session,
                digest=digest_of(endpoint, issued.password),
                at=now,
                expires_at=issued.expires_at,
            )
            event = PhoneCredentialIssued(at=now, pbx=self._pbx, credential=id, endpoint=endpoint)
            await outbox.add(connection, [event])
        return issued

    async def end(self, id: UUID) -> None:
        """End one before its time."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            endpoint = await phone_store.end(connection, id, now)
            if endpoint is not None:
                event = PhoneCredentialEnded(at=now, pbx=self._pbx, credential=id, endpoint=endpoint)
                await outbox.add(connection, [event])

    async def in_force(self) -> tuple[PhoneCredential, ...]:
        """All that must work at the switch now, one for a device at most."""
        async with self._database.transaction() as connection:
            rows = (await connection.execute(phone_store.working(self._pbx, self._clock.now()))).all()
        alive = await self._readers({str(row.session) for row in rows}) if rows else {}
        return tuple(
            PhoneCredential(id=row.id, endpoint=row.endpoint, digest=row.digest, expires_at=row.expires_at)
            for row in rows
            if _stands_for(alive, row.session, row.person)
        )

    async def standings(self, ids: Collection[UUID]) -> dict[UUID, Standing]:
        """Where each of *ids* stands; one that is not known has ended."""
        async with self._database.transaction() as connection:
            rows = (await connection.execute(phone_store.standing(ids, self._clock.now()))).all()
        alive = await self._readers({str(row.session) for row in rows}) if rows else {}
        found = dict.fromkeys(ids, Standing.ENDED)
        for row in rows:
            if row.replaced:
                found[row.id] = Standing.REPLACED
            elif row.works and _stands_for(alive, row.session, row.person):
                found[row.id] = Standing.IN_FORCE
        return found

    async def endpoint_of(self, reader: Reader, id: UUID) -> str:
        """The device that *reader*'s own password *id* is for.

        Raises NotFound when it is not theirs or has ended, Conflict when a newer one has taken its place.
        """
        async with self._database.transaction() as connection:
            row = (await connection.execute(phone_store.standing([id], self._clock.now()))).first()
        if row is None or str(row.session) != reader.token_id or row.person != reader.person:
            raise NotFound
        if row.replaced:
            raise Conflict(N_("Another window has taken the phone."), code="phone_replaced")
        if not row.works:
            raise NotFound
        return str(row.endpoint)


def digest_of(endpoint: str, password: str) -> str:
    """What the switch keeps instead of *password*: MD5, because SIP libraries of browsers know no other."""
    text = f"{endpoint}:{REALM}:{password}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _stands_for(alive: Mapping[str, Reader], session: UUID, person: str) -> bool:
    reader = alive.get(str(session))
    return reader is not None and reader.person == person
