"""Events leave in order, at least once, and never block who puts them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from callrouter.acd.outlet import EventOutlet, Stream
from crm_core.bus.event import Event
from crm_core.bus.memory import MemoryBus
from crm_core.calls.events import CallEnded
from crm_core.errors import Unavailable
from crm_core.presence.events import AgentStateChanged
from crm_core.presence.model import AgentState
from tests.fakes.calls import answered_call
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.unit


def news(agent: str) -> AgentStateChanged:
    return AgentStateChanged(agent=agent, state=AgentState.BREAK, reason=None, since=FakeClock().now())


class Taker:
    def __init__(self) -> None:
        self.taken: list[Event] = []
        self.away = False

    async def __call__(self, events: Sequence[Event], *, heard: bool = True) -> None:
        if self.away:
            raise Unavailable
        self.taken.extend(events)


async def test_what_was_not_taken_stays_in_line() -> None:
    taker = Taker()
    stream = Stream("test", taker, limit=10)
    first, second = news("anna"), news("boris")
    taker.away = True
    stream.put([first])
    with pytest.raises(Unavailable):
        await stream.drain()
    taker.away = False
    stream.put([second])
    await stream.drain()
    assert taker.taken == [first, second]


async def test_overflow_drops_the_oldest_and_counts() -> None:
    taker = Taker()
    stream = Stream("test", taker, limit=2)
    events = [news(name) for name in ("anna", "boris", "clara")]
    stream.put(events)
    await stream.finish(1.0)
    assert (taker.taken, stream.dropped) == (events[1:], 1)


async def test_an_event_nobody_can_take_holds_up_no_other() -> None:
    taken: list[Event] = []

    async def send(events: Sequence[Event]) -> None:
        if bad in events:
            raise LookupError
        taken.extend(events)

    stream = Stream("test", send, limit=10)
    first, bad, last = (news(name) for name in ("anna", "boris", "clara"))
    stream.put([first, bad, last])
    await stream.drain()
    assert (taken, stream.refused) == ([first, last], 1)
    stream.put([first])
    await stream.drain()
    assert taken[2:] == [first]


async def test_handed_means_subscribers_have_it() -> None:
    bus = MemoryBus()
    heard = await bus.subscribe(name="test")
    recorded = Taker()
    outlet = EventOutlet(bus, recorded)
    sent = news("anna")
    outlet.put(sent)
    assert await outlet.handed(0.1)
    async for one in heard:
        assert one is sent
        break
    assert recorded.taken == [], "states of agents are not calls"
    await bus.close()


async def test_a_slow_bus_costs_only_the_budget() -> None:
    class SlowBus(MemoryBus):
        async def publish(self, *events: Event) -> None:
            await asyncio.Event().wait()

    outlet = EventOutlet(SlowBus(), Taker())
    outlet.put(news("anna"))
    assert not await outlet.handed(0.01)


async def test_the_journal_is_told_whether_the_bus_has_an_event() -> None:
    class AwayBus(MemoryBus):
        async def publish(self, *events: Event) -> None:
            raise Unavailable

    said: list[bool] = []

    async def record(_events: Sequence[Event], *, heard: bool) -> None:
        said.append(heard)

    for bus in (MemoryBus(), AwayBus()):
        outlet = EventOutlet(bus, record)
        outlet.put(CallEnded(call=answered_call(FakeClock().now())))
        await outlet.handed(0.1)
        await outlet.journal.drain()
    assert said == [True, False]
