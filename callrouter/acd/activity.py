"""What an agent spent the last hour on: a sliding window, exact to the second it is asked in."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from crm_core.presence.model import AgentState
from crm_core.routing.load import WINDOW_S, load

COUNTED = (AgentState.TALKING, AgentState.RINGING, AgentState.WRAP_UP)


@dataclass(slots=True)
class Activity:
    """Stretches of counted time. Times are monotonic seconds."""

    state: AgentState = AgentState.OFFLINE
    since: float = 0.0
    _past: deque[tuple[float, float, AgentState]] = field(default_factory=deque)
    _sums: dict[AgentState, float] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0.0))

    def switch(self, state: AgentState, now: float) -> None:
        """The agent is in *state* from now on; switching to the same state changes nothing."""
        if state is self.state:
            return
        if self.state in self._sums and now > self.since:
            self._past.append((self.since, now, self.state))
            self._sums[self.state] += now - self.since
        self.state, self.since = state, now

    def load(self, now: float, open_cards: int) -> float:
        """Minutes of work, see `crm_core.routing.load`."""
        horizon = now - WINDOW_S
        while self._past and self._past[0][1] <= horizon:
            begun, ended, state = self._past.popleft()
            self._sums[state] -= ended - begun
        seconds = dict(self._sums)
        if self._past and self._past[0][0] < horizon:
            begun, _, state = self._past[0]
            seconds[state] -= horizon - begun
        if self.state in seconds:
            seconds[self.state] += now - max(self.since, horizon)
        return load(
            talk_s=seconds[AgentState.TALKING],
            ring_s=seconds[AgentState.RINGING],
            wrap_up_s=seconds[AgentState.WRAP_UP],
            open_cards=open_cards,
        )
