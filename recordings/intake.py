"""The recorder: follows calls, proves that they are recorded, takes the finished files in.

    CallAnswered → the row is made, the file is watched (`watch`)
    CallEnded    → the PBX closes the file; it is examined, judged and kept (`finish`), the row settled
    CallSettled  → the ledger's talk time: judged again by the recorded window

Nothing hangs on having heard an event: `sweep` looks at every file and every row without an end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import structlog

from crm_core.bus.event import Event
from crm_core.bus.port import Bus, Lagged, Subscription
from crm_core.calls.events import CallAnswered, CallEnded, CallEvent, CallSettled
from crm_core.calls.model import Call, CallState
from crm_core.clock import Clock
from crm_core.errors import Unavailable
from crm_core.health import Health, HealthState
from crm_core.recordings.model import Recording
from crm_core.recordings.service import RecordingService
from recordings.archive import Archive
from recordings.naming import spool
from recordings.taking import CLOSE_S, Taking
from recordings.threads import FileThreads
from recordings.watch import PART, Watch

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 1.0
SWEEP_EVERY_S = 60.0
UNKNOWN_S = 3600.0  # a file whose call nobody knows is taken in after this, even if it was never closed
_WORKERS = 2
_QUEUE = 1000  # overflow: the sweep finds what was dropped


class CallFinder(Protocol):
    """Where calls are looked up."""

    async def find(self, call_id: UUID) -> Call | None:
        """The call as it is known, None when it is not. Raises Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class _Ended:
    call_id: UUID
    call: Call | None


class Recorder:
    """One per PBX, on the PBX's host. `start()`, `stop()`; owns its tasks and threads."""

    def __init__(
        self,
        *,
        service: RecordingService,
        calls: CallFinder,
        bus: Bus,
        root: Path,
        clock: Clock,
        health: Health,
        archive: Archive | None = None,
        pbx: str = "main",
        close_s: float = CLOSE_S,
    ) -> None:
        self._service, self._calls, self._bus = service, calls, bus
        self._root, self._clock, self._archive, self._pbx = root, clock, archive, pbx
        self._health = health
        self._threads = FileThreads("recordings", _WORKERS)
        self.watch = Watch(service, root, clock, health, self._threads)
        self.taking = Taking(
            service=service,
            root=root,
            clock=clock,
            threads=self._threads,
            pbx=pbx,
            archive=archive,
            close_s=close_s,
        )
        self._queue: asyncio.Queue[_Ended] = asyncio.Queue(_QUEUE)
        self._queued: set[UUID] = set()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Listen, then look at what was left. Raises Unavailable when the bus is away."""
        self._root.mkdir(mode=0o750, parents=True, exist_ok=True)
        events = await self._bus.subscribe(CallAnswered, CallEnded, CallSettled, name="recorder")
        self._begin("events", self._follow(events))
        self._begin("look", _every(LOOK_EVERY_S, self.watch.look))
        self._begin("sweep", _every(SWEEP_EVERY_S, self.sweep))
        for number in range(_WORKERS):
            self._begin(f"finish-{number}", self._work())
        if self._archive is not None:
            await self._archive.start()

    async def stop(self) -> None:
        """End all tasks; what is not finished is found by the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        if self._archive is not None:
            await self._archive.stop()
        self._threads.close()

    def _begin(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=f"recorder-{name}")
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("recorder stopped", task=task.get_name(), exc_info=error)
            self._health.set(PART, HealthState.DOWN, f"{task.get_name()} stopped")

    # -- events --------------------------------------------------------------------------------

    async def _follow(self, events: Subscription) -> None:
        async for event in events:
            try:
                await self.handle(event)
            except Unavailable as error:
                log.warning("recording waits for the database", reason=error.message)

    async def handle(self, event: Event) -> None:
        """Take one event; those of other PBXs are not ours. Raises Unavailable; the sweep makes up for it."""
        if isinstance(event, CallEvent) and event.call.pbx != self._pbx:
            return
        match event:
            case CallAnswered(call=call):
                await self._answered(call)
            case CallEnded(call=call):
                self.watch.end(call.id)
                self._enqueue(call.id, call)
            case CallSettled(call=call):
                self.watch.end(call.id)
                if not await self.taking.rejudge(call):
                    self._enqueue(call.id, call)
            case Lagged():
                await self.sweep()

    async def _answered(self, call: Call) -> None:
        try:
            recording = await self._service.expect(call)
        except Unavailable:
            self.watch.begin(call, None)  # the file is watched all the same
            raise
        if recording is not None:
            self.watch.begin(call, recording)

    def _enqueue(self, call_id: UUID, call: Call | None) -> None:
        if call_id in self._queued:
            return
        try:
            self._queue.put_nowait(_Ended(call_id, call))
        except asyncio.QueueFull:
            log.warning("recordings wait for the sweep", waiting=self._queue.qsize())
            return
        self._queued.add(call_id)

    # -- finishing -----------------------------------------------------------------------------

    async def _work(self) -> None:
        while True:
            ended = await self._queue.get()
            try:
                await self.taking.take(ended.call_id, ended.call)
            except (Unavailable, OSError) as error:
                log.warning("recording waits", call_id=str(ended.call_id), reason=str(error))
            except Exception:  # one file that nobody foresaw must not end the recorder
                log.exception("recording cannot be finished", call_id=str(ended.call_id))
            finally:
                self._queued.discard(ended.call_id)
                self._queue.task_done()

    async def idle(self) -> None:
        """Wait until everything that has ended so far is finished."""
        await self._queue.join()

    # -- what nobody told us -------------------------------------------------------------------

    async def sweep(self) -> None:
        """Look again at every file and every row without an end. Raises nothing that passes by itself."""
        try:
            files = await self._threads.run(_spooled, self._root)
            rows = {row.call_id: row for row in await self._service.unsettled(self._pbx)}
            for call_id in files.keys() | rows.keys():
                if call_id not in self.watch and call_id not in self._queued:
                    await self._reconsider(call_id, rows.get(call_id), files.get(call_id))
        except (Unavailable, OSError) as error:
            log.warning("sweep of recordings waits", reason=str(error))

    async def _reconsider(self, call_id: UUID, row: Recording | None, written_at: float | None) -> None:
        call = await self._calls.find(call_id)
        if call is not None:
            if call.state is CallState.ENDED or call.merged_into is not None:
                self._enqueue(call_id, call)
            elif call.answered_at is not None:
                await self._answered(call)
            return
        now = self._clock.now()
        touched = max(written_at or 0.0, row.started_at.timestamp() if row and row.started_at else 0.0)
        if now.timestamp() - touched > UNKNOWN_S:
            self._enqueue(call_id, None)


async def _every(seconds: float, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Do *work* now and every *seconds*."""
    while True:
        await work()
        await asyncio.sleep(seconds)


def _spooled(root: Path) -> dict[UUID, float]:
    """Calls whose files lie in *root*, with the time of their last byte (Unix)."""
    found: dict[UUID, float] = {}
    for path, name in spool(root):
        found[name.call_id] = max(found.get(name.call_id, 0.0), path.stat().st_mtime)
    return found
