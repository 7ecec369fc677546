"""Takes in what the PBX wrote for a call that is over: waits for its end, keeps it, settles the row."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import UUID

import structlog

from crm_core.calls.model import Call, Outcome
from crm_core.clock import Clock
from crm_core.recordings.model import Recording, RecordingKind, RecordingReason, RecordingState
from crm_core.recordings.service import RecordingService
from recordings import disk
from recordings.archive import Archive
from recordings.finish import clear, explain, finish, has_sound, kinds_there, look, settled
from recordings.naming import KEPT
from recordings.threads import FileThreads
from recordings.verify import is_short

log = structlog.get_logger(__name__)

CLOSE_S = 3.0  # the PBX closes a file within 50 ms of the last Hangup, and flushes a live one every 2 s
POLL_S = 0.05


class Taking:
    """Every step can be done again: a crash anywhere leaves what the next sweep finds."""

    def __init__(
        self,
        *,
        service: RecordingService,
        root: Path,
        clock: Clock,
        threads: FileThreads,
        archive: Archive | None,
        pbx: str,
        close_s: float,
    ) -> None:
        self._service, self._root, self._clock, self._threads = service, root, clock, threads
        self._archive, self._pbx, self._close_s = archive, pbx, close_s

    async def take(self, call_id: UUID, call: Call | None) -> None:
        """Take in what the PBX wrote for one call that is over. Raises Unavailable, OSError."""
        known = await self._service.known(call_id)
        there = await self._threads.run(kinds_there, self._root, call_id)
        for kind in RecordingKind:
            if kind in there:
                await self._take_kind(call_id, kind, call, known.get(kind))
            elif kind is RecordingKind.CALL:
                await self._missing(call, known.get(kind))

    async def _missing(self, call: Call | None, known: Recording | None) -> None:
        if known is None and call is not None and call.answered_at is not None:
            known = await self._service.expect(call)  # the database was away when it was answered
        if known is None or known.state is not RecordingState.RUNNING:
            return
        why = await self._threads.run(disk.probe, self._root) or RecordingReason.NOT_FOUND
        expected_s = call.talk_s if call else None
        lost = replace(
            known,
            state=RecordingState.MISSING,
            reason=why,
            expected_s=expected_s,
            finished_at=self._over_at(call),
        )
        await self._service.settle(lost, call)
        log.error("recording is missing", call=str(known.call_id), reason=why.value)

    async def _take_kind(
        self, call_id: UUID, kind: RecordingKind, call: Call | None, known: Recording | None
    ) -> None:
        if known is not None and await self._is_done(known):
            await self._threads.run(clear, self._root, call_id, kind, but=known.path)
            return
        if known is not None and known.reason == RecordingReason.UNREADABLE:
            return
        lost = call is not None and call.outcome is Outcome.PBX_LOST
        if not lost and not await self._closed(call_id, kind):
            return
        if known is None:
            known = await self._welcome(call_id, kind, call)
            if known is None:
                return
        await self._settle(known, call)

    async def _is_done(self, known: Recording) -> bool:
        """Whether the sound is kept already, and what the PBX wrote is left over from a crash of ours."""
        if known.state is RecordingState.RUNNING or known.path is None or not known.path.startswith(KEPT):
            return False
        return await self._threads.run((self._root / known.path).is_file)

    async def _welcome(self, call_id: UUID, kind: RecordingKind, call: Call | None) -> Recording | None:
        """A row for a file nobody expected; None, and no file, when there is no sound in it."""
        if call is not None and call.talk_s > 0 and kind is RecordingKind.CALL:
            return await self._service.adopt(self._pbx, call_id, kind, call)
        if await self._threads.run(has_sound, self._root, call_id, kind):
            log.info("recording adopted", call=str(call_id), kind=kind.value)
            return await self._service.adopt(self._pbx, call_id, kind, call)
        await self._threads.run(clear, self._root, call_id, kind, but=None)  # rang, was never talked on
        return None

    async def _settle(self, known: Recording, call: Call | None) -> None:
        expected_s = call.talk_s or None if call and known.kind is RecordingKind.CALL else known.expected_s
        finished = await self._threads.run(finish, self._root, known, expected_s)
        standing = known.reason
        if standing is None and finished.verdict.state is not RecordingState.OK:
            standing = await self._threads.run(disk.probe, self._root)
        verdict = explain(finished.verdict, standing)
        done = settled(known, verdict, finished.kept, expected_s)
        done = replace(done, finished_at=known.finished_at or self._over_at(call))
        await self._service.settle(done, call)
        log.info("recording settled", call=str(done.call_id), state=done.state.value, reason=done.reason)
        if finished.keep_error is not None:
            log.error("recording stays where it was written", reason=finished.keep_error)
        elif verdict.reason is not RecordingReason.UNREADABLE:
            await self._threads.run(clear, self._root, known.call_id, known.kind, but=None)
            if self._archive is not None and done.path is not None:
                self._archive.submit(done)

    async def _closed(self, call_id: UUID, kind: RecordingKind) -> bool:
        """Wait until the PBX has closed the files. False when it still writes: the call is not over."""
        before, complete = await self._threads.run(look, self._root, call_id, kind)
        now = before
        for _ in range(max(1, round(self._close_s / POLL_S))):
            if complete:
                return True
            await asyncio.sleep(POLL_S)
            now, complete = await self._threads.run(look, self._root, call_id, kind)
        return complete or before == now

    async def rejudge(self, call: Call) -> bool:
        """The ledger's talk time is the recorded window: judge the length again.

        False when there is nothing to judge yet. Raises Unavailable.
        """
        found = (await self._service.known(call.id)).get(RecordingKind.CALL)
        if found is None or found.state is RecordingState.RUNNING or found.duration_s is None:
            return False
        await self._service.change(found, lambda row: judged_again(row, call.talk_s or None), call)
        return True

    def _over_at(self, call: Call | None) -> datetime:
        return (call.ended_at if call else None) or self._clock.now()


def judged_again(recording: Recording, expected_s: float | None) -> Recording:
    """*recording* by the window that is known now. Only the verdict on its length can change."""
    if recording.duration_s is None:
        return recording
    again = replace(recording, expected_s=expected_s)
    short = is_short(recording.duration_s, expected_s)
    if recording.state is RecordingState.OK and short:
        return replace(again, state=RecordingState.TRUNCATED, reason=RecordingReason.ENDED_EARLY)
    if recording.reason == RecordingReason.ENDED_EARLY and not short:
        return replace(again, state=RecordingState.OK, reason=None)
    return again
