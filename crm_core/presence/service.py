"""Agents' states as rows: chosen by people, counted by the router, read again after a restart."""

from __future__ import annotations

from datetime import datetime

from crm_core.audit.store import record
from crm_core.clock import Clock
from crm_core.db import outbox
from crm_core.db.engine import Database
from crm_core.errors import BadInput, NotFound
from crm_core.i18n import N_
from crm_core.presence import store
from crm_core.presence.events import AgentStateChosen
from crm_core.presence.model import BREAK_REASONS, ChosenState, Presence, after_choice


class PresenceService:
    """Use cases of presence. Every method raises Unavailable when the database is away."""

    def __init__(self, database: Database, clock: Clock, *, pbx: str = "main") -> None:
        self._database = database
        self._clock = clock
        self._pbx = pbx

    async def choose(
        self,
        agent: str,
        chosen: ChosenState,
        reason: str | None,
        *,
        by: str,
        at: datetime | None = None,
        over: datetime | None = None,
    ) -> Presence:
        """*by* chooses a state for *agent*: row, audit and AgentStateChosen in one transaction.

        *at*: when it was chosen, if that was before. *over*: `since` of the row that it was chosen over;
        a later row stands, and is returned. Choosing what is in force already changes nothing and is said
        to nobody. Raises NotFound for nobody's name, BadInput for a break without a known reason and for
        a reason without a break.
        """
        if chosen is ChosenState.BREAK and reason not in BREAK_REASONS:
            raise BadInput(N_("A break says why."), field="reason", hint=", ".join(BREAK_REASONS))
        if chosen is not ChosenState.BREAK and reason is not None:
            raise BadInput(N_("Only a break has a reason."), field="reason")
        async with self._database.transaction() as connection:
            if not await store.lock_agent(connection, agent):
                raise NotFound(N_("Nobody has this name."))
            before = await store.get(connection, agent)
            if before is not None and over is not None and before.since > over:
                return before
            now = at or self._clock.now()
            after = after_choice(before, agent=agent, chosen=chosen, reason=reason, now=now)
            if after == before:
                return after
            await store.put(connection, after)
            await record(
                connection,
                actor=by,
                action="agent.state_chosen",
                kind="agent",
                subject=agent,
                at=now,
                before=None if before is None else {"chosen": before.chosen.value, "reason": before.reason},
                after={"chosen": chosen.value, "reason": reason},
            )
            await outbox.add(connection, [AgentStateChosen(at=now, pbx=self._pbx, presence=after, by=by)])
        return after

    async def save(self, presence: Presence) -> None:
        """Write what the router counted: wrap-up deadline, misses, not answering.

        Comes behind the fact and perhaps twice or late: a row of another choice is left as it is.
        """
        async with self._database.transaction() as connection:
            await store.put_counted(connection, presence)

    async def load_all(self) -> dict[str, Presence]:
        """The rows by agent. Who has none never chose: offline."""
        async with self._database.transaction() as connection:
            return await store.load_all(connection)
