"""Redis away, back, flushed, frozen, too short: nobody hangs, and every loss is told."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import redis.asyncio as redis

from crm_core.bus.port import Lagged, Subscription
from crm_core.bus.redis_streams import EPOCH, PART, STREAM, RedisBus
from crm_core.errors import Unavailable
from crm_core.health import Health, HealthState
from tests.integration.bus.test_bus import Counted, take
from tests.servers import RedisProcess

pytestmark = pytest.mark.integration


@pytest.fixture
def server(redis_program: str, tmp_path: Path) -> Iterator[RedisProcess]:
    """A redis-server that this test may harm."""
    process = RedisProcess(redis_program, "127.0.0.32", tmp_path)
    process.start()
    try:
        yield process
    finally:
        process.stop()


@asynccontextmanager
async def opened(server: RedisProcess, health: Health | None = None) -> AsyncIterator[RedisBus]:
    bus = RedisBus(server.url, timeout_s=0.5, health=health)
    try:
        yield bus
    finally:
        await bus.close()


async def publish_when_back(bus: RedisBus, n: int) -> None:
    async with asyncio.timeout(15):
        while True:
            try:
                return await bus.publish(Counted(n=n))
            except Unavailable:
                await asyncio.sleep(0.05)


async def numbers_after_lag(subscription: Subscription) -> list[int]:
    """Read until Lagged, then one more."""
    async with asyncio.timeout(15):
        async for event in subscription:
            if isinstance(event, Lagged):
                break
    return [event.n for event in await take(subscription, 1) if isinstance(event, Counted)]


async def _epoch(raw: redis.Redis) -> str:
    epoch = await raw.get(EPOCH)
    assert isinstance(epoch, bytes)
    return epoch.decode()


async def lagged(subscription: Subscription) -> Lagged:
    (event,) = await take(subscription, 1)
    assert isinstance(event, Lagged)
    return event


async def test_a_restart_is_told_and_then_it_flows_again(server: RedisProcess) -> None:
    health = Health()
    async with opened(server, health) as bus:
        subscription = await bus.subscribe(name="reader")
        await bus.publish(Counted(n=1))
        await take(subscription, 1)
        server.stop()
        loop = asyncio.get_running_loop()
        began = loop.time()
        with pytest.raises(Unavailable):
            await bus.publish(Counted(n=2))
        assert loop.time() - began < 5
        server.start()
        await lagged(subscription)
        await publish_when_back(bus, 3)
        assert [event.n for event in await take(subscription, 1) if isinstance(event, Counted)] == [3]
        part = health.get(PART)
        assert part is not None and part.state is HealthState.UP


async def test_a_flush_is_told_though_the_connection_stays(server: RedisProcess) -> None:
    async with opened(server) as bus:
        subscription = await bus.subscribe(name="reader")
        for n in range(5):
            await bus.publish(Counted(n=n))
        await take(subscription, 5)
        server.flush()
        await lagged(subscription)
        await bus.publish(Counted(n=9))
        assert [event.n for event in await take(subscription, 1) if isinstance(event, Counted)] == [9]


async def test_a_flush_hidden_by_new_events_is_told_too(server: RedisProcess) -> None:
    """More is published after the flush, before the reader looks, than there was before it."""
    async with opened(server) as bus:
        subscription = await bus.subscribe(name="reader")
        await bus.publish(Counted(n=0), Counted(n=1))
        await take(subscription, 2)
        async with redis.Redis.from_url(server.url) as raw:
            pipeline = raw.pipeline(transaction=True)
            pipeline.delete(STREAM, EPOCH)
            await pipeline.execute()
        await bus.publish(*(Counted(n=n) for n in range(10, 20)))
        assert await numbers_after_lag(subscription) == [10]


async def test_a_reader_overtaken_by_trimming_is_told_how_much_it_lost(server: RedisProcess) -> None:
    async with opened(server) as bus:
        subscription = await bus.subscribe(name="reader")
        await bus.publish(Counted(n=0))
        await take(subscription, 1)
        async with redis.Redis.from_url(server.url) as raw:
            epoch = await _epoch(raw)
            pipeline = raw.pipeline(transaction=True)  # the reader sees only the end of it
            for _ in range(7):
                pipeline.xadd(STREAM, {"e": "trimmed"}, id=f"{epoch}-*")
            pipeline.xtrim(STREAM, maxlen=1, approximate=False)
            await pipeline.execute()
        await bus.publish(Counted(n=8))
        event, number = await take(subscription, 2)
        assert isinstance(event, Lagged) and event.lost == 6
        assert isinstance(number, Counted) and number.n == 8


async def test_frozen_it_hangs_nobody_and_thawed_nothing_is_lost(server: RedisProcess) -> None:
    health = Health()
    async with opened(server, health) as bus, opened(server) as other:
        subscription = await bus.subscribe(name="reader")
        await other.publish(Counted(n=1))
        assert len(await take(subscription, 1)) == 1
        assert server.process is not None
        server.process.send_signal(signal.SIGSTOP)
        loop = asyncio.get_running_loop()
        began = loop.time()
        with pytest.raises(Unavailable):
            await other.publish(Counted(n=2))
        late = await bus.subscribe(name="late")
        assert loop.time() - began < 2.0
        async with asyncio.timeout(20):
            while (part := health.get(PART)) is None or part.state is HealthState.UP:
                await asyncio.sleep(0.05)
        server.process.send_signal(signal.SIGCONT)
        await publish_when_back(other, 3)
        # The second may have been taken after all, by the server as it thawed.
        seen = [event.n for event in await take(subscription, 1) if isinstance(event, Counted)]
        if seen == [2]:
            seen = [event.n for event in await take(subscription, 1) if isinstance(event, Counted)]
        assert seen == [3]
        await lagged(late)


async def test_subscribing_while_it_is_away_begins_with_lagged(server: RedisProcess) -> None:
    server.stop()
    async with opened(server) as bus:
        subscription = await bus.subscribe(name="reader")
        server.start()
        await lagged(subscription)
        async with asyncio.timeout(20):
            while True:
                await publish_when_back(bus, 1)
                try:
                    async with asyncio.timeout(0.5):
                        (event,) = await take(subscription, 1)
                        break
                except TimeoutError:
                    continue  # published before the reader had found its place
        assert isinstance(event, Counted)


async def test_what_somebody_else_wrote_into_the_stream_is_passed_over(server: RedisProcess) -> None:
    async with opened(server) as bus:
        subscription = await bus.subscribe(name="reader")
        await bus.publish(Counted(n=1))
        async with redis.Redis.from_url(server.url) as raw:
            epoch = await _epoch(raw)
            await raw.xadd(STREAM, {"e": '{"type":"FromTheFuture","body":{}}'}, id=f"{epoch}-*")
            await raw.xadd(STREAM, {"other": b"\xff\x00"}, id=f"{epoch}-*")
        await bus.publish(Counted(n=2))
        assert [event.n for event in await take(subscription, 2) if isinstance(event, Counted)] == [1, 2]
