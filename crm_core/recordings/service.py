"""Use cases of recordings: which are expected, what became of them, who may see and hear them."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement

from crm_core.audit.store import SYSTEM, record, record_once
from crm_core.calls.model import Call, Direction
from crm_core.clock import Clock
from crm_core.db import outbox
from crm_core.db.engine import Database
from crm_core.errors import NotFound
from crm_core.i18n import N_
from crm_core.paging import id_of, page_of, page_size
from crm_core.people.model import Reader
from crm_core.permissions import Action, scope
from crm_core.recordings import store, writing
from crm_core.recordings.events import RecordingSettled
from crm_core.recordings.model import Recording, RecordingKind, RecordingReason, RecordingState
from crm_core.recordings.tables import RecordingRow

ONE_PLAYBACK = timedelta(minutes=10)
WAIT_S = 10.0  # nobody on a call waits for the recorder


class RecordingService:
    """Rows of recordings. Every method raises Unavailable when the database is away."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    # -- the recorder's side -------------------------------------------------------------------

    async def expect(self, call: Call) -> Recording | None:
        """The recording of *call*, made (running) when there is none yet.

        None when the office says that its queue is not recorded; only calls with customers are.
        """
        if call.direction is Direction.INTERNAL or call.queue is None:
            return None
        async with self._database.hot(timeout_s=WAIT_S) as connection:
            return await writing.expect(connection, call, self._clock.now())

    async def adopt(
        self, pbx: str, call_id: UUID, kind: RecordingKind, call: Call | None = None
    ) -> Recording:
        """The row for a file that is there: made (running) when nobody expected it."""
        async with self._database.hot(timeout_s=WAIT_S) as connection:
            return await writing.adopt(connection, pbx, call_id, kind, call, self._clock.now())

    async def change(
        self, known: Recording, alter: Callable[[Recording], Recording], call: Call | None = None
    ) -> Recording | None:
        """Put *alter* of the row as it is now in its place: nobody changes it meanwhile.

        *known* is the row as it was last seen. *call*, when known, says who had part in it.
        RecordingSettled goes out when something changed; saying the same twice says nothing. None when
        there is no such row.
        """
        now = self._clock.now()
        async with self._database.hot(timeout_s=WAIT_S) as connection:
            changed = alter(known)
            if await writing.settle(connection, changed, call, now, over=known):
                return changed
            async with connection.transaction():
                current = await writing.locked(connection, known.id)
                if current is None:
                    return None
                changed = alter(current)
                await writing.settle(connection, changed, call, now)
                return changed

    async def settle(self, recording: Recording, call: Call | None = None) -> None:
        """Store what became of *recording*, whatever its row says now."""
        async with self._database.hot(timeout_s=WAIT_S) as connection:
            await writing.settle(connection, recording, call, self._clock.now())

    async def unsettled(self, pbx: str, *, limit: int = 1000) -> tuple[Recording, ...]:
        """Recordings of *pbx* that are still running as far as we know."""
        where = [RecordingRow.pbx == pbx, RecordingRow.state == RecordingState.RUNNING.value]
        async with self._database.transaction() as connection:
            return await store.newest(connection, where, limit=limit)

    async def uncompressed(self, pbx: str, *, limit: int = 10_000) -> tuple[Recording, ...]:
        """Kept recordings of *pbx* that are still WAV."""
        where = [
            RecordingRow.pbx == pbx,
            RecordingRow.format == "wav",
            RecordingRow.path.is_not(None),
            RecordingRow.state != RecordingState.RUNNING.value,
        ]
        async with self._database.transaction() as connection:
            return await store.newest(connection, where, limit=limit)

    async def known(self, call_id: UUID) -> Mapping[RecordingKind, Recording]:
        """The recordings of one call."""
        async with self._database.hot(timeout_s=WAIT_S) as connection:
            return await writing.of_call(connection, call_id)

    async def older_than(self, pbx: str, moment: datetime, *, limit: int = 100) -> tuple[Recording, ...]:
        """Recordings of *pbx* begun before *moment* that have a file, oldest first."""
        async with self._database.transaction() as connection:
            return await store.oldest_kept(connection, pbx, moment, limit)

    async def expire(self, recording: Recording) -> None:
        """Say that the file of *recording* was deleted because its time was over. Audited."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            current = await store.locked(connection, recording.id)
            if current is None or current.state is RecordingState.EXPIRED:
                return
            gone = replace(
                current,
                state=RecordingState.EXPIRED,
                reason=RecordingReason.RETENTION,
                path=None,
                size_bytes=None,
                sha256=None,
            )
            await store.write(connection, gone)
            await outbox.add(connection, [RecordingSettled(recording=gone, at=now)])
            await record(
                connection,
                actor=SYSTEM,
                action="recording.expired",
                kind="recording",
                subject=recording.id,
                at=now,
                before={"path": current.path, "state": current.state.value},
                after={"state": gone.state.value},
            )

    # -- readers -------------------------------------------------------------------------------

    async def get(self, reader: Reader, recording_id: UUID) -> Recording:
        """Raises NotFound when there is none, or *reader* may not see it."""
        return await self._visible(reader, Action.RECORDINGS_READ, recording_id)

    async def list(
        self,
        reader: Reader,
        *,
        phone: str | None = None,
        since: datetime | None = None,
        agent: str | None = None,
        state: RecordingState | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> tuple[Sequence[Recording], str | None]:
        """Recordings that *reader* may see, newest first, and the cursor of the next piece.

        *phone*: the caller's number in E.164. Raises BadInput for a foreign cursor.
        """
        size = page_size(limit)
        where = [store.visible(scope(reader, Action.RECORDINGS_READ))]
        where += _filters(phone, since, agent, state)
        below = id_of(cursor)
        if below is not None:
            where.append(RecordingRow.id < below)
        async with self._database.reading() as connection:
            found = await store.newest(connection, where, limit=size + 1)
        return page_of(found, size, lambda recording: str(recording.id))

    async def of_calls(self, call_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[Recording]]:
        """Recordings of calls that the reader was already shown."""
        where = [RecordingRow.call_id.in_(call_ids)]
        async with self._database.reading() as connection:
            return _by_call(await store.newest(connection, where, limit=2 * max(1, len(call_ids))))

    async def shown(self, reader: Reader, call_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[Recording]]:
        """Of the recordings of these calls those that *reader* may see, the first one first."""
        where = [RecordingRow.call_id.in_(call_ids), store.visible(scope(reader, Action.RECORDINGS_READ))]
        async with self._database.reading() as connection:
            return _by_call(await store.newest(connection, where, limit=2 * max(1, len(call_ids))))

    async def play(self, reader: Reader, recording_id: UUID) -> Recording:
        """The recording, for *reader* to hear, written to the audit. Raises NotFound.

        A player asks for piece after piece: all that one session asks of one recording within
        `ONE_PLAYBACK` of its first piece is one playback, and one row.
        """
        found = await self.audible(reader, recording_id)
        async with self._database.transaction() as connection:
            await record_once(
                connection,
                actor=reader.person,
                action="recording.played",
                kind="recording",
                subject=recording_id,
                at=self._clock.now(),
                after={"call_id": str(found.call_id), "token": reader.token_id},
                within=ONE_PLAYBACK,
            )
        return found

    async def audible(self, reader: Reader, recording_id: UUID) -> Recording:
        """The recording, when it has a file and *reader* may hear it. Raises NotFound."""
        found = await self._visible(reader, Action.RECORDINGS_PLAY, recording_id)
        if found.path is None:
            raise NotFound(N_("This recording has no audio."))
        return found

    async def _visible(self, reader: Reader, action: Action, recording_id: UUID) -> Recording:
        where: ColumnElement[bool] = (RecordingRow.id == recording_id) & store.visible(scope(reader, action))
        async with self._database.reading() as connection:
            found = await store.one(connection, where)
        if found is None:
            raise NotFound(N_("There is no such recording."))
        return found


def _by_call(newest: Sequence[Recording]) -> Mapping[UUID, Sequence[Recording]]:
    by_call: dict[UUID, builtins.list[Recording]] = {}
    for recording in reversed(newest):
        by_call.setdefault(recording.call_id, []).append(recording)
    return by_call


def _filters(
    phone: str | None, since: datetime | None, agent: str | None, state: RecordingState | None
) -> builtins.list[ColumnElement[bool]]:
    where: builtins.list[ColumnElement[bool]] = []
    if phone is not None:
        where.append(RecordingRow.from_number == phone)
    if since is not None:
        where.append(RecordingRow.started_at >= since)
    if agent is not None:
        where.append(RecordingRow.agents.contains([agent]))
    if state is not None:
        where.append(RecordingRow.state == state.value)
    return where
