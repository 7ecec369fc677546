"""Deletes recordings whose time is over: first the file, then the row says so, with an audit line.

A crash between the two leaves a row whose file is gone; the next round takes it again.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import structlog

from crm_core.clock import Clock
from crm_core.errors import NotFound, Unavailable
from crm_core.recordings.model import Recording
from crm_core.recordings.service import RecordingService
from recordings.finish import clear
from recordings.naming import resolve
from recordings.peaks import peaks_path

log = structlog.get_logger(__name__)

KEEP_DAYS = 180
_EVERY_S = 3600.0
_BATCH = 100


class Retention:
    """`start()`, `stop()`; a round at start and every hour."""

    def __init__(
        self,
        *,
        service: RecordingService,
        root: Path,
        clock: Clock,
        keep_days: int = KEEP_DAYS,
        pbx: str = "main",
    ) -> None:
        self._service, self._root, self._clock, self._pbx = service, root, clock, pbx
        self._keep = timedelta(days=keep_days)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name="recorder-retention")

    async def stop(self) -> None:
        """Stop between two recordings."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def round(self) -> int:
        """Delete what is due now; how many. Raises Unavailable, OSError."""
        deleted = 0
        before = self._clock.now() - self._keep
        while due := await self._service.older_than(self._pbx, before, limit=_BATCH):
            for recording in due:
                await asyncio.to_thread(_delete, self._root, recording)
                await self._service.expire(recording)
            deleted += len(due)
        return deleted

    async def _run(self) -> None:
        while True:
            try:
                deleted = await self.round()
                if deleted:
                    log.info("recordings expired", count=deleted)
            except (Unavailable, OSError) as error:
                log.warning("retention waits", reason=str(error))
            await asyncio.sleep(_EVERY_S)


def _delete(root: Path, recording: Recording) -> None:
    clear(root, recording.call_id, recording.kind, but=None)
    if recording.path is not None:
        try:
            audio = resolve(root, recording.path)
            peaks_path(audio).unlink(missing_ok=True)
            audio.unlink(missing_ok=True)
        except NotFound:
            pass  # gone already, or not a file of ours: nothing to delete
