"""Figures of one process, and of several as one."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from callcard.metrics import HouseMetrics, Labelled, own_metrics

pytestmark = pytest.mark.unit


def process(cpu: float) -> CollectorRegistry:
    registry = CollectorRegistry()
    Gauge("process_cpu", "Seconds.", registry=registry).set(cpu)
    return registry


def router(calls: int) -> CollectorRegistry:
    registry = CollectorRegistry()
    Counter("callcard_calls", "Calls.", ["direction"], registry=registry).labels(direction="in").inc(calls)
    Histogram("callcard_route_decision_seconds", "Time.", registry=registry).observe(0.02)
    return registry


def lines(metrics: HouseMetrics) -> list[str]:
    return [line for line in metrics.text().splitlines() if "_bucket" not in line and "_created" not in line]


def test_the_whole_house_in_one_answer() -> None:
    told = HouseMetrics([Labelled(process(2), "router"), router(7)]).text()
    silent = HouseMetrics([Labelled(process(3), "recorder")]).text()
    house = HouseMetrics([Labelled(process(1), "web")], lambda: (told, silent))
    assert lines(house) == [
        "# HELP process_cpu Seconds.",
        "# TYPE process_cpu gauge",
        'process_cpu{part="web"} 1.0',
        'process_cpu{part="router"} 2.0',
        'process_cpu{part="recorder"} 3.0',
        "# HELP callcard_calls_total Calls.",
        "# TYPE callcard_calls_total counter",
        'callcard_calls_total{direction="in"} 7.0',
        "# HELP callcard_route_decision_seconds Time.",
        "# TYPE callcard_route_decision_seconds histogram",
        "callcard_route_decision_seconds_count 1.0",
        "callcard_route_decision_seconds_sum 0.02",
    ]
    families = [family.name for family in text_string_to_metric_families(house.text())]
    assert len(families) == len(set(families))


def test_alone_nothing_is_labelled() -> None:
    registry = router(7)
    assert HouseMetrics([registry]).text() == generate_latest(registry).decode()


def test_a_process_without_a_router_shows_none_of_its_figures() -> None:
    web = HouseMetrics(own_metrics(frozenset({"web"}), apart=True)).text()
    assert "callcard_waiting_calls" not in web
    assert "callcard_waiting_calls" in HouseMetrics(own_metrics(frozenset({"router"}), apart=True)).text()
