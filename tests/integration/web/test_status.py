"""What works, since when; and figures for Prometheus."""

from __future__ import annotations

import pytest

from crm_core.health import HealthState
from tests.fakes.web import House

pytestmark = pytest.mark.integration


async def test_health_names_each_part_and_since_when(house: House) -> None:
    async with house.ask("GET", "/healthz") as answer:
        assert answer.status == 200
        assert await answer.json() == {
            "state": "up",
            "parts": [
                {"name": "database", "state": "up", "detail": "", "since": "2026-03-02T09:00:00Z"},
            ],
        }


@pytest.mark.parametrize(("state", "status"), [(HealthState.DEGRADED, 200), (HealthState.DOWN, 503)])
async def test_a_part_that_is_down_is_a_503(house: House, state: HealthState, status: int) -> None:
    house.clock.advance(60)
    house.health.set("ami", state, "no answer")
    async with house.ask("GET", "/healthz") as answer:
        assert answer.status == status
        told = await answer.json()
    assert told["state"] == state
    assert told["parts"][0] == {
        "name": "ami",
        "state": state,
        "detail": "no answer",
        "since": "2026-03-02T09:01:00Z",
    }


async def test_metrics_are_those_of_the_registry(house: House) -> None:
    async with house.ask("GET", "/metrics") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        assert "callcard_calls_total 1.0" in await answer.text()
