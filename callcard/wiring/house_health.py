"""Where health and metrics of one process become those of the house, or leave for the one that shows them."""

from __future__ import annotations

from contextlib import AsyncExitStack

from callcard.children import Children
from callcard.metrics import HouseMetrics, own_metrics
from callcard.owning import own_task
from callcard.reporting import SILENT_S, Others, Reporter
from callcard.wiring.ground import Ground
from crm_core.bus.redis_reports import RedisReports
from crm_core.reports import Report

EVERYTHING = frozenset({"router", "web", "recorder"})


async def tell_the_web(stack: AsyncExitStack, ground: Ground, parts: frozenset[str]) -> None:
    """Let the web know how this process, which runs *parts* and no HTTP, is and what it counts."""
    reports, process = _reports(stack, ground), "-".join(sorted(parts))

    async def say(report: Report) -> None:
        await reports.put(process, report, keep_s=SILENT_S)

    reporter = Reporter(ground.health, say, metrics=HouseMetrics(own_metrics(parts, apart=True)).text)
    await own_task(stack, reporter.run(), "report")


async def hear_all(stack: AsyncExitStack, ground: Ground, parts: frozenset[str]) -> HouseMetrics:
    """Make the health of this process, which runs *parts*, that of the whole house; and its metrics."""
    children = Children(ground.layout, ground.health)
    await children.look()
    await own_task(stack, children.run(), "children")
    elsewhere = sorted(EVERYTHING - parts)
    if not elsewhere:
        return HouseMetrics(own_metrics(parts, apart=False))
    others = Others(ground.health, _reports(stack, ground), elsewhere, ground.clock)
    await own_task(stack, others.run(), "others")
    return HouseMetrics(own_metrics(parts, apart=True), others.metrics)


def _reports(stack: AsyncExitStack, ground: Ground) -> RedisReports:
    assert ground.settings.redis_url is not None, "parts are not started apart without it"
    reports = RedisReports(ground.settings.redis_url, pbx=ground.pbx)
    stack.push_async_callback(reports.close)
    return reports
