"""Applying the office file: tables, Asterisk and the version move together, or nothing does."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.audit.store import record
from crm_core.bus.event import Event
from crm_core.clock import Clock, SystemClock
from crm_core.db import outbox
from crm_core.db.engine import Database
from crm_core.errors import Conflict
from crm_core.i18n import N_
from crm_core.office import store
from crm_core.office.changes import Change, diff
from crm_core.office.events import OfficeApplied
from crm_core.office.model import OfficeFile
from crm_core.office.reading import read_office
from crm_core.office.store import Version
from crm_core.people import session_store
from crm_core.people import store as people
from crm_core.people.events import SessionsEnded
from crm_core.queues import store as queues

APPLY_TIMEOUT_S = 60.0  # a loader may have to wait for Asterisk to reload


class Loader(Protocol):
    """Loads an office into what runs it (Asterisk)."""

    async def load(self, office: OfficeFile) -> None:
        """Make *office* work. Raises when it does not, with the state before restored."""
        ...


class Follower(Protocol):
    """A subject after this one whose rows the office file also speaks of."""

    async def office_applied(
        self, connection: AsyncConnection, before: OfficeFile | None, after: OfficeFile, *, by: str
    ) -> Sequence[Event]:
        """Change rows in the transaction of *connection*; the events to say after it."""
        ...


class AppliedOffice(NamedTuple):
    """What is in force."""

    version: int
    office: OfficeFile


class Applied(NamedTuple):
    """What an apply did. The same text again is no new version."""

    version: int
    changes: tuple[Change, ...]
    new: bool


class OfficeService:
    """Use cases of the office file. Methods raise Unavailable when the database is away."""

    def __init__(
        self,
        database: Database,
        clock: Clock | None = None,
        *,
        pbx: str = "main",
        followers: Sequence[Follower] = (),
    ) -> None:
        self._database = database
        self._clock = clock or SystemClock()
        self._pbx = pbx
        self._followers = tuple(followers)

    async def check(self, text: str) -> tuple[Change, ...]:
        """What applying *text* would change. Raises OfficeProblems."""
        office = await self._read(text)
        current = await self.current()
        return diff(current.office if current else None, office)

    async def apply(self, text: str, base: int | None, by: str, loader: Loader | None) -> Applied:
        """Put *text* in force, all of it or nothing.

        *base* is the version its author started from; None stands for "whatever is in force". Raises
        OfficeProblems for a bad text, Conflict when others applied versions after *base*, and whatever
        *loader* raises: then nothing has changed. *loader* is called last, so only a commit that fails
        after it leaves Asterisk ahead of the database; the next start renders from the database again.
        """
        office = await self._read(text)
        async with self._database.transaction(timeout_s=APPLY_TIMEOUT_S) as connection:
            await store.lock(connection, idle_s=APPLY_TIMEOUT_S)
            last = await store.latest(connection, self._pbx)
            if base is not None:
                self._refuse_old_base(await store.after(connection, self._pbx, base))
            before = await _parsed(last.text) if last else None
            changes = diff(before, office)
            if last is not None and last.text == text:
                if loader is not None:
                    await loader.load(office)
                return Applied(last.version, changes, new=False)
            version = self._version(text, last, base, by, changes)
            events = await self._write(connection, version, before, office)
            await outbox.add(connection, events)
            if loader is not None:
                await loader.load(office)
        return Applied(version.version, changes, new=True)

    async def current(self) -> AppliedOffice | None:
        """The version in force and its office; None before the first apply."""
        last = await self.latest()
        return None if last is None else AppliedOffice(last.version, await _parsed(last.text))

    async def latest(self) -> Version | None:
        """The version in force with its text, who applied it and when."""
        async with self._database.transaction() as connection:
            return await store.latest(connection, self._pbx)

    async def export(self) -> str | None:
        """The text in force, comments included; None before the first apply."""
        last = await self.latest()
        return None if last is None else last.text

    async def _read(self, text: str) -> OfficeFile:
        office = await _parsed(text)
        if office.pbx != self._pbx:
            raise Conflict(
                N_("This office file is of another PBX."), field="pbx", hint=f"{office.pbx} ≠ {self._pbx}"
            )
        return office

    def _refuse_old_base(self, younger: Sequence[Version]) -> None:
        """Raise Conflict that says who changed what since."""
        if not younger:
            return
        who = [
            f"{v.applied_by}, version {v.version}: {'; '.join(v.changes) or 'comments only'}" for v in younger
        ]
        raise Conflict(
            N_("The office was changed since this version: export it and make the change again."),
            field="base",
            hint="\n".join(who),
        )

    def _version(
        self, text: str, last: Version | None, base: int | None, by: str, changes: Sequence[Change]
    ) -> Version:
        return Version(
            version=last.version + 1 if last else 1,
            base=base,
            text=text,
            sha256=hashlib.sha256(text.encode()).digest(),
            changes=tuple(str(change.words) for change in changes),
            applied_by=by,
            applied_at=self._clock.now(),
        )

    async def _write(
        self, connection: AsyncConnection, version: Version, before: OfficeFile | None, office: OfficeFile
    ) -> list[Event]:
        await store.add(connection, self._pbx, version)
        moved = await people.replace_all(
            connection,
            pbx=self._pbx,
            offices=office.office_list(),
            teams=office.team_list(),
            people=office.person_list(),
        )
        await queues.replace_all(
            connection, pbx=self._pbx, queues=office.queue_list(), numbers=office.number_list()
        )
        await record(
            connection,
            actor=version.applied_by,
            action="office.applied",
            kind="office",
            subject=version.version,
            at=version.applied_at,
            after={"changes": list(version.changes)},
        )
        events: list[Event] = [
            OfficeApplied(
                at=version.applied_at, pbx=self._pbx, version=version.version, by=version.applied_by
            )
        ]
        ended = await session_store.end_all(connection, moved, version.applied_at)
        if ended:
            events.append(SessionsEnded(at=version.applied_at, pbx=self._pbx, people=ended))
        for follower in self._followers:
            events += await follower.office_applied(connection, before, office, by=version.applied_by)
        return events


async def _parsed(text: str) -> OfficeFile:
    """A large file takes a second to read: calls on this event loop do not wait for that."""
    return await asyncio.to_thread(read_office, text)
