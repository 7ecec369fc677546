"""SQL of queues and numbers. Functions take the connection of the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.db.replace import replace_rows
from crm_core.people.tables import OfficeRow
from crm_core.queues.model import Number, Overflow, Queue
from crm_core.queues.tables import NumberRow, QueueMemberRow, QueueRow

_QUEUE = tuple(field.name for field in fields(Queue) if field.name not in ("members", "overflow"))


async def load_queues(connection: AsyncConnection, pbx: str) -> tuple[Queue, ...]:
    """The queues in force at *pbx* by name, members in the order of the office file."""
    members: dict[str, list[str]] = {}
    for row in await connection.execute(
        select(QueueMemberRow.queue, QueueMemberRow.agent)
        .where(QueueMemberRow.pbx == pbx)
        .order_by(QueueMemberRow.queue, QueueMemberRow.position)
    ):
        members.setdefault(row.queue, []).append(row.agent)
    rows = await connection.execute(
        select(QueueRow.__table__).where(QueueRow.pbx == pbx, QueueRow.active).order_by(QueueRow.name)
    )
    return tuple(
        Queue(
            **{name: getattr(row, name) for name in _QUEUE},
            members=tuple(members.get(row.name, ())),
            overflow=Overflow(row.overflow),
        )
        for row in rows
    )


async def load_numbers(connection: AsyncConnection, pbx: str) -> tuple[Number, ...]:
    """The numbers in force at *pbx*; the country is that of their office."""
    rows = await connection.execute(
        select(NumberRow.__table__, OfficeRow.country)
        .join(OfficeRow, OfficeRow.name == NumberRow.office)
        .where(NumberRow.pbx == pbx, NumberRow.active)
        .order_by(NumberRow.e164)
    )
    return tuple(
        Number(
            e164=row.e164,
            title=row.title,
            office=row.office,
            country=row.country,
            queue=row.queue,
            source=row.source,
            dialled=tuple(row.dialled),
            answer=row.answer,
        )
        for row in rows
    )


async def replace_all(
    connection: AsyncConnection, *, pbx: str, queues: Iterable[Queue], numbers: Iterable[Number]
) -> None:
    """Make the tables say what the office file says of *pbx*; what it no longer names goes inactive."""
    queues = tuple(queues)
    await replace_rows(
        connection,
        QueueRow,
        [
            {"pbx": pbx, "overflow": queue.overflow.value, **{name: getattr(queue, name) for name in _QUEUE}}
            for queue in queues
        ],
        within=QueueRow.pbx == pbx,
    )
    await connection.execute(delete(QueueMemberRow).where(QueueMemberRow.pbx == pbx))
    members = [
        {"pbx": pbx, "queue": queue.name, "agent": agent, "position": position}
        for queue in queues
        for position, agent in enumerate(queue.members)
    ]
    if members:
        await connection.execute(insert(QueueMemberRow), members)
    await replace_rows(
        connection,
        NumberRow,
        [
            {
                "pbx": pbx,
                "e164": number.e164,
                "title": number.title,
                "office": number.office,
                "queue": number.queue,
                "source": number.source,
                "dialled": list(number.dialled),
                "answer": number.answer,
            }
            for number in numbers
        ],
        within=NumberRow.pbx == pbx,
    )
