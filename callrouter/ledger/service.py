"""The ledger: follows the CEL file and has every finished call settled, once.

file → reader → groups → settlements → the calls room, in one transaction with the place after them

The place is the oldest byte an unfinished call still needs, so a restart reads unfinished calls again
from their beginning; finished ones among them are settled already and stay as they are. With the database
away nothing more is read: the file is the queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog

from callrouter.ledger.groups import CallGroups
from callrouter.ledger.reader import Batch, CelReader, Place
from callrouter.metrics import LEDGER_BEHIND, LEDGER_SETTLED, LEDGER_SKIPPED
from callrouter.tracking.directory import Directory
from crm_core.call_path import CallPath
from crm_core.calls.ledger_store import LedgerPlace
from crm_core.calls.settlement import Settlement
from crm_core.clock import Clock
from crm_core.errors import Unavailable
from crm_core.health import Health, HealthState

log = structlog.get_logger(__name__)

PART = "ledger"
POLL_S = 0.25
AGAIN_S = 0.5
ABSENT_S = 10.0  # between looks at what the PBX has
MUCH_BEHIND = 4 << 20  # bytes
_WAITS_S = 1.0  # for questions that are being answered
_MOVED = 1 << 20  # bytes read without a settled call after which the place is written all the same


class Book(Protocol):
    """Where settled calls are written: crm_core.calls.ledger_store.LedgerStore."""

    async def place(self) -> LedgerPlace | None:
        """Where reading goes on. Raises Unavailable."""
        ...

    async def settle(self, settlements: Sequence[Settlement], place: LedgerPlace) -> None:
        """Write both, or neither. Raises Unavailable."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the ledger asks of the rest of its process; the defaults ask nobody."""

    settled: Callable[[Settlement], None] = lambda _: None  # told after it was written
    must_wait: Callable[[], bool] = lambda: False  # older facts of these calls are still to be written
    channels: Callable[[], Collection[str] | None] = lambda: None  # Uniqueids the PBX has; None: not known
    path: CallPath = field(default_factory=CallPath)


class Ledger:
    """One per PBX, on its host. `start`, later `stop`."""

    def __init__(
        self,
        reader: CelReader,
        book: Book,
        *,
        clock: Clock,
        health: Health,
        directory: Directory,
        around: Surroundings | None = None,
        poll_s: float = POLL_S,
    ) -> None:
        self._reader = reader
        self._book = book
        self._clock = clock
        self._health = health
        self._around = around or Surroundings()
        self._poll_s = poll_s
        self._groups = CallGroups(directory)
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._written = LedgerPlace(0, 0)
        self._skipped = 0
        self._boot: tuple[datetime, datetime | None] | None = None
        self._looked_at = clock.monotonic()
        self._absent: set[str] = set()

    async def start(self) -> None:
        """Go on where the last run ended."""
        self._task = asyncio.create_task(self._run(), name="ledger")
        self._task.add_done_callback(self._ended)

    async def stop(self) -> None:
        """End reading; what is not settled is read again at the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None
        await self._reader.close()

    def wake(self) -> None:
        """A call has ended: look now, not at the next beat."""
        self._wake.set()

    def configure(self, directory: Directory) -> None:
        """Take the applied office for calls settled from now on."""
        self._groups.directory = directory

    def pbx_restarted(self, at: datetime, alive_at: datetime | None = None) -> None:
        """The PBX started anew at *at*, last seen alive at *alive_at*: calls of before are over."""
        self._boot = (at, alive_at)
        self.wake()

    # -- the loop ---------------------------------------------------------------------------------

    async def _run(self) -> None:
        place = await self._first_place()
        if place is not None:
            self._written = place
            self._reader.go_on_from(place.inode, place.offset)
        while True:
            await self._around.path.give_way(_WAITS_S)
            try:
                batch = await self._reader.read()
            except OSError as error:
                self._health.set(PART, HealthState.DOWN, error.strerror or type(error).__name__)
                await self._pause(AGAIN_S)
                continue
            await self._take(batch)
            self._report(batch)
            if batch.all_read:
                await self._pause(self._poll_s)

    async def _take(self, batch: Batch) -> None:
        now = self._clock.monotonic()
        for place, row in batch.rows:
            self._groups.add(place, row, now)
        if batch.all_read:
            self._end_what_is_gone(now)
        settled = self._groups.take(now, all_read=batch.all_read)
        place = self._groups.needed or batch.end
        if settled or self._far_from_written(place):
            await self._write(settled, place)

    async def _write(self, settled: Sequence[Settlement], place: Place) -> None:
        """Write until it is written: nothing more is read meanwhile."""
        at = LedgerPlace(place.inode, place.offset)
        while True:
            try:
                if not self._around.must_wait():
                    await self._book.settle(settled, at)
                    break
                self._health.set(PART, HealthState.DEGRADED, "waits for the journal")
            except Unavailable:
                self._health.set(PART, HealthState.DEGRADED, "the database is away")
            except Exception as error:
                self._refused("not written", error)
            await asyncio.sleep(AGAIN_S)
        self._written = at
        LEDGER_SETTLED.inc(len(settled))
        for settlement in settled:
            self._around.settled(settlement)

    async def _first_place(self) -> LedgerPlace | None:
        while True:
            try:
                return await self._book.place()
            except Unavailable:
                self._health.set(PART, HealthState.DEGRADED, "the database is away")
            except Exception as error:
                self._refused("not read", error)
            await asyncio.sleep(AGAIN_S)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):  # wait_for of Python 3.11 may swallow a cancellation
                await self._wake.wait()
        except TimeoutError:
            pass  # the next beat
        self._wake.clear()

    # -- what the file does not say -----------------------------------------------------------------

    def _end_what_is_gone(self, now: float) -> None:
        """With everything read: end the calls of an earlier boot, and channels twice found absent."""
        if self._boot is not None:
            self._groups.pbx_restarted(*self._boot)
            self._boot = None
        if now - self._looked_at < ABSENT_S:
            return
        self._looked_at = now
        suspects = self._groups.open_channels(now - ABSENT_S)
        there = self._around.channels() if suspects else None
        absent = suspects.difference(there) if there is not None else set()
        gone = absent & self._absent
        if gone:
            log.warning("channels ended without a record", count=len(gone))
            self._groups.end_absent(gone, self._clock.now())
        self._absent = absent

    def _refused(self, what: str, error: Exception) -> None:
        """Rights were taken, tables are being changed: the file waits, as for a database that is away."""
        self._health.set(PART, HealthState.DOWN, f"{what}: {type(error).__name__}")
        log.error("the ledger is refused by the database", what=what, exc_info=error)

    # -- telling ----------------------------------------------------------------------------------

    def _far_from_written(self, place: Place) -> bool:
        if place.inode == 0:
            return False
        return place.inode != self._written.inode or place.offset - self._written.offset >= _MOVED

    def _report(self, batch: Batch) -> None:
        self._skipped += batch.skipped
        LEDGER_SKIPPED.inc(batch.skipped)
        LEDGER_BEHIND.set(batch.behind)
        state = HealthState.DEGRADED if batch.behind > MUCH_BEHIND else HealthState.UP
        detail = f"{batch.behind} bytes behind, {self._groups.unsettled} calls open, {self._skipped} skipped"
        self._health.set(PART, state, detail)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._health.set(PART, HealthState.DOWN, type(error).__name__)
            log.error("the ledger stopped", exc_info=error)
