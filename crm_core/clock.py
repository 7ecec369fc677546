"""Time, injected: monotonic for deadlines, aware UTC for storage."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where the rest of the house asks for the time."""

    def now(self) -> datetime:
        """Aware UTC wall time: for storage and screens, never for deadlines."""
        ...

    def monotonic(self) -> float:
        """Seconds that never jump: for deadlines and durations of this process."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Aware UTC wall time."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never jump."""
        return time.monotonic()
