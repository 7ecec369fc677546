"""The bus between processes and hosts: one Redis stream, read by one task per process.

Entries are numbered without gaps: their ids are `<epoch>-<n>`, where the epoch is the time at which the
stream came into being. A reader therefore sees every loss by itself: a jump of n when the stream was
trimmed before it came by, a new epoch after FLUSHALL or a restart without data. Then, and when the
server's run id changed (a restart from an older copy), subscribers get `Lagged`. Nothing has its only
copy here. Needs Redis 7 or newer, or Valkey (ids of the form `<epoch>-*`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import redis.asyncio as redis
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from crm_core.bus.event import Event, decode, encode
from crm_core.bus.subscription import QueueSubscription, require_registered
from crm_core.errors import BadInput, Unavailable
from crm_core.health import Health, HealthState
from crm_core.i18n import N_

log = structlog.get_logger(__name__)

STREAM = "callcard:bus"
EPOCH = "callcard:bus:epoch"
PART = "bus"

_LENGTH = 100_000  # entries kept, about; a reader that is further behind gets Lagged
_BLOCK_S = 1.0
_BATCH = 500
_BACKOFF_S = (0.1, 2.0)
_PUBLISH = """
local epoch = redis.call('GET', KEYS[2])
if not epoch then
  local time = redis.call('TIME')
  epoch = time[1] .. string.format('%03d', math.floor(time[2] / 1000))
  redis.call('SET', KEYS[2], epoch)
end
for _, event in ipairs(ARGV) do
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', {length}, epoch .. '-*', 'e', event)
end
""".replace("{length}", str(_LENGTH))

Place = tuple[int, int]  # epoch, number


class RedisBus:
    """Implements `crm_core.bus.port.Bus` on *url* (`redis://`, `rediss://`, `unix://`).

    *timeout_s* bounds each publish and each question to the server. State is reported to *health*.
    """

    def __init__(self, url: str, *, timeout_s: float = 1.0, health: Health | None = None) -> None:
        self._timeout_s = timeout_s
        self._health = health or Health()
        self._client: redis.Redis = redis.Redis.from_url(
            url,
            socket_timeout=_BLOCK_S + timeout_s,
            socket_connect_timeout=timeout_s,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 1),  # a pooled connection may have died unnoticed
        )
        self._publish = self._client.register_script(_PUBLISH)
        self._subscriptions: list[tuple[QueueSubscription, Place]] = []
        self._reader: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()
        self._place: Place | None = None
        self._run_id: object = None
        self._closed = False

    async def publish(self, *events: Event) -> None:
        """Append *events*, all or none. Raises Unavailable within the time-out, BadInput for an
        unregistered event. When the time ran out it may have happened after all: consumers dedupe.
        """
        if self._closed:
            raise Unavailable(N_("The bus is closed."))
        require_registered(events)
        if not events:
            return
        try:
            async with asyncio.timeout(self._timeout_s):
                await _heeding(self._publish(keys=[STREAM, EPOCH], args=[encode(event) for event in events]))
        except (RedisError, OSError, TimeoutError) as error:
            raise Unavailable(N_("The bus is away.")) from error

    async def subscribe(self, *classes: type[Event], name: str, limit: int = 10_000) -> QueueSubscription:
        """Receive events of *classes* (all, when none is named) published from now on.

        Works while Redis is away: the subscription then begins with `Lagged` when it is back.
        """
        if self._closed:
            raise Unavailable(N_("The bus is closed."))
        subscription = QueueSubscription(classes, name, limit, self._forget)
        if self._reader is None:
            self._reader = asyncio.create_task(self._read(), name="bus-reader")
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._connected.wait()
                start = await self._last()
        except (RedisError, OSError, TimeoutError):
            subscription.lag()
            start = (0, 0)
        self._subscriptions = [*self._subscriptions, (subscription, start)]
        return subscription

    async def close(self) -> None:
        """End all subscriptions and the connections."""
        self._closed = True
        if self._reader is not None:
            self._reader.cancel()
            await self._client.connection_pool.disconnect()  # also ends a blocking read whose cancel was lost
            await asyncio.wait({self._reader})
        for subscription, _ in self._subscriptions:
            await subscription.close()
        await self._client.aclose()

    def _forget(self, closed: QueueSubscription) -> None:
        self._subscriptions = [pair for pair in self._subscriptions if pair[0] is not closed]

    async def _read(self) -> None:
        """The reader task: connect, read until something breaks, wait a little longer each time."""
        pause = _BACKOFF_S[0]
        while not self._closed:
            try:
                await self._take_up()
                pause = _BACKOFF_S[0]
                while True:
                    await self._read_batch()
            except (RedisError, OSError, TimeoutError) as error:
                self._connected.clear()
                self._health.set(PART, HealthState.DOWN, type(error).__name__)
                log.warning("bus is away", reason=type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _BACKOFF_S[1])

    async def _take_up(self) -> None:
        """Find our place on the server that answers now; say Lagged when it is not the one we left."""
        async with asyncio.timeout(self._timeout_s):
            server = await _heeding(self._client.info("server"))
            last = await self._last()
        if self._place is None:
            self._place = last
        elif server["run_id"] != self._run_id or last < self._place:
            self._lag(last)
        self._run_id = server["run_id"]
        self._connected.set()
        self._health.set(PART, HealthState.UP)

    async def _read_batch(self) -> None:
        assert self._place is not None
        answer = await _heeding(
            self._client.xread({STREAM: _spell(self._place)}, count=_BATCH, block=int(_BLOCK_S * 1000))
        )
        if not answer:
            # Silence: either nothing happened, or the stream began anew below our place.
            async with asyncio.timeout(self._timeout_s):
                last = await self._last()
            if last < self._place:
                self._lag(last)
            return
        entries = answer[0][1] if isinstance(answer, list) else next(iter(answer.values()))[0]
        for entry_id, fields in entries:
            self._deliver(_parse(entry_id), fields.get(b"e", b""))

    def _deliver(self, place: Place, data: bytes) -> None:
        assert self._place is not None
        self._check_gap(place)
        self._place = place
        try:
            event = decode(data)
        except BadInput as error:
            # A newer process may speak of things we do not know: not ours to act on.
            log.warning("bus event is unreadable", reason=error.message)
            return
        for subscription, start in self._subscriptions:
            if place > start:
                subscription.offer(event)

    def _check_gap(self, place: Place) -> None:
        """Compare with the place before: the next number of its epoch, or number 0 of a new stream."""
        before = self._place
        assert before is not None
        if before == (0, 0) and place[1] == 0:
            return
        if place[0] != before[0]:
            self._lag(before)
        elif place[1] != before[1] + 1:
            self._lag(before, place[1] - before[1] - 1)

    def _lag(self, place: Place, lost: int = 0) -> None:
        log.warning("bus lost events", lost=lost)
        self._place = place
        for subscription, _ in self._subscriptions:
            subscription.lag(lost)
        self._subscriptions = [(subscription, (0, 0)) for subscription, _ in self._subscriptions]

    async def _last(self) -> Place:
        """Place of the newest entry; (0, 0) when there is no stream."""
        newest = await _heeding(self._client.xrevrange(STREAM, count=1))
        return _parse(newest[0][0]) if newest else (0, 0)


async def _heeding(asking: Awaitable[Any]) -> Any:
    """The answer of redis-py, or the cancellation that it lost.

    It sends under `asyncio.wait_for`, which in Python 3.11 forgets a cancellation that comes as the
    sending ends (cpython issue 86296); a task that is to stop would go on for ever.
    """
    task = asyncio.current_task()
    assert task is not None
    asked_before = task.cancelling()
    answer = await asking
    if task.cancelling() > asked_before:
        raise asyncio.CancelledError
    return answer


def _parse(entry_id: bytes) -> Place:
    epoch, _, number = entry_id.partition(b"-")
    return int(epoch), int(number)


def _spell(place: Place) -> str:
    return f"{place[0]}-{place[1]}"
