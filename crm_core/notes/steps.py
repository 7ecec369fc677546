"""Next steps: one line of "what next" for each call, until there are tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.store import visible
from crm_core.clock import Clock
from crm_core.db import outbox
from crm_core.db.engine import Database
from crm_core.errors import Conflict, NotFound
from crm_core.i18n import N_
from crm_core.ids import new_id
from crm_core.notes import step_store, store
from crm_core.notes.events import NextStepChanged
from crm_core.notes.model import NextStep, moment, step_text
from crm_core.paging import page_size
from crm_core.people.model import Reader
from crm_core.permissions import Action, scope


class NextStepService:
    """Use cases of next steps. Every method raises Unavailable when the database is away."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(self, reader: Reader, call_id: UUID, text: str, due_at: datetime) -> NextStep:
        """Plan *reader*'s next step after a call. The same again gives the one that is there.

        Raises NotFound, BadInput, and Conflict (`step_open`) when another one is open for this call.
        """
        text, due_at, now = step_text(text), moment(due_at), self._clock.now()
        async with self._database.transaction() as connection:
            call = await store.call(connection, call_id, visible(scope(reader, Action.CALLS_WRITE)))
            if call is None:
                raise NotFound(N_("There is no such call."))
            step = NextStep(
                id=new_id(),
                call_id=call.id,
                customer_id=call.customer_id,
                agent=reader.person,
                text=text,
                due_at=due_at,
                created_at=now,
                done_at=None,
                version=1,
            )
            there = await step_store.add(connection, step)
            if there is not None:
                if (there.text, there.due_at) == (text, due_at):
                    return there
                raise Conflict(
                    N_("This call has a next step already."),
                    hint=N_("Change it, or say that it is done."),
                    code="step_open",
                )
            await self._say(connection, step, now)
        return step

    async def change(
        self, reader: Reader, step_id: UUID, text: str, due_at: datetime, base_version: int
    ) -> NextStep:
        """Put another line or time in the place of those of *base_version*.

        Raises NotFound, BadInput, and Conflict (`step_changed`) when it was changed or done since.
        """
        text, due_at = step_text(text), moment(due_at)
        async with self._database.transaction() as connection:
            step = await _locked(connection, reader, step_id)
            if (step.text, step.due_at) == (text, due_at):
                return step
            if step.version != base_version or step.done_at is not None:
                raise Conflict(N_("This next step was changed since."), code="step_changed")
            return await self._write(connection, replace(step, text=text, due_at=due_at))

    async def done(self, reader: Reader, step_id: UUID) -> NextStep:
        """Say that a step is done; once is enough. Raises NotFound."""
        async with self._database.transaction() as connection:
            step = await _locked(connection, reader, step_id)
            if step.done_at is not None:
                return step
            return await self._write(connection, replace(step, done_at=self._clock.now()))

    async def list_open(self, reader: Reader, agent: str, *, limit: int = 50) -> Sequence[NextStep]:
        """What *agent* has to do, the most urgent first; nothing of somebody whose steps may not be seen."""
        seen = step_store.visible(scope(reader, Action.CALLS_READ))
        async with self._database.reading() as connection:
            return await step_store.unfinished(connection, agent, seen, limit=page_size(limit))

    async def of_call(self, reader: Reader, call_id: UUID) -> Sequence[NextStep]:
        """The steps of a call that may be seen, done ones too, oldest first."""
        seen = step_store.visible(scope(reader, Action.CALLS_READ))
        async with self._database.reading() as connection:
            return await step_store.of_call(connection, call_id, seen)

    async def _write(self, connection: AsyncConnection, step: NextStep) -> NextStep:
        step = replace(step, version=step.version + 1)
        await step_store.write(connection, step)
        await self._say(connection, step, self._clock.now())
        return step

    async def _say(self, connection: AsyncConnection, step: NextStep, at: datetime) -> None:
        said = NextStepChanged(
            at=at,
            step_id=step.id,
            call_id=step.call_id,
            customer_id=step.customer_id,
            agent=step.agent,
            version=step.version,
            done=step.done_at is not None,
        )
        await outbox.add(connection, [said])


async def _locked(connection: AsyncConnection, reader: Reader, step_id: UUID) -> NextStep:
    found = await step_store.locked(
        connection, step_id, step_store.visible(scope(reader, Action.CALLS_WRITE))
    )
    if found is None:
        raise NotFound(N_("There is no such next step."))
    return found
