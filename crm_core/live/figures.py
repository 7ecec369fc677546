"""The day's figures of each queue: every call counted once, however often and in what order it is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Protocol
from uuid import UUID

from crm_core.calls.model import Direction, Outcome
from crm_core.live.directory import Directory


class Countable(Protocol):
    """What counting needs of a call: a `Call` has it, and a `CountedCall`."""

    @property
    def id(self) -> UUID: ...
    @property
    def direction(self) -> Direction: ...
    @property
    def queue(self) -> str | None: ...
    @property
    def started_at(self) -> datetime: ...
    @property
    def answered_at(self) -> datetime | None: ...
    @property
    def outcome(self) -> Outcome | None: ...
    @property
    def merged_into(self) -> UUID | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedCall:
    """No more than counting needs: a day of calls is read this way when the projection starts."""

    id: UUID
    direction: Direction
    queue: str | None
    started_at: datetime
    answered_at: datetime | None
    outcome: Outcome | None
    merged_into: UUID | None = None


class Kind(Enum):
    """How a call counts. It may change: an offered call is answered later, the ledger may correct it."""

    OFFERED = "offered"  # neither answered nor abandoned (yet): under way, voicemail, overflow
    IN_TIME = "in_time"  # answered within the service level
    LATE = "late"  # answered after it
    ABANDONED = "abandoned"


@dataclass(slots=True)
class Totals:
    """One queue, one local day."""

    day: date
    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    in_time: int = 0

    @property
    def service_level(self) -> float | None:
        """Share answered in time among answered and abandoned; None when there are none yet."""
        finished = self.answered + self.abandoned
        return round(self.in_time / finished, 4) if finished else None

    def add(self, kind: Kind, by: int) -> None:
        """Count one call of *kind* (*by* is 1) or take it back (-1)."""
        self.offered += by
        self.answered += by * (kind in (Kind.IN_TIME, Kind.LATE))
        self.in_time += by * (kind is Kind.IN_TIME)
        self.abandoned += by * (kind is Kind.ABANDONED)


class DayFigures:
    """Figures of all queues of a directory since local midnight."""

    def __init__(self, directory: Directory, now: datetime) -> None:
        self._directory = directory
        self._totals = {name: Totals(directory.day(name, now)) for name in directory.queues}
        # Which way each of today's calls is counted: telling it again moves it, never adds it.
        self._counted: dict[UUID, tuple[str, Kind]] = {}

    def __getitem__(self, queue: str) -> Totals:
        return self._totals[queue]

    def count(self, call: Countable) -> frozenset[str]:
        """Count *call* as it stands now; the queues whose figures changed."""
        before = self._counted.get(call.id)
        after = self._place(call)
        if before == after:
            return frozenset()
        if before is not None:
            self._totals[before[0]].add(before[1], -1)
            del self._counted[call.id]
        if after is not None:
            self._totals[after[0]].add(after[1], 1)
            self._counted[call.id] = after
        return frozenset(place[0] for place in (before, after) if place is not None)

    def roll(self, now: datetime) -> frozenset[str]:
        """Start a new day where local midnight has passed; the queues that did."""
        rolled = frozenset(
            name for name, totals in self._totals.items() if self._directory.day(name, now) > totals.day
        )
        for name in rolled:
            self._totals[name] = Totals(self._directory.day(name, now))
        if rolled:
            self._counted = {id_: place for id_, place in self._counted.items() if place[0] not in rolled}
        return rolled

    def count_all(self, calls: Iterable[Countable]) -> None:
        """Count each of *calls*."""
        for call in calls:
            self.count(call)

    def _place(self, call: Countable) -> tuple[str, Kind] | None:
        queue = self._directory.queues.get(call.queue) if call.queue is not None else None
        if queue is None or call.direction is not Direction.IN or call.merged_into is not None:
            return None
        if call.outcome in (Outcome.BLOCKED, Outcome.FAILED):
            return None
        if self._directory.day(queue.name, call.started_at) != self._totals[queue.name].day:
            return None
        if call.answered_at is not None:
            waited_s = (call.answered_at - call.started_at).total_seconds()
            return queue.name, Kind.IN_TIME if waited_s <= queue.service_level_s else Kind.LATE
        return queue.name, Kind.ABANDONED if call.outcome is Outcome.ABANDONED else Kind.OFFERED
