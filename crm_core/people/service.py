"""Who is who: passwords and bearer tokens, as admins give them, and the people the office file names."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.audit.store import record
from crm_core.clock import Clock
from crm_core.db import outbox
from crm_core.db.engine import Database
from crm_core.errors import BadInput, NotFound
from crm_core.i18n import N_
from crm_core.ids import new_id, parse_id
from crm_core.people import session_store, store
from crm_core.people.events import SessionsEnded
from crm_core.people.model import Person, Reader
from crm_core.people.passwords import Passwords
from crm_core.people.reader_cache import ReaderCache
from crm_core.people.store import TokenInfo
from crm_core.permissions import Scope

TOKEN_PREFIX = "cc_"  # noqa: S105 - so that a leaked one is recognised by scanners
TOKEN_BYTES = 32

EVERYBODY = Scope(all=True)


class PeopleService:
    """Use cases of people. Belongs to one event loop."""

    def __init__(self, database: Database, clock: Clock, passwords: Passwords | None = None) -> None:
        self._database = database
        self._clock = clock
        self._passwords = passwords or Passwords()
        self._readers: ReaderCache[Reader] = ReaderCache(clock)

    async def add_user(self, name: str, password: str, *, by: str) -> None:
        """Give the person *name* a password, or another one; sessions begun with the old one end.

        Raises NotFound when the applied office file names nobody so, BadInput for a bad password.
        """
        hashed = await self._passwords.hash(password)
        now = self._clock.now()
        async with self._database.transaction() as connection:
            await self._require(connection, name)
            await store.set_credential(connection, name, hashed, now)
            await record(
                connection, actor=by, action="person.password_set", kind="person", subject=name, at=now
            )
            if await session_store.end_all(connection, (name,), now):
                await outbox.add(connection, [SessionsEnded(at=now, people=(name,))])

    async def reader_for_password(self, name: str, password: str) -> Reader | None:
        """Who *name* is when *password* is theirs; takes as long when there is no such person."""
        async with self._database.transaction() as connection:
            found = await store.credential(connection, name)
        right = await self._passwords.matches(found[0] if found else None, password)
        return found[1] if found and right else None

    async def create_token(self, person: str, label: str, *, by: str) -> str:
        """Make a bearer token: the only time it is seen. Raises NotFound, BadInput for a bad label."""
        label = label.strip()
        if not 1 <= len(label) <= 80:
            raise BadInput(N_("A token's label has 1 to 80 characters."), field="label")
        token = TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
        id, now = new_id(), self._clock.now()
        async with self._database.transaction() as connection:
            await self._require(connection, person)
            await store.add_token(
                connection, id=id, person=person, label=label, sha256=_digest(token), at=now
            )
            await record(
                connection,
                actor=by,
                action="token.created",
                kind="token",
                subject=id,
                at=now,
                after={"person": person, "label": label},
            )
        return token

    async def list_tokens(self, person: str) -> tuple[TokenInfo, ...]:
        """The tokens of *person* that work."""
        async with self._database.transaction() as connection:
            return await store.tokens_of(connection, person)

    async def revoke_token(self, id: UUID, *, by: str) -> None:
        """End a token: here at once, in other processes within CACHE_S. Raises NotFound."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            person = await store.revoke_token(connection, id, now)
            if person is None:
                raise NotFound(N_("There is no such token."))
            await record(connection, actor=by, action="token.revoked", kind="token", subject=id, at=now)
        self._readers.clear()

    async def reader_for_token(self, token: str) -> Reader | None:
        """Who a bearer token stands for, None when it does not work. Remembered for CACHE_S."""
        if not token.startswith(TOKEN_PREFIX) or len(token) > 100 or not token.isascii():
            return None
        digest, begin = _digest(token), self._readers.generation
        known = self._readers.get(digest)
        if known is not None:
            return known
        async with self._database.reading() as connection:
            reader = await store.reader_by_token(connection, digest)
        if reader is not None:
            self._readers.keep(digest, reader, begin)
        return reader

    async def readers_by_token_id(self, ids: Collection[str]) -> dict[str, Reader]:
        """Those *ids* of tokens and sessions that still work, each with who it stands for now. Never
        remembered: open connections are held against it.
        """
        wanted = [id for id in map(parse_id, ids) if id is not None]
        async with self._database.reading() as connection:
            readers = (
                *await store.readers_by_token_id(connection, wanted),
                *await session_store.readers_by_id(connection, wanted, self._clock.now()),
            )
        return {reader.token_id: reader for reader in readers if reader.token_id is not None}

    async def people(self, scope: Scope = EVERYBODY) -> tuple[Person, ...]:
        """The people in force that *scope* holds, with their devices."""
        async with self._database.reading() as connection:
            return await store.load_people(connection, store.visible(scope))

    async def _require(self, connection: AsyncConnection, name: str) -> None:
        if not await store.person_exists(connection, name):
            raise NotFound(
                N_("Nobody has this name."),
                field="person",
                hint=N_("People come from the office file: apply it first."),
            )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
