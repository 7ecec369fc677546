"""Work that no call waits for: rows, owners, cards filled in later. Done in order, again while it fails."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable

import structlog

from crm_core.call_path import CallPath
from crm_core.errors import CallcardError, Unavailable

log = structlog.get_logger(__name__)

_WAITS_S = 1.0  # a job, for questions that are being answered

Job = Callable[[], Awaitable[None]]


class WorkBehind:
    """One bounded list of jobs by key, one worker.

    A job of a key that waits already takes its place: only the newest matters. When the list is full the
    oldest job is dropped, counted and logged. A job that finds a dependency away goes to the end of the
    list; when a whole pass has failed, the worker backs off.
    """

    def __init__(
        self,
        *,
        limit: int = 5_000,
        timeout_s: float = 5.0,
        pause_s: float = 1.0,
        path: CallPath | None = None,
    ) -> None:
        self._jobs: OrderedDict[Hashable, Job] = OrderedDict()
        self._limit = limit
        self._timeout_s = timeout_s
        self._pause_s = pause_s
        self._path = path or CallPath()
        self._more = asyncio.Event()
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._jobs)

    def put(self, key: Hashable, job: Job) -> None:
        """Do *job* soon; a later job of the same key replaces it."""
        self._jobs[key] = job
        if len(self._jobs) > self._limit:
            old, _ = self._jobs.popitem(last=False)
            self.dropped += 1
            log.error("work behind the calls dropped", key=str(old), dropped=self.dropped)
        self._more.set()

    async def pass_once(self) -> int:
        """Try every job once. Returns how many are left to try again."""
        failed = 0
        for key in tuple(self._jobs):
            await self._path.give_way(_WAITS_S)
            job = self._jobs.pop(key, None)
            if job is None:
                continue
            try:
                async with asyncio.timeout(self._timeout_s):
                    await job()
            except (TimeoutError, Unavailable):
                failed += 1
                self._jobs.setdefault(key, job)  # unless a newer one came meanwhile
            except CallcardError as error:
                log.warning("work behind the calls refused", key=str(key), code=error.code)
            except Exception:
                log.exception("work behind the calls failed", key=str(key))
        return failed

    async def run(self) -> None:
        """Work until cancelled; the owner is whoever made the task."""
        while True:
            await self._more.wait()
            self._more.clear()
            if await self.pass_once():
                await asyncio.sleep(self._pause_s)
                self._more.set()

    async def finish(self, seconds: float) -> None:
        """At the end: one more try for what is left, at most *seconds*."""
        try:
            async with asyncio.timeout(seconds):
                await self.pass_once()
        except TimeoutError:
            log.warning("work behind the calls left undone", jobs=len(self._jobs))
