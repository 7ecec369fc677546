"""The freed agent gets the oldest waiting caller: by AMI Redirect, not by waiting for the caller's next ask.

A pull reserves the agent and sends the caller to `cc-offer`, where the dialplan asks again: that ask is the
one commit point. Success of a Redirect only means queued, so a pull lives half a second.
"""

from __future__ import annotations

from functools import partial

from callrouter.acd.core import Core
from callrouter.acd.line import LiveCall
from callrouter.acd.ports import Switch
from callrouter.acd.reservations import Reservation, Stage
from crm_core.routing.choose import assign


class Pulls:
    """Matches free agents with waiting callers, and fetches those that may be fetched now."""

    def __init__(self, core: Core, switch: Switch) -> None:
        self._core = core
        self._switch = switch

    def match(self) -> None:
        """Give each free agent to the oldest caller with a right to them."""
        core = self._core
        core.rematch = False
        now = core.clock.monotonic()
        if next(core.line.waiting(now), None) is None:
            return
        free = core.agents.free()
        if not free:
            return
        for call_id, agent in assign(core.line.rights(now, core.queues.get), free).items():
            call = core.line.get(call_id)
            if call is not None and self._may_pull(call, now):
                self._pull(call, agent)

    def answered_wait(self, call: LiveCall) -> None:
        """The call was told to wait: once the dialplan has reached its music it may be pulled."""
        call.pull_from = self._core.clock.monotonic() + self._core.limits.settle_s
        self._later(call, self._core.limits.settle_s)

    def asked(self, call: LiveCall) -> str | None:
        """The call asks (or ended): its pull, if any, has done its work. Returns the agent pulled for."""
        taken = self._core.reservations.of_call(call.id)
        call.pulls_failed = 0
        if taken is None or taken.stage is not Stage.PULL:
            return None
        self._release(taken, call)
        return taken.agent

    def _may_pull(self, call: LiveCall, now: float) -> bool:
        return not call.pulled and now >= call.pull_from

    def _pull(self, call: LiveCall, agent: str) -> None:
        core = self._core
        taken = core.reservations.take(agent, call.id, Stage.PULL)
        call.pulled = True
        core.deadlines.set(("pull", taken.id), core.limits.pull_s, partial(self._failed, taken))
        if not self._switch.pull(self._channel(call), partial(self._failed, taken)):
            # The actor's link is away. The caller asks by itself within ten seconds, and the agent is
            # kept from newcomers until then by the caller's older right, not by a reservation.
            self._release(taken, call)
            self.back_off(call)

    def _channel(self, call: LiveCall) -> str:
        """The name of the caller's channel now: a transfer may have given it another."""
        known = self._core.call(call.id)
        legs = known.legs if known else ()
        return next((leg.channel_name for leg in legs if leg.channel == call.uniqueid), call.channel)

    def _failed(self, taken: Reservation) -> None:
        """Refused, or no ask came: the agent is free again, the caller tried again a little later."""
        call = self._core.line.get(taken.call_id)
        if call is None or not self._core.reservations.holds(taken):
            return
        self._release(taken, call)
        call.pulls_failed += 1
        self.back_off(call)
        self._core.rematch = True

    def back_off(self, call: LiveCall) -> None:
        """Leave the call where it is for a moment."""
        call.pull_from = self._core.clock.monotonic() + self._core.limits.pull_again_s
        self._later(call, self._core.limits.pull_again_s)

    def _release(self, taken: Reservation, call: LiveCall) -> None:
        call.pulled = False
        self._core.deadlines.cancel(("pull", taken.id))
        self._core.reservations.release(taken)

    def _later(self, call: LiveCall, seconds: float) -> None:
        def look() -> None:
            self._core.rematch = True

        self._core.deadlines.set(("wait", call.id), seconds, look)
