"""Who is promised to whom: within a leader's term this memory is the reservation.

An agent has at most one; that is checked here and nowhere else. Every reservation has an end: the router
arms a deadline for each when it is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from callrouter.acd.agents import Agents
from crm_core.ids import new_id


class Stage(StrEnum):
    """How far an offer got."""

    PULL = "pull"  # the waiting caller is being redirected to ask for this agent
    RESERVED = "reserved"  # chosen, the dialplan not told yet
    COMMITTED = "committed"  # the dialplan was told
    DIALLED = "dialled"
    ALERTING = "alerting"


@dataclass(slots=True)
class Reservation:
    """One agent for one call. *id* is the offer id (a pull gets a new one when it becomes an offer)."""

    id: UUID
    call_id: UUID
    agent: str
    stage: Stage
    ring_s: int = 0


class Reservations:
    """All reservations, by agent, by call and by offer."""

    def __init__(self, agents: Agents) -> None:
        self._agents = agents
        self._by_agent: dict[str, Reservation] = {}
        self._by_call: dict[UUID, Reservation] = {}

    def __len__(self) -> int:
        return len(self._by_agent)

    def __iter__(self) -> Iterator[Reservation]:
        return iter(tuple(self._by_agent.values()))

    def take(self, agent: str, call_id: UUID, stage: Stage, ring_s: int = 0) -> Reservation:
        """Reserve *agent* for the call. Raises RuntimeError when either is taken: that is our own mistake."""
        if agent in self._by_agent or call_id in self._by_call:
            raise RuntimeError(f"{agent} or the call is reserved already")
        made = Reservation(id=new_id(), call_id=call_id, agent=agent, stage=stage, ring_s=ring_s)
        self._by_agent[agent] = made
        self._by_call[call_id] = made
        self._agents.reserve(agent, True)
        return made

    def of_call(self, call_id: UUID) -> Reservation | None:
        """The call's reservation; a call has at most one."""
        return self._by_call.get(call_id)

    def holds(self, reservation: Reservation) -> bool:
        """Whether *reservation* is still in force."""
        return self._by_agent.get(reservation.agent) is reservation

    def release(self, reservation: Reservation) -> bool:
        """End *reservation*; False when it had ended before."""
        if not self.holds(reservation):
            return False
        del self._by_agent[reservation.agent]
        del self._by_call[reservation.call_id]
        self._agents.reserve(reservation.agent, False)
        return True
