"""Calls that begin with a press on a number: asked for here, begun by the router, which is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType
from uuid import UUID

from crm_core.bus.port import Bus
from crm_core.clock import Clock
from crm_core.errors import BadInput, CallcardError, Conflict, NotFound, Unavailable
from crm_core.i18n import N_
from crm_core.ids import new_id
from crm_core.people.dial_events import DialAnswered, DialWanted, NotDialled
from crm_core.people.model import Reader

ANSWER_S = 3.0

_REFUSALS: Mapping[NotDialled, Callable[[], CallcardError]] = MappingProxyType(
    {
        NotDialled.NO_PHONE: lambda: NotFound(
            N_("You have no telephone that could ring."),
            hint=N_("The office file gives a person one: a device of kind sip or contact."),
        ),
        NotDialled.AWAY: lambda: Conflict(
            N_("Your telephone cannot be reached."), hint=N_("Is it switched on and connected?")
        ),
        NotDialled.BUSY: lambda: Conflict(
            N_("You are in a call."), hint=N_("End it first, or dial on the telephone itself.")
        ),
        NotDialled.NOT_CALLED: lambda: BadInput(N_("This number is not called from here."), field="number"),
        NotDialled.SWITCH: lambda: Unavailable(
            N_("The telephone system does not take this now."), hint=N_("Dial on the telephone itself.")
        ),
    }
)


class Dialling:
    """The web's door to it. `run()` hears the router."""

    def __init__(self, bus: Bus, clock: Clock, *, pbx: str, answer_s: float = ANSWER_S) -> None:
        self._bus = bus
        self._clock = clock
        self._pbx = pbx
        self._answer_s = answer_s
        self._waiting: dict[UUID, asyncio.Future[NotDialled | None]] = {}

    async def run(self) -> None:
        """Hear what becomes of wishes, until cancelled."""
        events = await self._bus.subscribe(DialAnswered, name="dialling")
        try:
            async for event in events:
                if not isinstance(event, DialAnswered):
                    continue  # Lagged: who waits is told so in time
                waiting = self._waiting.get(event.wish)
                if waiting is not None and not waiting.done():
                    waiting.set_result(event.why)
        finally:
            await events.close()

    async def dial(self, reader: Reader, number: str) -> None:
        """Return when a telephone of *reader* rings, or is about to.

        Raises NotFound, Conflict, BadInput or Unavailable that say why it does not.
        """
        wish = new_id()
        self._waiting[wish] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._answer_s):
                await self._bus.publish(
                    DialWanted(
                        at=self._clock.now(), pbx=self._pbx, wish=wish, person=reader.person, number=number
                    )
                )
                why = await self._waiting[wish]
        except TimeoutError:
            raise _REFUSALS[NotDialled.SWITCH]() from None
        finally:
            del self._waiting[wish]
        if why is not None:
            raise _REFUSALS[why]()
