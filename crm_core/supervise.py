"""Keeps a child program running: starts it, knows when it is ready, starts it again when it ends or hangs."""

from __future__ import annotations

import asyncio
import signal
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from crm_core.child import Child, ChildFailed, Command, how_it_ended
from crm_core.clock import Clock, SystemClock
from crm_core.errors import CallcardError
from crm_core.health import Health, HealthState

log = structlog.get_logger(__name__)

_LOOK_S = 5.0  # between two looks at a program that may hang
_LAST_WORDS_S = 5.0  # for one that hangs to say where it stands

Asked = Callable[[Child], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartPolicy:
    """When to start again. Pauses double from *first_s* to *most_s* with each restart in the window.

    *budget*: restarts allowed within *window_s* seconds before it is given up; None: never given up.
    """

    first_s: float = 0.1
    most_s: float = 10.0
    window_s: float = 60.0
    budget: int | None = 10

    def pause(self, recent: int) -> float | None:
        """Seconds before the next start after *recent* restarts in the window; None: give up."""
        if self.budget is not None and recent >= self.budget:
            return None
        return min(self.first_s * 2.0 ** min(recent, 30), self.most_s)


class Supervisor:
    """Owner of one child program. `start()`, later `stop()`; reports as *command.name* to health.

    *ready* is awaited after each start and returns when the program does its work; when it raises or
    takes longer than *ready_timeout_s*, the start has failed. *alive* is asked again and again and returns
    when the program answers; one that does not for *hung_after_s* is ended (SIGABRT first, so that it can say
    where it stands) and started again.
    """

    def __init__(
        self,
        command: Command,
        *,
        ready: Asked,
        ready_timeout_s: float,
        health: Health,
        alive: Asked | None = None,
        hung_after_s: float = 60.0,
        policy: RestartPolicy | None = None,
        before: Callable[[], Awaitable[None]] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._command = command
        self._ready = ready
        self._ready_timeout_s = ready_timeout_s
        self._health = health
        self._alive = alive
        self._hung_after_s = hung_after_s
        self._policy = policy or RestartPolicy()
        self._before = before
        self._clock = clock or SystemClock()
        self._child: Child | None = None
        self._task: asyncio.Task[None] | None = None
        self._restarts: deque[float] = deque()

    @property
    def child(self) -> Child | None:
        """The program as it runs now; None between two runs."""
        return self._child

    async def start(self) -> None:
        """Start and wait until ready. Raises ChildFailed: a first start that fails is not repeated."""
        child = await self._launch()
        self._task = asyncio.create_task(self._keep(child), name=f"supervise:{self._command.name}")

    async def wait(self) -> None:
        """Wait until it is given up (raises ChildFailed) or stopped (returns)."""
        if self._task is not None:
            await asyncio.wait({self._task})
            if not self._task.cancelled():
                self._task.result()

    async def stop(self) -> None:
        """Stop the program in order; it is not started again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None
        if self._child is not None:
            await self._child.stop()
            self._child = None
        self._health.set(self._command.name, HealthState.DOWN, "stopped")

    async def _keep(self, child: Child) -> None:
        while True:
            code = await self._end_of(child)
            failure = child.failure(code)
            self._child = None
            # Health is public: what the program last said is for the log alone.
            self._health.set(self._command.name, HealthState.DOWN, how_it_ended(code))
            log.error("child ended", child=self._command.name, reason=failure.message)
            child = await self._again(failure, how_it_ended(code))

    async def _end_of(self, child: Child) -> int:
        """Wait until *child* ends, or hangs and is ended; its exit code."""
        if self._alive is None:
            return await child.wait()
        ended = asyncio.create_task(child.wait(), name=f"child-end:{self._command.name}")
        hangs = asyncio.create_task(self._until_hung(child, self._alive), name=f"hangs:{self._command.name}")
        try:
            await asyncio.wait({ended, hangs}, return_when="FIRST_COMPLETED")
        finally:
            for task in (ended, hangs):
                task.cancel()
            await asyncio.wait({ended, hangs})
        if not child.running:
            return await child.wait()
        log.error("child hangs", child=self._command.name)
        self._health.set(self._command.name, HealthState.DOWN, "hangs")
        child.send(signal.SIGABRT)
        try:
            async with asyncio.timeout(_LAST_WORDS_S):
                return await child.wait()
        except TimeoutError:
            return await child.kill()

    async def _until_hung(self, child: Child, alive: Asked) -> None:
        """Return once *child* did not answer for as long as it may."""
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                async with asyncio.timeout(self._hung_after_s):
                    await alive(child)
            except (TimeoutError, CallcardError):
                return

    async def _again(self, failure: ChildFailed, why: str) -> Child:
        """A new run that is ready. Raises the last failure when the budget is spent."""
        while True:
            now = self._clock.monotonic()
            while self._restarts and now - self._restarts[0] > self._policy.window_s:
                self._restarts.popleft()
            pause = self._policy.pause(len(self._restarts))
            if pause is None:
                self._health.set(self._command.name, HealthState.DOWN, "given up")
                raise failure
            self._restarts.append(now)
            self._health.set(self._command.name, HealthState.DOWN, f"{why}; again in {pause:g} s")
            await asyncio.sleep(pause)
            try:
                return await self._launch()
            except ChildFailed as error:
                failure, why = error, "does not start"
                log.error("child does not start", child=self._command.name, reason=error.message)

    async def _launch(self) -> Child:
        if self._before is not None:
            await self._before()
        child = await Child.start(self._command, clock=self._clock)
        try:
            await self._until_ready(child)
        except BaseException:
            await child.stop()
            raise
        self._child = child
        self._health.set(self._command.name, HealthState.UP)
        return child

    async def _until_ready(self, child: Child) -> None:
        ended = asyncio.create_task(child.wait(), name=f"child-end:{self._command.name}")
        ready = asyncio.ensure_future(self._ready(child))
        try:
            await asyncio.wait({ended, ready}, timeout=self._ready_timeout_s, return_when="FIRST_COMPLETED")
            if ended.done():
                raise child.failure(ended.result())
            if not ready.done():
                raise ChildFailed(f"{self._command.name} is not ready after {self._ready_timeout_s:g} s")
            if (error := ready.exception()) is not None:
                raise ChildFailed(f"{self._command.name} is not ready: {error}") from error
        finally:
            for task in (ended, ready):
                task.cancel()
            await asyncio.gather(ended, ready, return_exceptions=True)
