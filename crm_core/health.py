"""What works now and since when: each part reports itself here, /healthz and the screens read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from crm_core.clock import Clock, SystemClock


class HealthState(StrEnum):
    """How a part is."""

    UP = "up"
    DEGRADED = "degraded"  # works, but slower or with less than it should
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class PartHealth:
    """One part's state. *since* is when this state began; a new *detail* alone does not move it."""

    name: str
    state: HealthState
    detail: str
    since: datetime


class Health:
    """The parts of this process by name. Lives on the event loop: not for use from threads."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._parts: dict[str, PartHealth] = {}
        self._listeners: list[Callable[[PartHealth], None]] = []

    def set(self, name: str, state: HealthState, detail: str = "") -> PartHealth:
        """Record that *name* is in *state* now. Listeners hear changes of state only."""
        before = self._parts.get(name)
        since = before.since if before is not None and before.state is state else self._clock.now()
        part = PartHealth(name, state, detail, since)
        self.take(part)
        return part

    def take(self, part: PartHealth) -> None:
        """Record what another process told of a part, its *since* included. Listeners hear as of `set`."""
        before = self._parts.get(part.name)
        self._parts[part.name] = part
        if before is None or before.state is not part.state:
            self._tell(part)

    def forget(self, name: str) -> None:
        """There is no such part any more. Who listens hears it as down: of what is gone nothing works."""
        gone = self._parts.pop(name, None)
        if gone is not None and gone.state is not HealthState.DOWN:
            self._tell(PartHealth(name, HealthState.DOWN, "gone", self._clock.now()))

    def get(self, name: str) -> PartHealth | None:
        """The part called *name*, None when it never reported."""
        return self._parts.get(name)

    def on_change(self, listener: Callable[[PartHealth], None]) -> None:
        """Call *listener* at each change of a part's state. It must not block or raise."""
        self._listeners.append(listener)

    def _tell(self, part: PartHealth) -> None:
        for listener in self._listeners:
            listener(part)

    @property
    def state(self) -> HealthState:
        """The worst state of any part; up when nothing has reported."""
        states = {part.state for part in self._parts.values()}
        for worst in (HealthState.DOWN, HealthState.DEGRADED):
            if worst in states:
                return worst
        return HealthState.UP

    def snapshot(self) -> tuple[PartHealth, ...]:
        """All parts, by name."""
        return tuple(self._parts[name] for name in sorted(self._parts))
