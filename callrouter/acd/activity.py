"""What an agent spent the last hour on: a sliding window, exact to the second."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from crm_core.presence.model import AgentState
from crm_core.routing.load import WINDOW_S, load

_HOLDS_S = 1.0  # a decision looks at fifty agents, and a load is rounded to six seconds
COUNTED = (AgentState.TALKING, AgentState.RINGING, AgentState.WRAP_UP)


@dataclass(slots=True)
class Activity:
    """Stretches of counted time. Times are monotonic seconds."""

    state: AgentState = AgentState.OFFLINE
    since: float = 0.0
    _past: deque[tuple[float, float, AgentState]] = field(default_factory=deque)
    _sums: dict[AgentState, float] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0.0))
    _known: tuple[float, int, float] | None = None  # asked at, open cards, answer

    def switch(self, state: AgentState, now: float) -> None:
        """The agent is in *state* from now on; switching to the same state changes nothing."""
        if state is self.state:
            return
        if self.state in self._sums and now > self.since:
            self._past.append((self.since, now, self.state))
            self._sums[self.state] += now - self.since
        self.state, self.since, self._known = state, now, None

    def load(self, now: float, open_cards: int) -> float:
        """Minutes of work, see `crm_core.routing.load`; an answer holds a second unless the state moves."""
        if self._known and self._known[1] == open_cards and 0 <= now - self._known[0] < _HOLDS_S:
            return self._known[2]
        answer = self._load(now, open_cards)
        self._known = (now, open_cards, answer)
        return answer

    def _load(self, now: float, open_cards: int) -> float:
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
