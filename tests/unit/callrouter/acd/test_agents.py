"""What is said of agents by a router that has just begun."""

from __future__ import annotations

from datetime import timedelta

import pytest

from callrouter.acd.agents import Agents
from callrouter.tracking.registry import AgentLegs
from crm_core.calls.model import CallState, Leg, LegRole, LegState
from crm_core.presence.model import AgentState, ChosenState, Presence
from tests.fakes.clock import FakeClock
from tests.fakes.house import call
from tests.unit.callrouter.acd.world import person

pytestmark = pytest.mark.unit

NAMES = ("anna", "boris", "vera")


def test_what_began_before_the_router_did_is_said_as_old_as_it_is() -> None:
    clock = FakeClock()
    agents, now = Agents(clock, "main"), clock.now()
    earlier = now - timedelta(minutes=20)
    agents.configure([person(name) for name in NAMES])
    agents.load(
        [
            Presence(agent="anna", chosen=ChosenState.AVAILABLE, reason=None, since=earlier),
            Presence(agent="boris", chosen=ChosenState.BREAK, reason="lunch", since=earlier),
        ]
    )
    answered = now - timedelta(minutes=3)
    talk = call(
        state=CallState.TALKING,
        agent="anna",
        legs=(
            Leg(
                channel="1700000000.2",
                channel_name="PJSIP/agent-anna-desk-00000001",
                role=LegRole.AGENT,
                agent="anna",
                endpoint="agent-anna-desk",
                number=None,
                state=LegState.UP,
                started_at=answered,
                answered_at=answered,
            ),
        ),
    )
    agents.follow(talk, lambda _name: AgentLegs(talking=(talk.id,)))
    said = {change.agent: (change.state, change.since) for change in agents.changes()}
    assert said == {
        "anna": (AgentState.TALKING, answered),
        "boris": (AgentState.BREAK, earlier),
        "vera": (AgentState.OFFLINE, now),
    }
    clock.advance(60)
    agents.follow(talk, lambda _name: AgentLegs())
    (change,) = agents.changes()
    assert (change.state, change.since) == (AgentState.AVAILABLE, clock.now()), "it began before our eyes"
