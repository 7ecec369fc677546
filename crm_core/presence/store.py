"""SQL of agents' states. Functions take the connection of the caller's transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.people.tables import PersonRow
from crm_core.presence.model import ChosenState, Presence
from crm_core.presence.tables import AgentPresenceRow


async def load_all(connection: AsyncConnection) -> dict[str, Presence]:
    """Rows of active people, by name."""
    rows = await connection.execute(
        select(AgentPresenceRow.__table__)
        .join(PersonRow, PersonRow.name == AgentPresenceRow.agent)
        .where(PersonRow.active)
    )
    return {row.agent: _presence(row) for row in rows}


async def lock_agent(connection: AsyncConnection, agent: str) -> bool:
    """Let nobody else choose for *agent* in this transaction; False when there is no such person."""
    found = await connection.execute(
        select(PersonRow.name)
        .where(PersonRow.name == agent, PersonRow.active)
        .with_for_update(key_share=True)
    )
    return found.first() is not None


async def get(connection: AsyncConnection, agent: str) -> Presence | None:
    """The row of *agent*."""
    rows = await connection.execute(select(AgentPresenceRow.__table__).where(AgentPresenceRow.agent == agent))
    row = rows.first()
    return None if row is None else _presence(row)


async def put(connection: AsyncConnection, presence: Presence) -> None:
    """Write the row of *presence*: the caller holds `lock_agent` and has seen the row before."""
    values = {**_chosen(presence), **_counted(presence)}
    statement = insert(AgentPresenceRow).values(agent=presence.agent, **values)
    await connection.execute(
        statement.on_conflict_do_update(index_elements=[AgentPresenceRow.agent], set_=values)
    )


async def put_counted(connection: AsyncConnection, presence: Presence) -> None:
    """Write what was counted since *presence* was chosen; nothing when another choice, or a later, stands."""
    counted = _counted(presence)
    statement = insert(AgentPresenceRow).values(agent=presence.agent, **_chosen(presence), **counted)
    given = statement.excluded
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[AgentPresenceRow.agent],
            set_=counted,
            where=(AgentPresenceRow.chosen == given.chosen)
            & AgentPresenceRow.reason.is_not_distinct_from(given.reason)
            & (AgentPresenceRow.since <= given.since),
        )
    )


def _chosen(presence: Presence) -> dict[str, Any]:
    return {"chosen": presence.chosen.value, "reason": presence.reason, "since": presence.since}


def _counted(presence: Presence) -> dict[str, Any]:
    return {
        "wrap_up_until": presence.wrap_up_until,
        "misses": presence.misses,
        "not_answering": presence.not_answering,
    }


def _presence(row: Row[Any]) -> Presence:
    return Presence(
        agent=row.agent,
        chosen=ChosenState(row.chosen),
        reason=row.reason,
        since=row.since,
        wrap_up_until=row.wrap_up_until,
        misses=row.misses,
        not_answering=row.not_answering,
    )
