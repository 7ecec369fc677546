"""What a desk reads and writes beside calls and cards, in memory: same ports, same permissions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from agent_ui.customers.services import Customers
from agent_ui.services import Calls
from crm_core.calls.missed import MissedCount, MissedLine, Whose
from crm_core.calls.model import Outcome
from crm_core.customers.model import CardDetails
from crm_core.errors import BadInput, NotFound
from crm_core.ids import new_id
from crm_core.notes.facts import CardFacts, LastTalk
from crm_core.notes.keeping import keep_both
from crm_core.notes.model import (
    NextStep,
    Note,
    TimelineCall,
    TimelineItem,
    TimelineKind,
    note_text,
    require_length,
    step_text,
)
from crm_core.notes.overview import CardOverview
from crm_core.people.model import Reader
from tests.fakes.house import NOW


class MemoryNotes:
    """Notes by call and author."""

    def __init__(self, calls: Calls) -> None:
        self.rows: dict[tuple[UUID, str], Note] = {}
        self._calls = calls

    async def note(self, reader: Reader, call_id: UUID) -> Note:
        call = await self._calls.get(reader, call_id)
        return self.rows.get((call.id, reader.person), Note(call_id=call.id, author=reader.person))

    async def notes(self, reader: Reader, call_id: UUID) -> Sequence[Note]:
        call = await self._calls.get(reader, call_id)
        return [note for note in self.rows.values() if note.call_id == call.id and note.text]

    async def save_note(self, reader: Reader, call_id: UUID, text: str, base_version: int) -> Note:
        stored, text = await self.note(reader, call_id), note_text(text)
        require_length(text, stored.text)
        kept = text if stored.version == base_version else keep_both(stored.text, text)
        if stored.version and kept == stored.text:
            return stored
        saved = replace(stored, text=kept, version=stored.version + 1, saved_at=NOW)
        self.rows[call_id, reader.person] = saved
        return saved


class MemorySteps:
    """Next steps in a list."""

    def __init__(self, calls: Calls) -> None:
        self.rows: list[NextStep] = []
        self._calls = calls

    async def add(self, reader: Reader, call_id: UUID, text: str, due_at: datetime) -> NextStep:
        call = await self._calls.get(reader, call_id)
        step = NextStep(
            id=new_id(),
            call_id=call.id,
            customer_id=call.customer_id,
            agent=reader.person,
            text=step_text(text),
            due_at=due_at,
            created_at=NOW,
            done_at=None,
            version=1,
        )
        self.rows.append(step)
        return step

    async def change(
        self, reader: Reader, step_id: UUID, text: str, due_at: datetime, base_version: int
    ) -> NextStep:
        step = self._own(reader, step_id)
        return self._put(step, replace(step, text=step_text(text), due_at=due_at, version=base_version + 1))

    async def done(self, reader: Reader, step_id: UUID) -> NextStep:
        step = self._own(reader, step_id)
        return self._put(step, replace(step, done_at=NOW))

    async def list_open(self, reader: Reader, agent: str, *, limit: int = 50) -> Sequence[NextStep]:
        return [s for s in self.rows if s.agent == agent == reader.person and s.done_at is None][:limit]

    async def of_call(self, reader: Reader, call_id: UUID) -> Sequence[NextStep]:
        return [step for step in self.rows if step.call_id == call_id and step.agent == reader.person]

    def _own(self, reader: Reader, step_id: UUID) -> NextStep:
        for step in self.rows:
            if step.id == step_id and step.agent == reader.person:
                return step
        raise NotFound

    def _put(self, before: NextStep, after: NextStep) -> NextStep:
        self.rows[self.rows.index(before)] = after
        return after


class MemoryTimelines:
    """The calls of a card; nothing else happens with cards here."""

    def __init__(self, calls: Calls, customers: Customers) -> None:
        self._calls = calls
        self._customers = customers

    async def timeline(
        self,
        reader: Reader,
        customer_id: UUID,
        kinds: Collection[TimelineKind] = (),
        *,
        limit: int = 50,
        cursor: str | None = None,
    ) -> tuple[Sequence[TimelineItem], str | None]:
        if cursor is not None:
            raise BadInput("This cursor is not from here.", field="cursor")
        met = await self._calls.met(reader, customer_id)
        await self._customers.get(reader, customer_id, met=met)
        return await self.of(reader, customer_id, limit=limit)

    async def of(
        self, reader: Reader, customer_id: UUID, *, limit: int
    ) -> tuple[Sequence[TimelineItem], str | None]:
        """Of a card that *reader* sees."""
        calls, _ = await self._calls.list(
            reader, phone=None, since=None, agent=None, state=None, limit=limit, cursor=None
        )
        return [
            TimelineCall(
                id=call.id,
                at=call.started_at,
                direction=call.direction,
                state=call.state,
                outcome=call.outcome,
                from_number=call.from_number,
                to=call.to,
                queue=call.queue,
                agent=call.agent,
                talk_s=call.talk_s,
                disposition=call.disposition,
                readable=True,
            )
            for call in calls
            if call.customer_id == customer_id
        ], None


class MemoryOverviews:
    """Cards with figures of their calls; nothing else happens with cards here."""

    def __init__(self, calls: Calls, customers: Customers, timelines: MemoryTimelines) -> None:
        self._calls = calls
        self._customers = customers
        self._timelines = timelines

    async def overview(
        self, reader: Reader, customer_id: UUID, *, met: bool = False, history: int = 0
    ) -> CardOverview:
        met = met or await self._calls.met(reader, customer_id)
        card = await self._customers.get(reader, customer_id, met=met)
        items, older = await self._timelines.of(reader, customer_id, limit=history) if history else ((), None)
        zone = "Europe/Moscow"
        return CardOverview(
            details=CardDetails(
                card=card, timezone=zone, of_number=True, local_time=NOW.astimezone(ZoneInfo(zone))
            ),
            facts=await self._facts(reader, customer_id),
            history=items,
            older=older,
        )

    async def _facts(self, reader: Reader, customer_id: UUID) -> CardFacts:
        found, _ = await self._calls.list(
            reader, phone=None, since=None, agent=None, state=None, limit=200, cursor=None
        )
        calls = [call for call in found if call.customer_id == customer_id]
        talk = next((call for call in calls if call.outcome is Outcome.ANSWERED), None)
        return CardFacts(
            calls=len(calls),
            first_at=min((call.started_at for call in calls), default=None),
            last_talk=None
            if talk is None
            else LastTalk(
                at=talk.started_at, seconds=talk.talk_s, agent=talk.agent, disposition=talk.disposition
            ),
            missed=0,
            step=None,
        )


class MemoryMissed:
    """Lines, each with the people whose it is."""

    def __init__(self) -> None:
        self.rows: list[tuple[frozenset[str], MissedLine]] = []

    async def missed(self, reader: Reader, whose: Whose, *, limit: int = 50) -> Sequence[MissedLine]:
        mine = whose is Whose.MINE
        return [line for people, line in self.rows if (reader.person in people) is mine][:limit]

    async def count(self, reader: Reader) -> MissedCount:
        mine, shared = [len(await self.missed(reader, whose)) for whose in (Whose.MINE, Whose.SHARED)]
        return MissedCount(mine=mine, shared=shared)

    async def done(self, reader: Reader, line_id: UUID, seen: datetime) -> None:
        for row in self.rows:
            if row[1].id == line_id and reader.person in row[0]:
                return self.rows.remove(row)
        raise NotFound
