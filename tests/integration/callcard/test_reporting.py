"""Processes that are started apart, known to the web through a real Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from callcard.reporting import SILENT_S, Others, Reporter
from crm_core.bus.redis_reports import KEY, RedisReports
from crm_core.errors import Unavailable
from crm_core.health import Health, HealthState
from crm_core.reports import Report
from tests.fakes.clock import FakeClock
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


class Apart:
    """A web that listens, and a router that tells."""

    def __init__(self, reports: RedisReports) -> None:
        self.clock = FakeClock()
        self.reports = reports
        self.web = Health(self.clock)
        self.web.set("database", HealthState.UP)
        self.others = Others(self.web, reports, ("router",), self.clock)
        self.start_router(1)

    def start_router(self, calls: int) -> None:
        """A new run of the router, which has counted *calls* and not spoken of any part yet."""
        self.router = Health(self.clock)
        self.reporter = Reporter(self.router, self._say, metrics=lambda: f"callcard_calls_total {calls}\n")

    async def _say(self, report: Report) -> None:
        await self.reports.put("router", report, keep_s=SILENT_S)

    async def round(self) -> dict[str, str]:
        """The router tells, the web listens; what the web shows of the parts."""
        await self.reporter.report()
        return await self.look()

    async def look(self) -> dict[str, str]:
        await self.others.look()
        return {part.name: f"{part.state} {part.detail}".strip() for part in self.web.snapshot()}


@asynccontextmanager
async def apart(url: str) -> AsyncIterator[Apart]:
    reports = RedisReports(url, pbx="main", timeout_s=0.5)
    try:
        yield Apart(reports)
    finally:
        await reports.close()


async def test_every_part_is_shown_with_its_own_since(redis_url: str) -> None:
    async with apart(redis_url) as house:
        assert await house.look() == {"database": "up", "process.router": "down not heard of yet"}
        began = house.router.set("router", HealthState.UP, "term 3").since
        house.router.set("database", HealthState.DOWN, "no answer in time")
        house.clock.advance(5)
        assert await house.round() == {
            "database": "up",
            "database.router": "down no answer in time",
            "process.router": "up",
            "router": "up term 3",
        }
        router = house.web.get("router")
        assert router is not None and router.since == began
        assert house.others.metrics() == ("callcard_calls_total 1\n",)


async def test_a_silent_process_is_down_since_it_was_last_heard(redis_url: str) -> None:
    async with apart(redis_url) as house:
        house.router.set("router", HealthState.UP)
        await house.round()
        heard = house.clock.now()
        house.clock.advance(SILENT_S - 1)
        assert (await house.look())["router"] == "up"
        house.clock.advance(1)
        shown = await house.look()
        assert shown["process.router"] == shown["router"] == "down not heard of for 6 s"
        part = house.web.get("process.router")
        assert part is not None and part.since == heard
        assert house.others.metrics() == ()
        house.clock.advance(60)
        shown = await house.round()
        assert (shown["process.router"], shown["router"]) == ("up", "up")
        back = house.web.get("process.router")
        assert back is not None and back.since == heard + timedelta(seconds=SILENT_S + 60)


async def test_a_process_that_was_started_again_counts_anew_and_vouches_for_nothing_old(
    redis_url: str,
) -> None:
    async with apart(redis_url) as house:
        house.router.set("router", HealthState.UP)
        house.router.set("ledger", HealthState.UP)
        await house.round()
        house.start_router(2)
        house.router.set("ledger", HealthState.UP)
        assert await house.round() == {"database": "up", "ledger": "up", "process.router": "up"}
        assert house.others.metrics() == ("callcard_calls_total 2\n",), "not both runs' calls"


async def test_a_flushed_redis_is_no_silence_and_one_that_is_away_is_said(server: RedisProcess) -> None:
    async with apart(server.url) as house:
        house.router.set("router", HealthState.UP)
        await house.round()
        server.flush()
        house.clock.advance(2)
        assert (await house.look())["router"] == "up"
        await house.round()
        server.stop()
        house.clock.advance(2)
        assert (await house.round())["router"] == "up", "one answer that did not come is no silence"
        house.clock.advance(SILENT_S)
        assert (await house.look())["router"] == "down not heard of: Redis is away"
        server.start()
        assert (await house.round())["router"] == "up"


async def test_what_is_told_expires_and_what_cannot_be_read_is_passed_over(
    server: RedisProcess,
) -> None:
    reports = RedisReports(server.url, pbx="main", timeout_s=0.5)
    report = Report(run="one", beat=1, parts=())
    await reports.put("router", report, keep_s=60)
    assert await reports.get(["router", "recorder"]) == {"router": report}
    assert 59_000 < await reports._client.pttl(f"{KEY}:main:router") <= 60_000
    await reports._client.set(f"{KEY}:main:recorder", b"not of ours")
    assert await reports.get(["router", "recorder"]) == {"router": report}
    server.stop()
    with pytest.raises(Unavailable):
        await reports.get(["router"])
    with pytest.raises(Unavailable):
        await reports.put("router", report, keep_s=60)
    await reports.close()
