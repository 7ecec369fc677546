"""SQL of people. Functions take the connection of the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, false, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.db.replace import replace_rows
from crm_core.people.model import Device, DeviceKind, Office, Person, Reader, Role, Team
from crm_core.people.tables import CredentialRow, DeviceRow, OfficeRow, PersonRow, TeamRow, TokenRow
from crm_core.permissions import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenInfo:
    """A token as its owner may see it: never the token itself."""

    id: UUID
    person: str
    label: str
    created_at: datetime


def visible(scope: Scope) -> ColumnElement[bool]:
    """People that *scope* holds."""
    if scope.all:
        return true()
    condition: ColumnElement[bool] = false()
    if scope.office is not None:
        condition |= PersonRow.office == scope.office
    if scope.team is not None:
        condition |= PersonRow.team == scope.team
    if scope.person is not None:
        condition |= PersonRow.name == scope.person
    return condition


async def load_offices(connection: AsyncConnection) -> tuple[Office, ...]:
    """All active offices by name."""
    rows = await connection.execute(
        select(OfficeRow.__table__).where(OfficeRow.active).order_by(OfficeRow.name)
    )
    return tuple(
        Office(name=r.name, title=r.title, country=r.country, timezone=r.timezone, language=r.language)
        for r in rows
    )


async def load_people(connection: AsyncConnection, where: ColumnElement[bool]) -> tuple[Person, ...]:
    """Active people that satisfy *where*, by name, with their active devices: two statements."""
    rows = (
        await connection.execute(
            select(PersonRow.__table__).where(PersonRow.active, where).order_by(PersonRow.name)
        )
    ).all()
    devices = await connection.execute(
        select(DeviceRow.__table__)
        .where(DeviceRow.active, DeviceRow.person.in_([row.name for row in rows]))
        .order_by(DeviceRow.endpoint)
    )
    ringing: dict[str, list[Device]] = {}
    for row in devices:
        ringing.setdefault(row.person, []).append(
            Device(endpoint=row.endpoint, agent=row.person, kind=DeviceKind(row.kind), contact=row.contact)
        )
    return tuple(
        Person(
            name=row.name,
            title=row.title,
            role=Role(row.role),
            office=row.office,
            team=row.team,
            extension=row.extension,
            language=row.language,
            devices=tuple(ringing.get(row.name, ())),
        )
        for row in rows
    )


async def person_exists(connection: AsyncConnection, name: str) -> bool:
    """Whether *name* is an active person."""
    found = await connection.execute(select(PersonRow.name).where(PersonRow.name == name, PersonRow.active))
    return found.first() is not None


async def set_credential(connection: AsyncConnection, person: str, password: str, at: datetime) -> None:
    """Write the hashed *password* of *person*."""
    statement = insert(CredentialRow).values(person=person, password=password, changed_at=at)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[CredentialRow.person], set_={"password": password, "changed_at": at}
        )
    )


async def credential(connection: AsyncConnection, person: str) -> tuple[str, Reader] | None:
    """The hashed password of an active person, and who it is."""
    row = (
        await connection.execute(
            select(CredentialRow.password, PersonRow.role, PersonRow.office, PersonRow.team)
            .join(PersonRow, PersonRow.name == CredentialRow.person)
            .where(CredentialRow.person == person, PersonRow.active)
        )
    ).first()
    if row is None:
        return None
    return row.password, Reader(person=person, role=Role(row.role), office=row.office, team=row.team)


async def add_token(
    connection: AsyncConnection, *, id: UUID, person: str, label: str, sha256: bytes, at: datetime
) -> None:
    """Write a token's hash."""
    await connection.execute(
        insert(TokenRow).values(id=id, person=person, label=label, sha256=sha256, created_at=at)
    )


async def tokens_of(connection: AsyncConnection, person: str) -> tuple[TokenInfo, ...]:
    """Tokens of *person* that work, newest first."""
    rows = await connection.execute(
        select(TokenRow.id, TokenRow.label, TokenRow.created_at)
        .where(TokenRow.person == person, TokenRow.revoked_at.is_(None))
        .order_by(TokenRow.id.desc())
    )
    return tuple(TokenInfo(id=r.id, person=person, label=r.label, created_at=r.created_at) for r in rows)


async def revoke_token(connection: AsyncConnection, id: UUID, at: datetime) -> str | None:
    """End the token; its person, or None when there is no such working token."""
    row = await connection.execute(
        update(TokenRow)
        .where(TokenRow.id == id, TokenRow.revoked_at.is_(None))
        .values(revoked_at=at)
        .returning(TokenRow.person)
    )
    return row.scalar_one_or_none()


async def reader_by_token(connection: AsyncConnection, sha256: bytes) -> Reader | None:
    """Who a token's hash belongs to, as their role and office are now."""
    row = (
        await connection.execute(
            select(TokenRow.id, PersonRow.name, PersonRow.role, PersonRow.office, PersonRow.team)
            .join(PersonRow, PersonRow.name == TokenRow.person)
            .where(TokenRow.sha256 == sha256, TokenRow.revoked_at.is_(None), PersonRow.active)
        )
    ).first()
    if row is None:
        return None
    return _reader(row)


async def readers_by_token_id(connection: AsyncConnection, ids: Collection[UUID]) -> tuple[Reader, ...]:
    """Who stands behind those of *ids* that still work, as their role and office are now."""
    rows = await connection.execute(
        select(TokenRow.id, PersonRow.name, PersonRow.role, PersonRow.office, PersonRow.team)
        .join(PersonRow, PersonRow.name == TokenRow.person)
        .where(TokenRow.id.in_(ids), TokenRow.revoked_at.is_(None), PersonRow.active)
    )
    return tuple(map(_reader, rows))


async def replace_all(
    connection: AsyncConnection,
    *,
    pbx: str,
    offices: Iterable[Office],
    teams: Iterable[Team],
    people: Iterable[Person],
) -> frozenset[str]:
    """Make the tables say what the office file says; rows it no longer names become inactive.

    Gives the names of those who came, left or have another role now.
    """
    people = tuple(people)
    before = await _roles(connection)
    await replace_rows(connection, OfficeRow, [_fields(office) for office in offices])
    await replace_rows(connection, TeamRow, [_fields(team) for team in teams])
    await replace_rows(connection, PersonRow, [_fields(person, "devices") for person in people])
    devices = [
        {"pbx": pbx, "endpoint": d.endpoint, "person": d.agent, "kind": d.kind.value, "contact": d.contact}
        for person in people
        for d in person.devices
    ]
    await replace_rows(connection, DeviceRow, devices, within=DeviceRow.pbx == pbx)
    after = {person.name: person.role for person in people}
    return frozenset(name for name in {*before, *after} if before.get(name) != after.get(name))


async def _roles(connection: AsyncConnection) -> dict[str, Role]:
    rows = await connection.execute(select(PersonRow.name, PersonRow.role).where(PersonRow.active))
    return {row.name: Role(row.role) for row in rows}


def _reader(row: Row[UUID, str, str, str, str | None]) -> Reader:
    id, person, role, office, team = row
    return Reader(person=person, role=Role(role), office=office, team=team, token_id=str(id))


def _fields(value: Office | Team | Person, *without: str) -> dict[str, Any]:
    """The columns of *value*: tables have the names of the model. Enum members go as their text."""
    parts = {field.name: getattr(value, field.name) for field in fields(value) if field.name not in without}
    return {name: str(part) if isinstance(part, StrEnum) else part for name, part in parts.items()}
