"""Events leave in order, once each when all is well, again after a crash, and poison holds up nobody."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from crm_core.bus.event import Event, register
from crm_core.bus.memory import MemoryBus
from crm_core.bus.port import Subscription
from crm_core.db import outbox
from crm_core.db.engine import Database
from crm_core.db.outbox import DeadLetterRow, OutboxRelay, OutboxRow
from crm_core.errors import Unavailable
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.integration


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class Noted(Event):
    """Test event."""

    n: int
    words: tuple[str, ...] = ()


class BrokenBus(MemoryBus):
    """A bus that is away while *broken*."""

    broken = True

    async def publish(self, *events: Event) -> None:
        if self.broken and events:
            raise Unavailable("away")
        await super().publish(*events)


async def write(database: Database, *events: Event) -> None:
    async with database.transaction() as connection:
        await outbox.add(connection, events)


async def count(database: Database, statement: str) -> int:
    async with database.hot(timeout_s=5) as connection:
        return int(await connection.fetchval(statement))


async def take(subscription: Subscription, number: int) -> list[Event]:
    taken: list[Event] = []
    async with asyncio.timeout(20):
        async for event in subscription:
            taken.append(event)
            if len(taken) == number:
                break
    return taken


async def test_all_go_out_once_in_order_of_writing(database: Database) -> None:
    bus = MemoryBus()
    reader = await bus.subscribe(name="reader")
    relay = OutboxRelay(database, bus, FakeClock())
    events = [Noted(n=n, words=("Ə", '"quoted"')) for n in range(1_200)]
    await write(database, *events[:700])
    async with database.hot(timeout_s=5) as connection, connection.transaction():
        await outbox.add_hot(connection, events[700:])
    assert await relay.sweep() == 1_200
    assert await relay.sweep() == 0
    assert await take(reader, 1_200) == events


async def test_what_is_rolled_back_never_goes_out_and_twice_written_is_once(database: Database) -> None:
    kept, undone = Noted(n=1), Noted(n=2)
    with pytest.raises(LookupError):
        async with database.transaction() as connection:
            await outbox.add(connection, [undone])
            raise LookupError
    await write(database, kept)
    await write(database, kept)
    bus = MemoryBus()
    reader = await bus.subscribe(name="reader")
    assert await OutboxRelay(database, bus, FakeClock()).sweep() == 1
    assert await take(reader, 1) == [kept]


async def test_a_table_that_is_away_for_a_moment_ends_no_relay(database: Database) -> None:
    bus = MemoryBus()
    heard = await bus.subscribe(Noted, name="test")
    relay = OutboxRelay(database, bus, FakeClock(), interval_s=0.05)
    await relay.start()
    async with database.hot(timeout_s=5) as connection:
        await connection.execute("ALTER TABLE outbox RENAME TO elsewhere")
        relay.wake()
        await asyncio.sleep(0.3)
        await connection.execute("ALTER TABLE elsewhere RENAME TO outbox")
    await write(database, Noted(n=1))
    assert [event.n for event in await take(heard, 1) if isinstance(event, Noted)] == [1]
    await relay.stop()


async def test_while_the_bus_is_away_they_wait(database: Database) -> None:
    bus = BrokenBus()
    reader = await bus.subscribe(name="reader")
    relay = OutboxRelay(database, bus, FakeClock())
    await write(database, Noted(n=1))
    with pytest.raises(Unavailable):
        await relay.sweep()
    bus.broken = False
    assert await relay.sweep() == 1
    assert len(await take(reader, 1)) == 1


async def test_the_running_relay_begins_with_what_a_crash_left_and_follows_each_wake(
    database: Database,
) -> None:
    bus = BrokenBus()
    reader = await bus.subscribe(name="reader")
    relay = OutboxRelay(database, bus, FakeClock(), interval_s=0.02)
    await write(database, Noted(n=1))
    await relay.start()
    await asyncio.sleep(0.1)  # it meets the bus that is away
    bus.broken = False
    assert [event.n for event in await take(reader, 1) if isinstance(event, Noted)] == [1]
    await write(database, Noted(n=2))
    relay.wake()
    assert [event.n for event in await take(reader, 1) if isinstance(event, Noted)] == [2]
    await relay.stop()


async def test_an_unreadable_row_is_tried_three_times_then_buried_and_the_rest_flows(
    database: Database,
) -> None:
    bus = MemoryBus()
    reader = await bus.subscribe(name="reader")
    relay = OutboxRelay(database, bus, FakeClock())
    first, last = Noted(n=1), Noted(n=2)
    await write(database, first)
    async with database.hot(timeout_s=5) as connection:
        insert = "INSERT INTO outbox (event_id, name, body) VALUES (gen_random_uuid(), $1, $2)"
        await connection.execute(insert, "FromTheFuture", {"n": 1})
        await connection.execute(insert, "Noted", {"n": "not a number"})
    await write(database, last)
    assert await relay.sweep() == 2
    assert await take(reader, 2) == [first, last]
    assert await relay.sweep() == 0
    assert await count(database, "SELECT count(*) FROM outbox WHERE published_at IS NULL") == 2
    assert await relay.sweep() == 0
    assert await count(database, "SELECT count(*) FROM outbox WHERE published_at IS NULL") == 0
    async with database.transaction() as connection:
        buried = (await connection.execute(select(DeadLetterRow.__table__).order_by("seq"))).all()
    assert [row.name for row in buried] == ["FromTheFuture", "Noted"]
    assert "This event has no known name" in buried[0].error
    assert "Expected `int`" in buried[1].error


async def test_of_two_relays_one_works_at_a_time(database: Database) -> None:
    """The first is held in the middle of its publish; the second finds nothing to do."""
    held, go_on = asyncio.Event(), asyncio.Event()

    class SlowBus(MemoryBus):
        async def publish(self, *events: Event) -> None:
            held.set()
            await go_on.wait()
            await super().publish(*events)

    slow, quick = SlowBus(), MemoryBus()
    await write(database, Noted(n=1))
    first = asyncio.create_task(OutboxRelay(database, slow, FakeClock()).sweep(), name="first")
    await held.wait()
    assert await OutboxRelay(database, quick, FakeClock()).sweep() == 0
    go_on.set()
    assert await first == 1


async def test_what_went_out_a_day_ago_is_deleted_and_what_waits_is_kept(database: Database) -> None:
    clock = FakeClock()
    relay = OutboxRelay(database, MemoryBus(), clock)
    await write(database, Noted(n=1))
    await relay.sweep()
    clock.advance(timedelta(days=1, minutes=1).total_seconds())
    await write(database, Noted(n=2))
    await relay.sweep()
    async with database.transaction() as connection:
        left = (await connection.execute(select(OutboxRow.body["n"].as_integer()))).scalars().all()
        total = (await connection.execute(select(func.count()).select_from(text("outbox")))).scalar_one()
    assert (left, total) == ([2], 1)
