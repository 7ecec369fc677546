"""One house in several processes: each tells of itself, the web knows all.

`callcard router` and `callcard recorder` have no HTTP: what they are and count reaches `/healthz` and
`/metrics` through the web, by way of Redis. The supervisor tells its worker in the same form, by a file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

import structlog

from crm_core.bus import redis_streams
from crm_core.bus.redis_reports import RedisReports
from crm_core.clock import Clock
from crm_core.db import engine
from crm_core.errors import Unavailable
from crm_core.health import Health, HealthState, PartHealth
from crm_core.reports import Report, fold

log = structlog.get_logger(__name__)

EVERY_S = 2.0
SILENT_S = 6.0  # three reports lost in a row are no accident
# Each process has these for itself: that of another is named after it too.
OWN_PARTS = frozenset({engine.PART, redis_streams.PART})


class Reporter:
    """Says how this process is: at once when a part's state changes, else every *every_s* seconds."""

    def __init__(
        self,
        health: Health,
        say: Callable[[Report], Awaitable[None]],
        *,
        metrics: Callable[[], str] = str,
        every_s: float = EVERY_S,
    ) -> None:
        self._health = health
        self._say = say
        self._metrics = metrics
        self._every_s = every_s
        self._run, self._beat = uuid4().hex, 0
        self._changed = asyncio.Event()
        health.on_change(lambda _part: self._changed.set())

    async def report(self) -> None:
        """Say it now. Who cannot be reached hears it the next time."""
        self._beat += 1
        parts = self._health.snapshot()
        try:
            await self._say(Report(run=self._run, beat=self._beat, parts=parts, metrics=self._metrics()))
        except Unavailable as away:
            log.debug("report is not heard", reason=away.message)

    async def run(self) -> None:
        """Report until cancelled."""
        while True:
            self._changed.clear()
            await self.report()
            try:
                async with asyncio.timeout(self._every_s):
                    await self._changed.wait()
            except TimeoutError:
                pass


@dataclass(frozen=True, slots=True)
class _Heard:
    """What was last heard of a process, and when; *silent* once that is too long ago."""

    at: datetime
    monotonic: float
    report: Report | None = None
    names: tuple[str, ...] = ()
    silent: bool = False


class Others:
    """The other processes, as parts of this one's health: `process.<name>`, and what they say of theirs."""

    def __init__(self, health: Health, reports: RedisReports, processes: Iterable[str], clock: Clock) -> None:
        self._health, self._reports, self._clock = health, reports, clock
        began = _Heard(clock.now(), clock.monotonic())
        self._heard = dict.fromkeys(processes, began)
        for process in self._heard:
            health.set(_name(process), HealthState.DOWN, "not heard of yet")

    def metrics(self) -> tuple[str, ...]:
        """What those counted that are heard of; of one that was started again, what its new run counted."""
        return tuple(
            heard.report.metrics
            for heard in self._heard.values()
            if heard.report is not None and not heard.silent
        )

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY_S / 2)

    async def look(self) -> None:
        """Take in what is new; say who has fallen silent."""
        why = f"not heard of for {SILENT_S:g} s"
        try:
            reports = await self._reports.get(self._heard)
        except Unavailable:
            reports, why = {}, "not heard of: Redis is away"
        for process, heard in self._heard.items():
            report = reports.get(process)
            if report is not None and not _same(report, heard.report):
                self._heard[process] = self._take(process, heard, report)
            elif not heard.silent and self._clock.monotonic() - heard.monotonic >= SILENT_S:
                self._heard[process] = self._silent(process, heard, why)

    def _take(self, process: str, heard: _Heard, report: Report) -> _Heard:
        parts = tuple(_of(process, part) for part in report.parts)
        names = fold(self._health, heard.names, parts)
        self._health.set(_name(process), HealthState.UP)
        return _Heard(self._clock.now(), self._clock.monotonic(), report, names)

    def _silent(self, process: str, heard: _Heard, why: str) -> _Heard:
        """Nobody knows how its parts are; what nobody vouches for is down."""
        for name in (_name(process), *heard.names):
            self._health.take(PartHealth(name, HealthState.DOWN, why, heard.at))
        return replace(heard, silent=True)


def _same(report: Report, before: Report | None) -> bool:
    return before is not None and (report.run, report.beat) == (before.run, before.beat)


def _name(process: str) -> str:
    return f"process.{process}"


def _of(process: str, part: PartHealth) -> PartHealth:
    return replace(part, name=f"{part.name}.{process}") if part.name in OWN_PARTS else part
