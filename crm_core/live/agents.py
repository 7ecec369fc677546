"""Agents as the live feed shows them, folded from what the router says of them and from the day's talks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from crm_core.live.directory import Directory
from crm_core.live.model import LiveAgent, LiveEvent
from crm_core.live.seats import Seats
from crm_core.presence.events import AgentStateChanged
from crm_core.presence.model import AgentState


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAgent:
    """An agent's shown state as the database knows it, to start from."""

    name: str
    state: AgentState
    reason: str | None
    since: datetime
    call_id: UUID | None = None
    until: datetime | None = None


class Agents:
    """All agents of a directory. Part of `LiveState`; *seats* count their talks."""

    def __init__(self, directory: Directory, seats: Seats, now: datetime) -> None:
        self._directory = directory
        self._seats = seats
        self._shown = {person.name: self._idle(person.name, now) for person in directory.agents}
        self._said_at: dict[str, datetime] = {}

    @property
    def shown(self) -> Mapping[str, LiveAgent]:
        """All by name; not to be changed by the reader."""
        return self._shown

    def start(self, agents: Iterable[KnownAgent]) -> None:
        """Show what the database knows, until the router says the next."""
        for known in agents:
            if known.name in self._shown:
                self._shown[known.name] = replace(
                    self._shown[known.name],
                    state=known.state,
                    reason=known.reason,
                    since=known.since,
                    call_id=known.call_id,
                    until=known.until,
                )
        for name, agent in self._shown.items():
            self._shown[name] = self._with_talks(agent)

    def apply(self, event: AgentStateChanged) -> LiveEvent | None:
        """Take the router's word; None when it is older than what is known, or nothing new."""
        before = self._shown.get(event.agent)
        if before is None or event.at < self._said_at.get(event.agent, event.at):
            return None
        self._said_at[event.agent] = event.at
        after = replace(
            before,
            state=event.state,
            reason=event.reason,
            since=event.since,
            call_id=event.call_id,
            load=event.load,
            devices_up=event.devices_up,
            until=event.until,
            unreachable=event.unreachable,
            unreachable_until=event.unreachable_until,
        )
        return self._become(before, after) if after != before else None

    def recount(self, names: Iterable[str]) -> Iterator[LiveEvent]:
        """Show how many calls these agents talked in today, and how long."""
        for name in sorted(names):
            before = self._shown[name]
            yield self._become(before, self._with_talks(before))

    def states(self, names: Iterable[str]) -> tuple[dict[AgentState, int], int]:
        """How many of *names* are in each state, and how many of those available no call would reach."""
        agents = [self._shown[name] for name in names if name in self._shown]
        counts = Counter(agent.state for agent in agents)
        lost = counts[AgentState.AVAILABLE] - sum(agent.free for agent in agents)
        return {state: counts[state] for state in AgentState if state in counts}, lost

    def _become(self, before: LiveAgent, after: LiveAgent) -> LiveEvent:
        self._shown[after.name] = after
        return LiveEvent(name="agent.changed", before=before, after=after)

    def _with_talks(self, agent: LiveAgent) -> LiveAgent:
        talks, mean_s = self._seats.talks(agent.name), self._seats.mean_talk_s(agent.name)
        return replace(agent, talks_today=talks, mean_talk_s=mean_s)

    def _idle(self, name: str, now: datetime) -> LiveAgent:
        person = self._directory.people[name]
        return LiveAgent(
            name=name,
            title=person.title,
            office=person.office,
            team=person.team,
            extension=person.extension,
            queues=self._directory.queues_of(name),
            state=AgentState.OFFLINE,
            reason=None,
            since=now,
            call_id=None,
            load=0.0,
            devices_up=None,
        )
