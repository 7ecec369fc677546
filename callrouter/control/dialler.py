"""Lets people's own telephones ring and call a number when they are picked up.

What is sent to the switch is made here alone: the device from the office, the context a constant, the number
checked against what the office calls. From the moment the telephone is picked up it is a call as if it had
been dialled there; until then its person is kept from other callers.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol
from uuid import UUID

import structlog

from callrouter.acd.agent import LiveAgent
from callrouter.acd.core import Core
from callrouter.reading.observations import ChannelGone, Observation, Step, StepName
from callrouter.tracking.channel import endpoint_of
from crm_core.bus.port import Bus, Subscription
from crm_core.errors import CallcardError
from crm_core.office.model import E164_FORM, OfficeFile
from crm_core.people.dial_events import DialAnswered, DialWanted, NotDialled
from crm_core.people.model import DeviceKind

log = structlog.get_logger(__name__)

RING_S = 20
_SEND_S = 2.0
_STALE = timedelta(seconds=5)  # whoever wished it has been told no
_KNOWN = 1_000  # wishes that are remembered: an event may come twice
_E164 = re.compile(E164_FORM)


class Actor(Protocol):
    """The actor's link (callrouter.ami.actions.Actor)."""

    async def originate(self, endpoint: str, number: str, *, ring_s: int) -> bool: ...


class Dialler:
    """`subscribe`, then `run` until cancelled, then `close`; `configure` and `observe` beside it."""

    def __init__(
        self, bus: Bus, actor: Actor, core: Core, *, pbx: str, is_up: Callable[[], bool] = lambda: True
    ) -> None:
        """*is_up*: whether the actor is logged in; else nothing is answered, as another router may do it."""
        self._bus = bus
        self._actor = actor
        self._is_up = is_up
        self._core = core
        self._pbx = pbx
        self._prefixes: tuple[str, ...] = ()
        self._own: frozenset[str] = frozenset()
        self._heard: Subscription | None = None
        self._known: OrderedDict[UUID, None] = OrderedDict()
        self._ringing: dict[str, str] = {}  # agent -> the device that is to ring

    def configure(self, office: OfficeFile) -> None:
        """Take which numbers the applied office calls."""
        self._prefixes = tuple(office.outgoing_prefixes())
        self._own = frozenset(office.numbers)

    async def subscribe(self) -> None:
        """Begin to listen; what is wished from now on is kept for `run`."""
        self._heard = await self._bus.subscribe(DialWanted, name=f"dialler-{self._pbx}")

    async def run(self) -> None:
        """Carry wishes out and say so, until cancelled."""
        assert self._heard is not None, "not subscribed"
        async for event in self._heard:
            if not isinstance(event, DialWanted) or event.pbx != self._pbx or not self._is_up():
                continue
            if not self._is_new(event):
                continue
            try:
                why = await self.carry_out(event.person, event.number)
                answer = DialAnswered(at=self._core.clock.now(), pbx=self._pbx, wish=event.wish, why=why)
                await self._bus.publish(answer)
            except CallcardError as error:
                log.warning("nobody was told of a wish to call", code=error.code)

    async def close(self) -> None:
        """Listen no more."""
        if self._heard is not None:
            await self._heard.close()

    async def carry_out(self, person: str, number: str) -> NotDialled | None:
        """Let a telephone of *person* ring. None: the switch does; else why it does not."""
        if _E164.match(number) is None or not number.startswith(self._prefixes) or number in self._own:
            return NotDialled.NOT_CALLED
        agent = self._core.agents.get(person)
        phones = _phones(agent) if agent is not None else []
        if agent is None or not phones:
            return NotDialled.NO_PHONE
        if agent.legs or agent.reserved:
            return NotDialled.BUSY
        endpoint = next((name for name in phones if agent.devices[name].reachable), None)
        if endpoint is None:
            return NotDialled.AWAY
        self._keep(person, endpoint)
        try:
            async with asyncio.timeout(_SEND_S):
                taken = await self._actor.originate(endpoint, number, ring_s=RING_S)
        except (TimeoutError, CallcardError) as error:
            log.warning("call not begun", reason=type(error).__name__)
            taken = False
        if not taken:
            self._let_go(person)
            return NotDialled.SWITCH
        return None

    def observe(self, observation: Observation) -> None:
        """Hear that a telephone was picked up, or was not."""
        match observation:
            case Step(step=StepName.ARRIVED):
                self._let_go(observation.values.get("fromagent", ""))
            case ChannelGone() if observation.channel.call_id is None:
                for person, endpoint in tuple(self._ringing.items()):
                    if endpoint == endpoint_of(observation.channel.name):
                        self._let_go(person)

    def _is_new(self, event: DialWanted) -> bool:
        if event.wish in self._known or self._core.clock.now() - event.at > _STALE:
            return False
        self._known[event.wish] = None
        if len(self._known) > _KNOWN:
            self._known.popitem(last=False)
        return True

    def _keep(self, person: str, endpoint: str) -> None:
        """Until it is picked up, or has rung for as long as it may."""
        self._ringing[person] = endpoint
        self._core.agents.reserve(person, True)
        self._core.deadlines.set(("dial", person), RING_S + _SEND_S, lambda: self._let_go(person))

    def _let_go(self, person: str) -> None:
        if self._ringing.pop(person, None) is not None:
            self._core.deadlines.cancel(("dial", person))
            self._core.agents.reserve(person, False)
            self._core.rematch = True


def _phones(agent: LiveAgent) -> list[str]:
    """Endpoints of telephones that ring by themselves: a page's own dials by itself."""
    return [
        endpoint for endpoint, device in agent.devices.items() if device.device.kind is not DeviceKind.BROWSER
    ]
