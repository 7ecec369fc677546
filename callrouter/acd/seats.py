"""Agents' seats: what they chose, what their devices say, wrap-up; and the news of it for everybody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from callrouter.acd.agent import LiveAgent
from callrouter.acd.agents import Left
from callrouter.acd.core import Core
from callrouter.acd.devices import Devices
from callrouter.acd.ports import Behind, PresenceKeeper
from callrouter.reading.observations import DeviceSeen
from crm_core.calls.model import Call, Direction
from crm_core.people.model import DeviceKind
from crm_core.presence.events import AgentStateChosen
from crm_core.presence.model import ChosenState, Presence

_GONE_S = 5.0  # a phone that registers anew is away for a moment
_LOAD_S = 15.0  # loads move with time alone; looked at this often
_AGAIN_S = 60.0  # whoever shows agents and began in between has them all after this


class Seats:
    """Folds choices and devices into the agents, saves rows behind, tells changes."""

    def __init__(self, core: Core, keeper: PresenceKeeper, behind: Behind, devices: Devices) -> None:
        self._core = core
        self._devices = devices
        self._keeper = keeper
        self._behind = behind
        self._on_change: Callable[[], None] = lambda: None
        self._before_gone: dict[str, tuple[ChosenState, str | None]] = {}
        # Agents whose device has chosen for them, until that is a row: what it was chosen over.
        self._over: dict[str, datetime] = {}
        self._loads()
        self._say_all()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Who hears that some agent's state or row changed; must not block or raise."""
        self._on_change = listener

    def load(self, presences: tuple[Presence, ...]) -> None:
        """Take stored rows; wrap-up goes on until its stored deadline, not one second longer."""
        self._core.agents.load(presences)
        now = self._core.clock.now()
        for presence in presences:
            if presence.wrap_up_until is not None and self._core.agents.get(presence.agent):
                left = (presence.wrap_up_until - now).total_seconds()
                self._wrap_up_ends(presence.agent, max(left, 0.0))
        self._core.rematch = True

    def chosen(self, event: AgentStateChosen) -> None:
        """A choice made elsewhere (API, another process), already in the database."""
        name, since = event.presence.agent, event.presence.since
        agent = self._core.agents.get(name)
        if agent is None or since == agent.presence.since:
            return  # our own, come back to us
        # A person may have chosen a moment before a device did, which did not know of it.
        if since <= self._over.get(name, agent.presence.since):
            return  # older than what we know
        self._core.agents.take(event.presence)
        self._has_chosen(name, event.presence.chosen)

    def choose(self, name: str, chosen: ChosenState, *, reason: str | None, by: str) -> bool:
        """A choice of a person made here (dialled code): holds at once, written behind.

        False: nobody we know.
        """
        agent = self._core.agents.get(name)
        if agent is None:
            return False
        if self._core.agents.choose(name, chosen, reason):
            self._write_behind(agent, by, over=agent.presence.since)
        self._has_chosen(name, chosen)
        return True

    def _device_chose(self, agent: LiveAgent, chosen: ChosenState, reason: str | None) -> None:
        """What follows from a device that came or went, as far as we know; a person's word goes before it."""
        over = self._over.get(agent.name, agent.presence.since)
        if self._core.agents.choose(agent.name, chosen, reason):
            self._write_behind(agent, "device", over=over)
        self._has_chosen(agent.name, chosen)
        self._over[agent.name] = over

    def _write_behind(self, agent: LiveAgent, by: str, *, over: datetime) -> None:
        job = partial(self._write, agent.presence, by, over)
        self._behind.put(("choose", agent.name), job)

    async def _write(self, choice: Presence, by: str, over: datetime) -> None:
        row = await self._keeper.choose(
            choice.agent, choice.chosen, choice.reason, by=by, at=choice.since, over=over
        )
        self._core.agents.written(row)
        agent = self._core.agents.get(choice.agent)
        if agent is not None and agent.presence.since == row.since:
            self._over.pop(choice.agent, None)
        await self._save(choice.agent)  # what happened to the agent since the choice was made

    async def _save(self, name: str) -> None:
        """Write the row as it is now, not as it was when it changed: jobs may be minutes late."""
        agent = self._core.agents.get(name)
        if agent is not None:
            await self._keeper.save(agent.presence)

    def _has_chosen(self, name: str, chosen: ChosenState) -> None:
        self._before_gone.pop(name, None)
        self._over.pop(name, None)
        if chosen is ChosenState.AVAILABLE:
            self._core.deadlines.cancel(("wrap_up", name))
        self._core.rematch = True

    # -- devices ----------------------------------------------------------------------------------

    def device_seen(self, seen: DeviceSeen) -> None:
        """A device came or went; logging a phone in makes its agent available, the last one gone offline."""
        agent = self._devices.seen(seen)
        if agent is None or agent.devices[seen.endpoint].device.kind is DeviceKind.CONTACT:
            return  # a fixed contact does not log in: it says nothing of its agent's wish to work
        if seen.registered:
            self._core.deadlines.cancel(("gone", agent.name))
            self._core.line.phone_is_back(agent.name)
            if agent.presence.chosen is ChosenState.OFFLINE:
                chosen, reason = self._before_gone.get(agent.name, (ChosenState.AVAILABLE, None))
                self._device_chose(agent, chosen, reason)
        elif seen.registered is False and not agent.reachable:
            self._core.deadlines.set(("gone", agent.name), _GONE_S, partial(self._gone, agent))

    def _gone(self, agent: LiveAgent) -> None:
        if agent.reachable or agent.presence.chosen is ChosenState.OFFLINE:
            return
        before = agent.presence
        self._device_chose(agent, ChosenState.OFFLINE, None)
        self._before_gone[agent.name] = (before.chosen, before.reason)

    # -- calls ------------------------------------------------------------------------------------

    def follow(self, call: Call) -> None:
        """Take the agents' legs of *call*; who has just talked for a queue goes into its wrap-up."""
        for left in self._core.agents.follow(call, self._core.agent_legs):
            over = self._core.call(left.call_id)  # or the call that it became part of
            if over is None or left.agent in self._core.agents.of_call(over.id) or not _talked(over, left):
                continue
            queue = self._core.queues.get(over.queue or "")
            caller = over.legs[0].agent if over.direction is Direction.INTERNAL else None
            if queue is not None and queue.wrap_up_s and left.agent != caller:
                self._core.agents.wrap_up(left.agent, queue.wrap_up_s)
                self._wrap_up_ends(left.agent, queue.wrap_up_s)

    def _wrap_up_ends(self, name: str, seconds: float) -> None:
        self._core.deadlines.set(("wrap_up", name), seconds, partial(self._wrapped_up, name))

    def _wrapped_up(self, name: str) -> None:
        if self._core.agents.get(name):
            self._core.agents.wrap_up(name, 0)
            self._core.rematch = True

    # -- news -------------------------------------------------------------------------------------

    def tell(self) -> bool:
        """Put out changed states, save changed rows. Returns whether any state changed."""
        changes = self._core.agents.changes()
        if changes:
            self._core.outlet.put(*changes)
        unsaved = self._core.agents.unsaved()
        if changes or unsaved:
            self._on_change()
        for name in unsaved:
            self._behind.put(("presence", name), partial(self._save, name))
        return bool(changes)

    def _loads(self) -> None:
        self._core.agents.touch_all()
        self._core.deadlines.set(("loads",), _LOAD_S, self._loads)

    def _say_all(self) -> None:
        self._core.agents.say_all()
        self._core.deadlines.set(("all states",), _AGAIN_S, self._say_all)


def _talked(call: Call, left: Left) -> bool:
    """Whether who left *call* had picked up; of a talk nobody saw, whether what rang last was talked on."""
    legs = [leg for leg in call.legs if leg.agent == left.agent]
    if call.direction is Direction.OUT and call.answered_at is None:
        return False  # it rang at the customer's, however long
    if left.talked:
        return any(leg.answered_at is not None for leg in legs)
    return bool(legs) and legs[-1].talk_s > 0
