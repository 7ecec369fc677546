"""What the live regions of the board get."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class TileView:
    """A queue now and today. *free*: agents who could take a call; *agents*: those who are at work."""

    name: str
    title: str
    waiting: int
    oldest_at: datetime | None
    free: int
    agents: int
    offered: int
    answered: int
    abandoned: int
    service_level: float | None
    service_level_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardCall:
    """A call that goes on. *state*: of the call, since *since*."""

    id: UUID
    state: str
    since: datetime
    number: str | None
    name: str | None
    queue: str | None
    agent: str | None
    direction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardCallsView:
    """Calls that go on, the longest waiting first, then the oldest. *more*: those not shown."""

    calls: tuple[BoardCall, ...]
    more: int
