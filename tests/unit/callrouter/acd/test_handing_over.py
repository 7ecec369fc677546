"""Recorded transfers, told in batches of every size: what the agents are in afterwards."""

from __future__ import annotations

import pytest

from crm_core.calls.events import CallEvent
from crm_core.calls.model import Direction
from crm_core.presence.model import AgentState
from tests.unit.callrouter.acd.world import World, person, queue
from tests.unit.callrouter.tracking.streams import OFFICE, STREAMS, recorded

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("name", [name for name in STREAMS if "attended" in name])
def test_who_hands_over_wraps_up_however_much_of_it_is_told_at_once(name: str) -> None:
    items = recorded(name)
    for agent in ("anna", "boris"):
        for cut in range(len(items)):
            world = World([person("anna"), person("boris")], [queue("sales", "anna", "boris", wrap_up_s=60)])
            world.tracker.relearn(OFFICE)
            world.log_in("anna", "boris")
            for item in items[:cut]:
                world.dispatcher.observe(item)
            if world.state(agent) is not AgentState.TALKING:
                continue
            world.dispatcher.observe(*items[cut:])
            expected = AgentState.WRAP_UP if talked(world, agent) else AgentState.AVAILABLE
            assert world.state(agent) is expected, (agent, cut)


def talked(world: World, agent: str) -> bool:
    """Whether a customer's call has a leg of *agent* that was up."""
    calls = {event.call.id: event.call for event in world.outlet.events if isinstance(event, CallEvent)}
    legs = [leg for call in calls.values() if call.direction is Direction.IN for leg in call.legs]
    return any(leg.agent == agent and leg.answered_at is not None for leg in legs)
