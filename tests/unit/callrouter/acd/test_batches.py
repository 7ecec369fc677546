"""Recorded calls, told in batches of every size: a busy router ends where an idle one does."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import repeat

import pytest

from crm_core.calls.events import CallEvent
from crm_core.calls.model import Call
from crm_core.presence.model import AgentState
from tests.unit.callrouter.acd.world import World, person, queue
from tests.unit.callrouter.tracking.streams import OFFICE, STREAMS, recorded

pytestmark = pytest.mark.unit

AGENTS = ("anna", "boris", "clara", "vera")
SEEDS = range(8)


def told(name: str, sizes: Iterator[int]) -> World:
    """The world after the recorded stream *name*, in batches of these *sizes*."""
    queues = [queue("sales", *AGENTS[:3], wrap_up_s=60), queue("quiet", "boris", wrap_up_s=30)]
    world = World([person(agent) for agent in AGENTS], queues)
    world.tracker.relearn(OFFICE)
    world.log_in(*AGENTS)
    items, begin = recorded(name), 0
    while begin < len(items):
        size = next(sizes)
        world.dispatcher.observe(*items[begin : begin + size])
        begin += size
    return world


def sizes(seed: int) -> Iterator[int]:
    chance = random.Random(seed)
    while True:
        yield chance.choice((1, 1, 2, 3, 5, 8))


def agents(world: World) -> dict[str, tuple[AgentState, int]]:
    shown = {agent: world.core.agents.get(agent) for agent in AGENTS}
    return {name: (world.state(name), agent.presence.misses) for name, agent in shown.items() if agent}


def calls(world: World) -> dict[object, tuple[object, ...]]:
    ids = {event.call.id for event in world.outlet.events if isinstance(event, CallEvent)}
    known = [call for id in ids if (call := world.tracker.call(id)) is not None]
    return {call.id: (call.state, call.outcome, call.agent, len(call.legs)) for call in known}


@pytest.mark.parametrize("name", STREAMS)
def test_agents_and_calls_end_the_same(name: str) -> None:
    one_by_one = told(name, repeat(1))
    for seed in SEEDS:
        together = told(name, sizes(seed))
        assert agents(together) == agents(one_by_one), seed
        assert calls(together) == calls(one_by_one), seed


@pytest.mark.parametrize("name", [name for name in STREAMS if "attended" in name])
def test_who_talked_with_a_customer_wraps_up_after_it(name: str) -> None:
    world = told(name, repeat(1))
    talked = {leg.agent for call in _customers(world) for leg in call.legs if leg.agent and leg.talk_s > 0}
    wrapping = {agent for agent in AGENTS if world.state(agent) is AgentState.WRAP_UP}
    assert wrapping == talked != set()


def _customers(world: World) -> list[Call]:
    """Calls from outside, as they ended."""
    ended = {event.call.id: event.call for event in world.outlet.events if isinstance(event, CallEvent)}
    return [call for call in ended.values() if call.queue is not None and call.merged_into is None]
