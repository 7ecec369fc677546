"""Signing in and out in a browser: sessions, a person's own password and preferences."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.audit.store import SYSTEM, record
from crm_core.clock import Clock
from crm_core.db import outbox
from crm_core.db.engine import Database
from crm_core.errors import BadInput, NotFound, SignInFailed, TooManyTries
from crm_core.i18n import LANGUAGES, N_
from crm_core.ids import new_id, parse_id
from crm_core.masking import mask_address, mask_name
from crm_core.people import guard, session_store, store
from crm_core.people.events import SessionsEnded
from crm_core.people.guard import TryKeys
from crm_core.people.model import Preferences, Reader, SessionInfo, SignedIn
from crm_core.people.passwords import Passwords, require_password
from crm_core.people.reader_cache import ReaderCache

log = structlog.get_logger(__name__)

TOKEN_BYTES = 32
LONGEST_TOKEN = 64
SESSION_S = int(session_store.ABSOLUTE.total_seconds())
LONGEST_NAME = 64
LONGEST_USER_AGENT = 200
CHECKS_AT_ONCE = 16  # passwords being checked or waiting for it; more are told to come again


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """What a browser gets after signing in; the token is seen this once."""

    token: str
    reader: Reader


class SessionService:
    """Use cases of sessions. Belongs to one event loop. Methods raise Unavailable without the database.

    *ended* is called after each commit that ended sessions: events wait in the outbox.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        passwords: Passwords | None = None,
        *,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._passwords = passwords or Passwords()
        self._ended = ended
        self._cache: ReaderCache[SignedIn] = ReaderCache(clock)
        self._checks = 0

    # -- in and out ---------------------------------------------------------------------------------

    async def sign_in(
        self, name: str, password: str, *, address: str, user_agent: str, instead_of: str | None = None
    ) -> NewSession:
        """A new session of *name*; *instead_of*, the token this browser had, ends.

        Raises SignInFailed, in the same words and time whichever part was wrong, and TooManyTries
        without looking at the password.
        """
        name = _readable(name.strip().lower(), LONGEST_NAME)
        keys = TryKeys.of(name, address)
        kept = await self._proved(name, password, keys, address)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        id, now = new_id(), self._clock.now()
        async with self._database.transaction() as connection:
            reader = await self._begin(connection, name, kept, id, token, user_agent)
            await guard.forgive(connection, keys, now)
            await self._end_token(connection, instead_of)
        if instead_of is not None:
            self._told()
        return NewSession(token=token, reader=reader)

    async def signed_in(self, token: str) -> SignedIn | None:
        """Who a session's token stands for, None when it does not work. Remembered for CACHE_S."""
        digest = _digest(token)
        if digest is None:
            return None
        known = self._cache.get(digest)
        if known is not None:
            return known
        begin, now = self._cache.generation, self._clock.now()
        async with self._database.reading() as connection:
            found = await session_store.signed_in(connection, digest, now)
        if found is None:
            return None
        one, seen_at = found
        if now - seen_at >= session_store.SEEN_EVERY:
            async with self._database.transaction() as connection:
                await session_store.seen(connection, _id(one.reader), now)
        self._cache.keep(digest, one, begin)
        return one

    async def sign_out(self, token: str) -> None:
        """End the session of this token: here at once, in other processes within CACHE_S."""
        async with self._database.transaction() as connection:
            await self._end_token(connection, token)
        self._told()

    # -- one's own ----------------------------------------------------------------------------------

    async def own(self, reader: Reader) -> tuple[SessionInfo, ...]:
        """The sessions of the person, last seen first."""
        async with self._database.reading() as connection:
            return await session_store.of_person(connection, reader.person, self._clock.now())

    async def end(self, reader: Reader, id: UUID) -> None:
        """End a session of one's own. Raises NotFound, also for that of somebody else."""
        async with self._database.transaction() as connection:
            if not await self._end(connection, reader.person, id):
                raise NotFound(N_("There is no such session."))
        self._told()

    async def change_password(self, reader: Reader, old: str, new: str, *, address: str) -> None:
        """Another password of one's own; ends all sessions but this one.

        Raises SignInFailed when *old* is wrong, TooManyTries, and BadInput for a bad new one.
        """
        person, keys = reader.person, TryKeys.of(reader.person, address)
        require_password(new)
        kept = await self._proved(person, old, keys, address)
        hashed = await self._passwords.hash(new)
        now = self._clock.now()
        async with self._database.transaction() as connection:
            if not await session_store.password_holds(connection, person, kept):
                raise SignInFailed
            await store.set_credential(connection, person, hashed, now)
            await record(
                connection, actor=person, action="person.password_set", kind="person", subject=person, at=now
            )
            await session_store.end_all(connection, (person,), now, but=_id(reader))
            await outbox.add(connection, [SessionsEnded(at=now, people=(person,))])
            await guard.forgive(connection, keys, now)
        self._told()

    async def set_preferences(self, reader: Reader, chosen: Preferences) -> None:
        """Keep what the person chose for their own screens. Raises BadInput for a foreign language."""
        if chosen.language is not None and chosen.language not in LANGUAGES:
            raise BadInput(N_("This language is not spoken here."), field="language")
        async with self._database.transaction() as connection:
            await session_store.set_preferences(connection, reader.person, chosen)
        self._cache.clear()

    # -- how ----------------------------------------------------------------------------------------

    async def _proved(self, name: str, password: str, keys: TryKeys, address: str) -> str:
        """The hashed password of *name* that *password* is right for. Raises SignInFailed, TooManyTries."""
        if self._checks >= CHECKS_AT_ONCE:
            raise TooManyTries(retry_after_s=1)
        self._checks += 1
        try:
            async with self._database.transaction() as connection:
                wait_s = await guard.count_try(connection, keys, self._clock.now())
            guard.refuse(wait_s)
            async with self._database.transaction() as connection:
                found = await store.credential(connection, name)
            if await self._passwords.matches(found[0] if found else None, password) and found:
                return found[0]
        finally:
            self._checks -= 1
        await self._audit_failure(name if found else mask_name(name), address)
        raise SignInFailed

    async def _audit_failure(self, name: str, address: str) -> None:
        now = self._clock.now()
        log.warning("sign-in failed", address=mask_address(address))
        async with self._database.transaction() as connection:
            await record(
                connection,
                actor=SYSTEM,
                action="session.refused",
                kind="person",
                subject=name,
                at=now,
                after={"address": mask_address(address)},
            )

    async def _begin(
        self, connection: AsyncConnection, name: str, kept: str, id: UUID, token: str, user_agent: str
    ) -> Reader:
        now, digest = self._clock.now(), _digest(token)
        assert digest is not None
        if not await session_store.password_holds(connection, name, kept):
            raise SignInFailed  # changed since it was looked at
        user_agent = _readable(user_agent, LONGEST_USER_AGENT)
        await session_store.add(connection, id=id, person=name, sha256=digest, user_agent=user_agent, at=now)
        await record(connection, actor=name, action="session.started", kind="session", subject=id, at=now)
        found = await session_store.signed_in(connection, digest, now)
        assert found is not None
        return found[0].reader

    async def _end_token(self, connection: AsyncConnection, token: str | None) -> None:
        digest = _digest(token) if token is not None else None
        if digest is None:
            return
        found = await session_store.signed_in(connection, digest, self._clock.now())
        if found is not None:
            await self._end(connection, found[0].reader.person, _id(found[0].reader))

    async def _end(self, connection: AsyncConnection, person: str, id: UUID) -> bool:
        now = self._clock.now()
        if not await session_store.end(connection, person, id, now):
            return False
        await record(connection, actor=person, action="session.ended", kind="session", subject=id, at=now)
        await outbox.add(connection, [SessionsEnded(at=now, people=(person,))])
        return True

    def _told(self) -> None:
        self._cache.clear()
        self._ended()


def _digest(token: str) -> bytes | None:
    """None for what cannot be a token."""
    if len(token) > LONGEST_TOKEN or not token.isascii():
        return None
    return hashlib.sha256(token.encode()).digest()


def _id(reader: Reader) -> UUID:
    found = parse_id(reader.token_id)
    assert found is not None, "a session has an id"
    return found


def _readable(text: str, length: int) -> str:
    """*text* without what no person types and no database takes."""
    return "".join(c for c in text[:length] if c.isprintable())
