"""Agents mirrored into app_queue, the net that serves callers while the router is away.

What should be there follows from the agents' states; what is there is read from the switch at each resync
and believed in between. Only the difference is sent, so doing it twice changes nothing. Changes within a
moment become one pass; a pass sends a bounded number of actions and goes on where it stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog

from callrouter.acd.agent import LiveAgent
from callrouter.ami.session import Incomplete
from crm_core.clock import Clock
from crm_core.errors import CallcardError
from crm_core.presence.model import AgentState
from crm_core.queues.model import Queue

log = structlog.get_logger(__name__)

_PAUSED = frozenset({AgentState.BREAK, AgentState.WRAP_UP, AgentState.NOT_ANSWERING})
_PREFIX, _SUFFIX = "Local/", "@cc-fallback/n"
_PER_PASS = 200
_MOMENT_S = 0.2
_RESYNC_S = 60.0
_MINUTES_PER_PENALTY = 6.0  # a tenth of an hour: seldom enough to be quiet, fine enough to matter


@dataclass(frozen=True, slots=True)
class Seat:
    """An agent in one queue of the net."""

    paused: bool
    penalty: int


class NetMember(Protocol):
    """A member as the switch has it (callrouter.ami.actions.QueueMember)."""

    @property
    def queue(self) -> str: ...
    @property
    def interface(self) -> str: ...
    @property
    def penalty(self) -> int: ...
    @property
    def paused(self) -> bool: ...


class NetActor(Protocol):
    """The queue actions of the actor's link (callrouter.ami.actions.Actor)."""

    async def queue_members(self) -> Iterable[NetMember]: ...
    async def queue_add(
        self,
        queue: str,
        interface: str,
        *,
        member: str,
        state_interface: str,
        penalty: int = 0,
        paused: bool = False,
    ) -> bool: ...
    async def queue_remove(self, queue: str, interface: str) -> bool: ...
    async def queue_pause(
        self, interface: str, paused: bool, *, reason: str = "", queue: str | None = None
    ) -> bool: ...
    async def queue_penalty(self, queue: str, interface: str, penalty: int) -> bool: ...


Key = tuple[str, str]  # queue, agent


class Mirror:
    """Keeps app_queue's members like the agents are."""

    def __init__(
        self,
        net: NetActor,
        clock: Clock,
        *,
        agents: Callable[[], Mapping[str, LiveAgent]],
        queues: Callable[[], Mapping[str, Queue]],
        is_up: Callable[[], bool],
    ) -> None:
        self._net = net
        self._clock = clock
        self._agents = agents
        self._queues = queues
        self._is_up = is_up
        self._there: dict[Key, Seat] | None = None  # None: look first
        self._changed = asyncio.Event()

    def touch(self) -> None:
        """An agent changed: look again in a moment."""
        self._changed.set()

    def doubt(self) -> None:
        """The switch may have something else than we believe (new login, restart): read it first."""
        self._there = None
        self._changed.set()

    def wanted(self) -> dict[Key, Seat]:
        """Who should be in which queue: everybody logged in, paused while they take no calls."""
        wall, now = self._clock.now(), self._clock.monotonic()
        seats: dict[Key, Seat] = {}
        for queue in self._queues().values():
            for name in queue.members:
                agent = self._agents().get(name)
                if agent is None or (state := agent.state(wall)) is AgentState.OFFLINE:
                    continue
                load = agent.activity.load(now, agent.open_cards)
                penalty = min(10, int(load / _MINUTES_PER_PENALTY))
                seats[(queue.name, name)] = Seat(state in _PAUSED or not agent.reachable, penalty)
        return seats

    async def sync(self) -> bool:
        """One pass. Returns whether the net is like the agents now. Raises CallcardError, Incomplete."""
        if self._there is None:
            self._there = await self._read()
        wanted = self.wanted()
        steps = 0
        for key in sorted(wanted.keys() | self._there.keys()):
            seat, there = wanted.get(key), self._there.get(key)
            if seat == there:
                continue
            if steps == _PER_PASS:
                return False
            steps += 1
            await self._apply(key, seat, there)
        return True

    async def run(self) -> None:
        """Sync after each change and now and then, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(_RESYNC_S):
                    await self._changed.wait()
            except TimeoutError:
                self._there = None
            await asyncio.sleep(_MOMENT_S)
            self._changed.clear()
            if not self._is_up():
                self._there = None  # `doubt` is called when the link is back
                continue
            try:
                if not await self.sync():
                    self._changed.set()
            except (CallcardError, Incomplete) as error:
                self._there = None
                log.warning("net not mirrored", reason=str(error))
            except Exception:
                # What nobody foresaw of one pass must not leave the net as it is for good.
                self._there = None
                log.exception("net not mirrored")

    async def _read(self) -> dict[Key, Seat]:
        there: dict[Key, Seat] = {}
        for member in await self._net.queue_members():
            if member.interface.startswith(_PREFIX) and member.interface.endswith(_SUFFIX):
                agent = member.interface[len(_PREFIX) : -len(_SUFFIX)]
                there[(member.queue, agent)] = Seat(member.paused, member.penalty)
        return there

    async def _apply(self, key: Key, seat: Seat | None, there: Seat | None) -> None:
        """One member's difference. What the switch refuses is read anew in the next resync."""
        assert self._there is not None
        queue, agent = key
        interface = f"{_PREFIX}{agent}{_SUFFIX}"
        if seat is None:
            await self._net.queue_remove(queue, interface)
            if self._there is not None:
                self._there.pop(key, None)
            return
        if there is None:
            await self._net.queue_add(
                queue,
                interface,
                member=agent,
                state_interface=f"hint:{agent}@cc-hints",
                penalty=seat.penalty,
                paused=seat.paused,
            )
        else:
            if seat.paused != there.paused:
                await self._net.queue_pause(interface, seat.paused, queue=queue)
            if seat.penalty != there.penalty:
                await self._net.queue_penalty(queue, interface, seat.penalty)
        if self._there is not None:  # the link may have been lost meanwhile
            self._there[key] = seat
