"""Everything known of the agents now, in memory: what routing looks at and what the board shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from callrouter.acd.agent import LiveAgent, LiveDevice
from callrouter.acd.ports import AgentLegs
from crm_core.calls.model import Call, Direction, LegState
from crm_core.clock import Clock
from crm_core.people.model import Person
from crm_core.presence.events import AgentStateChanged
from crm_core.presence.model import ChosenState, Presence, after_choice, unchosen
from crm_core.routing.choose import is_free
from crm_core.routing.model import AgentView

_VIEW_S = 1.0


@dataclass(frozen=True, slots=True)
class Left:
    """An agent has no leg in a call any more."""

    agent: str
    call_id: UUID
    talked: bool  # as far as was seen: talk and end may have come at once


class Agents:
    """All agents by name. Every change goes through here; `changes` says what the world must hear."""

    def __init__(self, clock: Clock, pbx: str) -> None:
        self._clock = clock
        self._pbx = pbx
        self._all: dict[str, LiveAgent] = {}
        self._by_endpoint: dict[str, LiveAgent] = {}
        self._by_call: dict[UUID, set[str]] = {}
        self._unsaid: dict[str, None] = {}
        self._say_again = False
        self._unsaved: dict[str, None] = {}

    def configure(self, people: Iterable[Person]) -> None:
        """Take the people of the office; those already known keep their live state, and it is said again:
        who shows agents begins anew with what the database has of them.
        """
        fresh: dict[str, LiveAgent] = {}
        for person in people:
            if not person.devices:
                continue  # nobody who could take a call
            known = self._all.get(person.name)
            old = known.devices if known else {}
            devices = {d.endpoint: old.get(d.endpoint) or LiveDevice(d) for d in person.devices}
            if known is None:
                known = LiveAgent(person, unchosen(person.name), devices, self._clock.monotonic())
            known.person, known.devices = person, devices
            fresh[person.name] = known
            known.view = None
        self._all = fresh
        self.say_all()
        self._by_endpoint = {e: agent for agent in fresh.values() for e in agent.devices}

    def load(self, presences: Iterable[Presence]) -> None:
        """Take stored rows as they are: the truth of before a restart."""
        for presence in presences:
            agent = self._all.get(presence.agent)
            if agent is not None:
                agent.presence = presence
                self.touch(agent)

    def get(self, name: str) -> LiveAgent | None:
        """One agent; None for somebody we do not have."""
        return self._all.get(name)

    def of_endpoint(self, endpoint: str) -> LiveAgent | None:
        """Whose device this is; None: not an agent's."""
        return self._by_endpoint.get(endpoint)

    def all(self) -> Mapping[str, LiveAgent]:
        """All agents by name; not to be changed by the reader."""
        return self._all

    def of_call(self, call_id: UUID) -> frozenset[str]:
        """Agents with a live leg in this call."""
        return frozenset(self._by_call.get(call_id, ()))

    def views(self, names: Iterable[str]) -> tuple[AgentView, ...]:
        """What a decision looks at, in the order of *names*; unknown names and doubles are left out."""
        wall, now = self._clock.now(), self._clock.monotonic()
        known = (self._all[name] for name in dict.fromkeys(names) if name in self._all)
        return tuple(self._view(agent, wall, now) for agent in known)

    def _view(self, agent: LiveAgent, wall: datetime, now: float) -> AgentView:
        """Kept until the agent is touched; for a second at most, for loads move with time alone."""
        if agent.view is not None and now < agent.view_until:
            return agent.view
        made = AgentView(
            name=agent.name,
            state=agent.state(wall),
            reachable=agent.reachable,
            reserved=agent.reserved,
            load=agent.activity.load(now, agent.open_cards),
            idle_since=agent.idle_since,
            dial=agent.dial,
        )
        # A wrap-up ends by itself: what is seen of it holds for no time at all.
        if agent.presence.wrap_up_until is None:
            agent.view, agent.view_until = made, now + _VIEW_S
        return made

    def touch(self, agent: LiveAgent) -> None:
        """Something about the agent is another thing now: say it, see it anew."""
        self._unsaid[agent.name] = None
        agent.view = None

    # -- what was chosen --------------------------------------------------------------------------

    def take(self, presence: Presence) -> None:
        """A choice that was made and written elsewhere: the row as it stands now."""
        agent = self._all.get(presence.agent)
        if agent is not None:
            agent.presence = presence
            self.touch(agent)

    def choose(self, name: str, chosen: ChosenState, reason: str | None) -> bool:
        """A choice made here, by the same rule as everywhere. False when it changes nothing."""
        agent = self._all[name]
        now = self._clock.now()
        after = after_choice(agent.presence, agent=name, chosen=chosen, reason=reason, now=now)
        changed = after != agent.presence
        self._put(agent, after)
        return changed

    def written(self, presence: Presence) -> None:
        """The row of a choice made here: its `since` is what later rows are compared with."""
        agent = self._all.get(presence.agent)
        if agent is not None and agent.presence.chosen is presence.chosen:
            since = max(agent.presence.since, presence.since)
            agent.presence = replace(agent.presence, since=since)

    def missed(self, name: str, max_misses: int) -> None:
        """One more unanswered offer; after *max_misses* in a row the agent is not answering."""
        agent = self._all[name]
        misses = agent.presence.misses + 1
        lost = agent.presence.not_answering or misses >= max_misses
        self._put(agent, replace(agent.presence, misses=misses, not_answering=lost))

    def answered(self, name: str) -> None:
        """The agent took an offer: misses in a row are over."""
        agent = self._all[name]
        if agent.presence.misses or agent.presence.not_answering:
            self._put(agent, replace(agent.presence, misses=0, not_answering=False))

    def wrap_up(self, name: str, seconds: float) -> None:
        """Wrap-up until *seconds* from now; 0 ends it."""
        agent = self._all[name]
        until = self._clock.now() + timedelta(seconds=seconds) if seconds > 0 else None
        if until != agent.presence.wrap_up_until:
            self._put(agent, replace(agent.presence, wrap_up_until=until))

    def _put(self, agent: LiveAgent, presence: Presence) -> None:
        if presence != agent.presence:
            agent.presence = presence
            self._unsaved[agent.name] = None
        self.touch(agent)

    # -- what was seen ----------------------------------------------------------------------------

    def free(self) -> dict[str, AgentView]:
        """Agents who could take a call now, by name."""
        return {view.name: view for view in self.views(self._all) if is_free(view)}

    def reserve(self, name: str, reserved: bool) -> None:
        """An offer of ours is under way, or no longer."""
        agent = self._all.get(name)
        if agent is not None:
            agent.reserved, agent.view = reserved, None

    def follow(self, call: Call, legs_of: Callable[[str], AgentLegs]) -> tuple[Left, ...]:
        """Take live legs of the agents of *call*. Returns who has just left which call.

        Not of *call* alone: what came together, as at the end of an attended transfer, is told call by call.
        """
        out: list[Left] = []
        for name in self.of_call(call.id) | {leg.agent for leg in call.legs if leg.agent}:
            agent = self._all.get(name)
            if agent is None:
                continue
            old, new = agent.legs, _by_call(legs_of(name))
            if new.get(call.id) and not old.get(call.id) and _only_rings(call, name):
                new[call.id] = False
            if old == new:
                continue
            agent.legs = new
            answers = (leg.answered_at for leg in call.legs if leg.agent == name and leg.ended_at is None)
            agent.talks_since = min((at for at in answers if at is not None), default=None)
            self.touch(agent)
            for gone in old.keys() - new.keys():
                self._leave(gone, name)
            for come in new.keys() - old.keys():
                self._by_call.setdefault(come, set()).add(name)
            out += [Left(name, left, talked) for left, talked in old.items() if left not in new]
        return tuple(out)

    def _leave(self, call_id: UUID, name: str) -> None:
        names = self._by_call.get(call_id, set())
        names.discard(name)
        if not names:
            self._by_call.pop(call_id, None)

    def open_cards(self, counts: Mapping[str, int]) -> None:
        """Open provisional cards by agent, as the database counted them."""
        for agent in self._all.values():
            count = counts.get(agent.name, 0)
            if agent.open_cards != count:
                agent.open_cards = count
                self.touch(agent)

    # -- what the world must hear -----------------------------------------------------------------

    def touch_all(self) -> None:
        """Look at everybody again: loads move with time alone."""
        self._unsaid.update(dict.fromkeys(self._all))

    def say_all(self) -> None:
        """Say everybody's state, changed or not: a listener may be new, or have missed something."""
        self.touch_all()
        self._say_again = True

    def changes(self) -> tuple[AgentStateChanged, ...]:
        """What the board must show differently since the last time this was asked."""
        names, self._unsaid = self._unsaid, {}
        again, self._say_again = self._say_again, False
        wall, now = self._clock.now(), self._clock.monotonic()
        known = (self._all[name] for name in names if name in self._all)
        made = (agent.news(wall, now, self._pbx, again=again) for agent in known)
        return tuple(change for change in made if change is not None)

    def unsaved(self) -> tuple[str, ...]:
        """Agents whose row changed since the last time this was asked."""
        names, self._unsaved = self._unsaved, {}
        return tuple(names)


def _by_call(legs: AgentLegs) -> dict[UUID, bool]:
    """Call → whether the agent talks (or holds) in it; False while it rings."""
    return dict.fromkeys(legs.ringing, False) | dict.fromkeys((*legs.talking, *legs.held), True)


def _only_rings(call: Call, name: str) -> bool:
    """No leg of the agent in a call from outside is up: one not seen to be dialled yet is no talk either."""
    if call.direction is Direction.INTERNAL or (call.direction is Direction.OUT and _calls(call, name)):
        return False  # an own call that is being set up makes busy
    states = {leg.state for leg in call.legs if leg.agent == name}
    return not states & {LegState.UP, LegState.HELD}


def _calls(call: Call, name: str) -> bool:
    """The call is the agent's own: the first leg is theirs."""
    return bool(call.legs) and call.legs[0].agent == name
