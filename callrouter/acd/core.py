"""The state the parts of the dispatcher share, and the one way facts are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from callrouter.acd.agents import Agents
from callrouter.acd.deadlines import Deadlines
from callrouter.acd.line import Line
from callrouter.acd.ports import AgentLegs, Outlet, Tracker
from callrouter.acd.reservations import Reservations
from callrouter.reading.observations import Observation
from callrouter.tracking.facts import Fact
from crm_core.calls.events import CallEvent
from crm_core.calls.model import Call
from crm_core.clock import Clock
from crm_core.queues.model import Queue
from crm_core.showing import Showing


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Times of the dispatcher, in seconds."""

    answer_s: float = 0.3  # later than this an answer is not given
    identify_s: float = 0.15
    unasked_s: float = 3.0  # after its arrival a call has asked, or is with the net
    hand_off_s: float = 0.1  # until the offer is on the agent's socket
    dialled_s: float = 1.0  # committed, and no DialBegin: withdrawn
    ringing_s: float = 3.0  # dialled, and no RINGING: unreachable
    spare_s: float = 3.0  # after the ring time a reservation ends, whatever was or was not seen
    pull_s: float = 0.5  # Redirect sent, and the caller does not ask
    pull_again_s: float = 1.0
    settle_s: float = 0.05  # after "wait" the dialplan needs this to reach its music
    device_out_s: float = 60.0  # a device counted out that shows no life gets another try
    contact_out_s: float = 20.0  # the first of a fixed contact, which is not asked: a try costs a caller 3 s


class Core:
    """Agents, line, reservations, deadlines, queues; facts go through `say`, observations through `see`."""

    def __init__(
        self,
        *,
        clock: Clock,
        tracker: Tracker,
        outlet: Outlet,
        pbx: str,
        limits: Limits,
        showing: Showing | None = None,
    ) -> None:
        self.clock = clock
        self.limits = limits
        self.outlet = outlet
        self.showing = showing or Showing()
        self.agents = Agents(clock, pbx)
        self.line = Line(lambda call_id: bool(self.agents.of_call(call_id)))
        self.reservations = Reservations(self.agents)
        self.deadlines = Deadlines(clock)
        self.queues: dict[str, Queue] = {}
        self.seeing = False  # AMI is live: what it does not show did not happen
        self.rematch = False  # somebody may have become free, or begun to wait
        self._tracker = tracker
        self._follow: Callable[[Sequence[CallEvent]], None] = lambda events: None

    def follow_with(self, follow: Callable[[Sequence[CallEvent]], None]) -> None:
        """Who reacts to events, right after they were put out."""
        self._follow = follow

    def configure(self, queues: Iterable[Queue]) -> None:
        """Take the queues of the office."""
        self.queues = {queue.name: queue for queue in queues}
        self.rematch = True

    def call(self, call_id: UUID) -> Call | None:
        """The whole call as the tracker has it."""
        return self._tracker.call(call_id)

    def live_calls(self) -> Iterable[Call]:
        """Calls that have not ended."""
        return self._tracker.live_calls()

    def agent_legs(self, agent: str) -> AgentLegs:
        """Where the agent has live channels."""
        return self._tracker.agent_legs(agent)

    def age(self, call_id: UUID) -> float:
        """Seconds since the call began, as far as it is known; 0 for one just heard of."""
        known = self._tracker.call(call_id)
        return max(0.0, (self.clock.now() - known.started_at).total_seconds()) if known else 0.0

    def say(self, *facts: Fact) -> None:
        """Tell what we did: into the call, out to the world, back to our own reactions."""
        self._out(self._tracker.apply_all(facts))

    def see(self, *observations: Observation) -> None:
        """Fold what the switch showed together."""
        self._out(self._tracker.apply_all(observations))

    def _out(self, events: tuple[CallEvent, ...]) -> None:
        if not events:
            return
        self.outlet.put(*events)
        self._follow(events)
