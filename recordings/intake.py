"""The recorder: follows calls, proves that they are recorded, takes the finished files in.

    CallAnswered → the row is made, the file is watched (`watch`)
    CallEnded    → the PBX closes the file; it is examined, judged and kept (`finish`), the row settled
    CallSettled  → the ledger's talk time is the recorded window: judged by it, or judged again

A call is taken in a moment after its end: the PBX has closed its file by then, and the ledger has mostly
spoken, so that one look and one writing do.

Nothing hangs on having heard an event: `sweep` looks at every file and every row without an end.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import structlog

from crm_core.bus.event import Event
from crm_core.bus.port import Bus, Lagged, Subscription
from crm_core.call_path import CallPath
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
MOMENT_S = 1.0  # after the end of a call: the ledger speaks half a second after its last row
UNKNOWN_S = 3600.0  # a file whose call nobody knows is taken in after this, even if it was never closed
_WORKERS = 2
_WAITS_S = 2.0  # for questions that are being answered
_QUEUE = 1000  # overflow: the sweep finds what was dropped
_SETTLED = 1000  # words of the ledger remembered: each is told twice, by the live side and by the database


class CallFinder(Protocol):
    """Where calls are looked up."""

    async def find(self, call_id: UUID) -> Call | None:
        """The call as it is known, None when it is not. Raises Unavailable."""
        ...


@dataclass(slots=True)
class _Ended:
    call_id: UUID
    call: Call | None
    due: float  # by the loop's clock


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
        moment_s: float = MOMENT_S,
        path: CallPath | None = None,
    ) -> None:
        self._service, self._calls, self._bus = service, calls, bus
        self._root, self._clock, self._archive, self._pbx = root, clock, archive, pbx
        self._health, self._moment_s = health, moment_s
        self._path = path or CallPath()
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
        self._waiting: dict[UUID, _Ended] = {}  # queued, or being taken in
        self._settled: OrderedDict[UUID, float] = OrderedDict()
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
            await self._path.give_way(_WAITS_S)
            try:
                await self.handle(event)
            except Unavailable as error:
                log.warning("recording waits for the database", reason=error.message)
            except Exception:
                # What nobody foresaw of one event must not end the recorder: the sweep makes up for it.
                log.exception("recording event not handled", of=type(event).__name__)

    async def handle(self, event: Event) -> None:
        """Take one event; those of other PBXs are not ours. Raises Unavailable; the sweep makes up for it."""
        if isinstance(event, CallEvent) and event.call.pbx != self._pbx:
            return
        match event:
            case CallAnswered(call=call):
                await self._answered(call)
            case CallEnded(call=call):
                self.watch.end(call.id)
                self._enqueue(call.id, call, after_s=self._moment_s)
            case CallSettled(call=call):
                self.watch.end(call.id)
                await self._has_settled(call)
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

    async def _has_settled(self, call: Call) -> None:
        """The ledger's word: for a call that waits to be taken in, or is, the word to judge by."""
        if self._settled.get(call.id) == call.talk_s:
            return
        waiting = self._waiting.get(call.id)
        if waiting is not None:
            waiting.call = call
        elif not await self.taking.rejudge(call):
            self._enqueue(call.id, call)
        self._settled[call.id] = call.talk_s
        if len(self._settled) > _SETTLED:
            self._settled.popitem(last=False)

    def _enqueue(self, call_id: UUID, call: Call | None, *, after_s: float = 0.0) -> None:
        if call_id in self._waiting:
            return
        ended = _Ended(call_id, call, asyncio.get_running_loop().time() + after_s)
        try:
            self._queue.put_nowait(ended)
        except asyncio.QueueFull:
            log.warning("recordings wait for the sweep", waiting=self._queue.qsize())
            return
        self._waiting[call_id] = ended

    # -- finishing -----------------------------------------------------------------------------

    async def _work(self) -> None:
        while True:
            ended = await self._queue.get()
            try:
                await asyncio.sleep(max(0.0, ended.due - asyncio.get_running_loop().time()))
                await self._path.give_way(_WAITS_S)
                await self._take(ended)
            except (Unavailable, OSError) as error:
                log.warning("recording waits", call=str(ended.call_id), reason=str(error))
            except Exception:  # one file that nobody foresaw must not end the recorder
                log.exception("recording cannot be finished", call=str(ended.call_id))
            finally:
                self._waiting.pop(ended.call_id, None)
                self._queue.task_done()

    async def _take(self, ended: _Ended) -> None:
        """Take the call in, and judge again when the ledger spoke meanwhile."""
        call = ended.call
        await self.taking.take(ended.call_id, call)
        if ended.call is not None and ended.call is not call:
            await self.taking.rejudge(ended.call)

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
                if call_id not in self.watch and call_id not in self._waiting:
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
        try:
            await work()
        except Exception:  # what nobody foresaw of one look must not end all looking
            log.exception("recordings not looked at")
        await asyncio.sleep(seconds)


def _spooled(root: Path) -> dict[UUID, float]:
    """Calls whose files lie in *root*, with the time of their last byte (Unix)."""
    found: dict[UUID, float] = {}
    for path, name in spool(root):
        found[name.call_id] = max(found.get(name.call_id, 0.0), path.stat().st_mtime)
    return found
