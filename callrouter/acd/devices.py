"""Agents' devices: what is seen of them, and which are counted out because a call did not make them ring.

A device counted out gets no calls until it shows life: it registers, comes back from being unreachable,
rings, or answers a question of the switch (OPTIONS) that we ask for. Such an answer is believed once: a
device that answers it and again does not ring waits for more than that, a minute at most.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from callrouter.acd.agent import LiveAgent, LiveDevice
from callrouter.acd.core import Core
from callrouter.acd.ports import Probes
from callrouter.reading.observations import DeviceSeen, DeviceStatus
from crm_core.calls.model import Call, LegState, Offer
from crm_core.people.model import DeviceKind


class Devices:
    """Folds what is seen of devices into their agents; asks those counted out for a sign of life."""

    def __init__(self, core: Core, probes: Probes) -> None:
        self._core = core
        self._probes = probes

    def seen(self, seen: DeviceSeen) -> LiveAgent | None:
        """Take what the switch shows of a device. Returns its agent; None: nobody's, or nothing new of it."""
        agent = self._core.agents.of_endpoint(seen.endpoint)
        if agent is None:
            return None
        device = agent.devices[seen.endpoint]
        if _left_for_another_address(device, seen):
            return None
        up, was_down = seen.status is DeviceStatus.UP, device.up is False
        if device.up is not up:
            device.up = up
            self._core.agents.touch(agent)
        if seen.registered:
            device.silences = 0
        # Lists show each device that is registered: that proves nothing of one which does not ring.
        if up and (was_down or seen.in_use is not False):
            self._back(agent, seen.endpoint)
        self._core.rematch = True
        return agent

    def heard(self, call: Call) -> None:
        """A device that rings or talks is back, whatever we thought."""
        for leg in call.legs:
            if leg.endpoint is None or leg.state not in (LegState.RINGING, LegState.UP):
                continue
            agent = self._core.agents.of_endpoint(leg.endpoint)
            if agent is not None:
                agent.devices[leg.endpoint].silences = 0
                self._back(agent, leg.endpoint)

    def count_out(self, call: Call, offer: Offer) -> None:
        """Count out what was dialled for *offer* and never rang."""
        agent = self._core.agents.get(offer.agent)
        if agent is None:
            return
        silent = {leg.endpoint for leg in call.legs if leg.agent == offer.agent and leg.ringing_at is None}
        known = [endpoint for endpoint in agent.devices if endpoint in silent]
        for endpoint in known or [name for name, device in agent.devices.items() if device.reachable]:
            self._out(agent, endpoint)

    def _out(self, agent: LiveAgent, endpoint: str) -> None:
        device, seconds = agent.devices[endpoint], self._core.limits.device_out_s
        fixed = device.device.kind is DeviceKind.CONTACT
        if fixed:  # nothing but another try finds out that it is back: soon at first, then ever more seldom
            seconds = min(seconds, self._core.limits.contact_out_s * 2**device.silences)
        device.out_until = self._core.clock.now() + timedelta(seconds=seconds)
        device.silences += 1
        self._core.agents.touch(agent)
        self._core.deadlines.set(("device", endpoint), seconds, partial(self._another_try, endpoint))
        # A fixed contact is not asked: the switch takes one that does not answer for gone, and asks no more.
        if device.silences == 1 and not fixed:
            self._probes.begin(endpoint, partial(self._answered, endpoint))

    def _answered(self, endpoint: str) -> None:
        """It answered the switch's question: taken in among the deadlines, so that what follows is told."""
        self._core.deadlines.set(("device", endpoint), 0, partial(self._another_try, endpoint))

    def _another_try(self, endpoint: str) -> None:
        agent = self._core.agents.of_endpoint(endpoint)
        if agent is None:
            self._probes.end(endpoint)  # the office took the device away
        else:
            self._back(agent, endpoint)

    def _back(self, agent: LiveAgent, endpoint: str) -> None:
        device = agent.devices[endpoint]
        if device.out_until is None:
            return
        device.out_until = None
        self._probes.end(endpoint)
        self._core.deadlines.cancel(("device", endpoint))
        self._core.agents.touch(agent)
        self._core.line.phone_is_back(agent.name)
        self._core.rematch = True


def _left_for_another_address(device: LiveDevice, seen: DeviceSeen) -> bool:
    """Whether only an old address went: the phone has registered from another one. Remembers addresses."""
    if seen.contact is None:
        return False
    if seen.registered is not False:
        device.contacts.add(seen.contact)
        return False
    device.contacts.discard(seen.contact)
    return bool(device.contacts)
