"""One contract, two adapters: what every bus does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from uuid import UUID

import pytest

from crm_core.bus.event import Event, register
from crm_core.bus.memory import MemoryBus
from crm_core.bus.port import Bus, Lagged, Subscription
from crm_core.bus.redis_streams import RedisBus
from crm_core.errors import BadInput, Unavailable

pytestmark = pytest.mark.integration


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class Counted(Event):
    """Test event."""

    n: int
    names: tuple[str, ...] = ()
    call: UUID | None = None


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class Named(Event):
    """Test event."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unregistered(Event):
    """Test event without a name on the wire."""


@pytest.fixture(params=["memory", "redis"])
async def make_bus(request: pytest.FixtureRequest) -> AsyncIterator[Callable[[], Bus]]:
    """Makes a bus; for Redis each one stands for a process of its own."""
    made: list[Bus] = []
    shared = MemoryBus()
    url = request.getfixturevalue("redis_url") if request.param == "redis" else ""

    def make() -> Bus:
        bus: Bus = RedisBus(url) if url else shared
        made.append(bus)
        return bus

    yield make
    for bus in made:
        await bus.close()


async def take(subscription: Subscription, count: int) -> list[Event]:
    taken: list[Event] = []
    async with asyncio.timeout(20):
        async for event in subscription:
            taken.append(event)
            if len(taken) == count:
                break
    return taken


async def test_every_subscriber_gets_the_same_events_in_order(make_bus: Callable[[], Bus]) -> None:
    publisher, reader = make_bus(), make_bus()
    first = await reader.subscribe(name="first")
    second = await publisher.subscribe(name="second")
    events = [Counted(n=n, names=("Ə", "И"), call=UUID(int=n)) for n in range(700)]
    for start in range(0, 700, 70):
        await publisher.publish(*events[start : start + 70])
    assert await take(first, 700) == events
    assert await take(second, 700) == events


async def test_only_what_is_published_after_the_subscription(make_bus: Callable[[], Bus]) -> None:
    bus = make_bus()
    early = await bus.subscribe(name="early")
    await bus.publish(Counted(n=1))
    late = await make_bus().subscribe(name="late")
    await bus.publish(Counted(n=2))
    assert [event.n for event in await take(early, 2) if isinstance(event, Counted)] == [1, 2]
    assert [event.n for event in await take(late, 1) if isinstance(event, Counted)] == [2]


async def test_only_the_classes_that_were_asked_for(make_bus: Callable[[], Bus]) -> None:
    bus = make_bus()
    subscription = await bus.subscribe(Named, name="names")
    await bus.publish(Counted(n=1), Named(name="a"), Counted(n=2), Named(name="b"))
    assert [event.name for event in await take(subscription, 2) if isinstance(event, Named)] == ["a", "b"]


async def test_a_slow_reader_is_told_how_much_it_lost(make_bus: Callable[[], Bus]) -> None:
    bus = make_bus()
    slow = await bus.subscribe(name="slow", limit=10)
    fast = await bus.subscribe(name="fast", limit=100)
    await bus.publish(*(Counted(n=n) for n in range(25)))
    assert len(await take(fast, 25)) == 25
    lagged, *rest = await take(slow, 11)
    assert isinstance(lagged, Lagged) and lagged.lost == 15
    assert [event.n for event in rest if isinstance(event, Counted)] == list(range(15, 25))
    await bus.publish(Counted(n=99))
    assert [event.n for event in await take(slow, 1) if isinstance(event, Counted)] == [99]


async def test_a_closed_subscription_ends_its_reader_and_no_other(make_bus: Callable[[], Bus]) -> None:
    bus = make_bus()
    closing, staying = await bus.subscribe(name="closing"), await bus.subscribe(name="staying")
    reading = asyncio.create_task(take(closing, 1), name="reading")
    await asyncio.sleep(0)
    await closing.close()
    await closing.close()
    assert await reading == []
    await bus.publish(Counted(n=1))
    assert len(await take(staying, 1)) == 1


async def test_a_closed_bus_ends_all_readers_and_takes_nothing(make_bus: Callable[[], Bus]) -> None:
    bus = make_bus()
    reading = asyncio.create_task(take(await bus.subscribe(name="reader"), 1), name="reading")
    await asyncio.sleep(0)
    await bus.close()
    assert await reading == []
    with pytest.raises(Unavailable):
        await bus.publish(Counted(n=1))
    with pytest.raises(Unavailable):
        await bus.subscribe(name="late")


async def test_an_event_without_a_name_on_the_wire_is_refused(make_bus: Callable[[], Bus]) -> None:
    with pytest.raises(BadInput, match="This event has no known name"):
        await make_bus().publish(Unregistered())


async def test_publishing_without_anybody_there_is_no_error(make_bus: Callable[[], Bus]) -> None:
    bus = make_bus()
    await bus.publish(Counted(n=1))
    await bus.publish()
