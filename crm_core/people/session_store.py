"""SQL of sessions and preferences. Functions take the connection of the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.people.model import Preferences, Reader, Role, SessionInfo, SignedIn, Theme
from crm_core.people.tables import CredentialRow, PersonRow, PreferenceRow, SessionRow

IDLE = timedelta(hours=12)  # unused for so long, a session is over
ABSOLUTE = timedelta(days=7)  # and after this in any case
SEEN_EVERY = timedelta(minutes=1)
KEPT = timedelta(days=30)  # rows of sessions that are over; the audit keeps the deed

_READER = (SessionRow.id, PersonRow.name, PersonRow.role, PersonRow.office, PersonRow.team)


def _works(now: datetime) -> ColumnElement[bool]:
    return and_(SessionRow.ended_at.is_(None), SessionRow.expires_at > now, SessionRow.seen_at > now - IDLE)


async def password_holds(connection: AsyncConnection, person: str, kept: str) -> bool:
    """Whether *kept* is still the hashed password of *person*; it stays so to the end of the transaction.

    So a session that begins while the password is being changed either ends with it or never begins.
    """
    found = await connection.execute(
        select(CredentialRow.person)
        .join(PersonRow, PersonRow.name == CredentialRow.person)
        .where(CredentialRow.person == person, CredentialRow.password == kept, PersonRow.active)
        .with_for_update(read=True, of=CredentialRow)
    )
    return found.first() is not None


async def add(
    connection: AsyncConnection, *, id: UUID, person: str, sha256: bytes, user_agent: str, at: datetime
) -> None:
    """Write a session that begins *at*, and drop the person's that were over long before."""
    await connection.execute(
        insert(SessionRow).values(
            id=id,
            person=person,
            sha256=sha256,
            created_at=at,
            seen_at=at,
            expires_at=at + ABSOLUTE,
            user_agent=user_agent,
        )
    )
    await connection.execute(
        delete(SessionRow).where(SessionRow.person == person, SessionRow.expires_at < at - KEPT)
    )


async def signed_in(
    connection: AsyncConnection, sha256: bytes, now: datetime
) -> tuple[SignedIn, datetime] | None:
    """Who a working session's hash belongs to as they are now, and when it was last seen."""
    row = (
        await connection.execute(
            select(*_READER, SessionRow.seen_at, PreferenceRow.language, PreferenceRow.theme)
            .join(PersonRow, PersonRow.name == SessionRow.person)
            .outerjoin(PreferenceRow, PreferenceRow.person == SessionRow.person)
            .where(SessionRow.sha256 == sha256, PersonRow.active, _works(now))
        )
    ).first()
    if row is None:
        return None
    reader = Reader(
        person=row.name, role=Role(row.role), office=row.office, team=row.team, token_id=str(row.id)
    )
    return SignedIn(reader=reader, preferences=_preferences(row.language, row.theme)), row.seen_at


async def seen(connection: AsyncConnection, id: UUID, now: datetime) -> None:
    """Somebody used the session."""
    await connection.execute(update(SessionRow).where(SessionRow.id == id).values(seen_at=now))


async def readers_by_id(
    connection: AsyncConnection, ids: Collection[UUID], now: datetime
) -> tuple[Reader, ...]:
    """Who stands behind those of *ids* that still work, as their role and office are now."""
    rows = await connection.execute(
        select(*_READER)
        .join(PersonRow, PersonRow.name == SessionRow.person)
        .where(SessionRow.id.in_(ids), PersonRow.active, _works(now))
    )
    return tuple(
        Reader(person=r.name, role=Role(r.role), office=r.office, team=r.team, token_id=str(r.id))
        for r in rows
    )


async def of_person(connection: AsyncConnection, person: str, now: datetime) -> tuple[SessionInfo, ...]:
    """Sessions of *person* that work, last seen first."""
    rows = await connection.execute(
        select(SessionRow.id, SessionRow.created_at, SessionRow.seen_at, SessionRow.user_agent)
        .where(SessionRow.person == person, _works(now))
        .order_by(SessionRow.seen_at.desc(), SessionRow.id.desc())
    )
    return tuple(
        SessionInfo(id=r.id, created_at=r.created_at, seen_at=r.seen_at, user_agent=r.user_agent)
        for r in rows
    )


async def end(connection: AsyncConnection, person: str, id: UUID, at: datetime) -> bool:
    """End a session of *person*; False when there is no such one that has not ended."""
    row = await connection.execute(
        update(SessionRow)
        .where(SessionRow.id == id, SessionRow.person == person, SessionRow.ended_at.is_(None))
        .values(ended_at=at)
        .returning(SessionRow.id)
    )
    return row.first() is not None


async def end_all(
    connection: AsyncConnection, people: Collection[str], at: datetime, *, but: UUID | None = None
) -> tuple[str, ...]:
    """End the sessions of *people*, except *but*; those who had any, by name."""
    if not people:
        return ()
    statement = update(SessionRow).where(SessionRow.person.in_(people), SessionRow.ended_at.is_(None))
    if but is not None:
        statement = statement.where(SessionRow.id != but)
    rows = await connection.execute(statement.values(ended_at=at).returning(SessionRow.person))
    return tuple(sorted(set(rows.scalars())))


async def set_preferences(connection: AsyncConnection, person: str, chosen: Preferences) -> None:
    """Write what *person* chose."""
    values = {"language": chosen.language, "theme": chosen.theme.value}
    await connection.execute(
        insert(PreferenceRow)
        .values(person=person, **values)
        .on_conflict_do_update(index_elements=[PreferenceRow.person], set_=values)
    )


def _preferences(language: str | None, theme: str | None) -> Preferences:
    return Preferences(language=language, theme=Theme(theme) if theme else Theme.AUTO)
