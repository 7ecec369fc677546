"""SQL of the passwords of phones in the browser. Functions take the connection of the transaction."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from crm_core.people.model import DeviceKind
from crm_core.people.phone_tables import PhoneCredentialRow
from crm_core.people.tables import DeviceRow, PersonRow

_KEPT = timedelta(days=1)  # ended ones, for sockets that ask why they were closed


async def lock_device(connection: AsyncConnection, pbx: str, person: str) -> str | None:
    """The endpoint of *person*'s phone in the browser, held until the transaction ends; None: has none."""
    found = await connection.execute(
        select(DeviceRow.endpoint)
        .where(
            DeviceRow.pbx == pbx,
            DeviceRow.person == person,
            DeviceRow.kind == DeviceKind.BROWSER.value,
            DeviceRow.active,
        )
        .order_by(DeviceRow.endpoint)
        .limit(1)
        .with_for_update()
    )
    return found.scalar_one_or_none()


async def end_of_device(connection: AsyncConnection, pbx: str, endpoint: str, at: datetime) -> None:
    """End the device's present password, and forget those that ended long ago."""
    own = and_(PhoneCredentialRow.pbx == pbx, PhoneCredentialRow.endpoint == endpoint)
    await connection.execute(delete(PhoneCredentialRow).where(own, PhoneCredentialRow.ended_at < at - _KEPT))
    await connection.execute(
        update(PhoneCredentialRow).where(own, PhoneCredentialRow.ended_at.is_(None)).values(ended_at=at)
    )


async def add(
    connection: AsyncConnection,
    *,
    id: UUID,
    pbx: str,
    endpoint: str,
    person: str,
    session: UUID,
    digest: str,
    at: datetime,
    expires_at: datetime,
) -> None:
    """Write a new password's digest."""
    await connection.execute(
        insert(PhoneCredentialRow).values(
            id=id,
            pbx=pbx,
            endpoint=endpoint,
            person=person,
            session=session,
            digest=digest,
            created_at=at,
            expires_at=expires_at,
        )
    )


async def end(connection: AsyncConnection, id: UUID, at: datetime) -> str | None:
    """End one; its endpoint, or None when it had ended already."""
    ended = await connection.execute(
        update(PhoneCredentialRow)
        .where(PhoneCredentialRow.id == id, PhoneCredentialRow.ended_at.is_(None))
        .values(ended_at=at)
        .returning(PhoneCredentialRow.endpoint)
    )
    return ended.scalar_one_or_none()


def works(now: datetime) -> ColumnElement[bool]:
    """Not ended, not expired, and the device is still that person's; says nothing of the session."""
    return and_(
        PhoneCredentialRow.ended_at.is_(None),
        PhoneCredentialRow.expires_at > now,
        exists().where(
            DeviceRow.pbx == PhoneCredentialRow.pbx,
            DeviceRow.endpoint == PhoneCredentialRow.endpoint,
            DeviceRow.person == PhoneCredentialRow.person,
            DeviceRow.kind == DeviceKind.BROWSER.value,
            DeviceRow.active,
            PersonRow.name == PhoneCredentialRow.person,
            PersonRow.active,
        ),
    )


def working(pbx: str, now: datetime) -> Select[UUID, str, str, UUID, str, datetime]:
    """Those of one PBX that `works` holds for."""
    return select(
        PhoneCredentialRow.id,
        PhoneCredentialRow.endpoint,
        PhoneCredentialRow.person,
        PhoneCredentialRow.session,
        PhoneCredentialRow.digest,
        PhoneCredentialRow.expires_at,
    ).where(PhoneCredentialRow.pbx == pbx, works(now))


def standing(ids: Collection[UUID], now: datetime) -> Select[UUID, str, str, UUID, bool, bool]:
    """Of each of *ids*: endpoint, person, session, whether it `works`, whether a newer one came."""
    newer = aliased(PhoneCredentialRow)
    return select(
        PhoneCredentialRow.id,
        PhoneCredentialRow.endpoint,
        PhoneCredentialRow.person,
        PhoneCredentialRow.session,
        works(now).label("works"),
        exists()
        .where(
            newer.pbx == PhoneCredentialRow.pbx,
            newer.endpoint == PhoneCredentialRow.endpoint,
            newer.created_at > PhoneCredentialRow.created_at,
        )
        .label("replaced"),
    ).where(PhoneCredentialRow.id.in_(ids))
