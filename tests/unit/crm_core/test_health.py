"""The health registry."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from crm_core.health import Health, HealthState, PartHealth
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.unit


def test_since_moves_with_the_state_and_not_with_the_detail() -> None:
    clock = FakeClock()
    health = Health(clock)
    began = clock.now()
    health.set("ami", HealthState.DOWN, "refused")
    clock.advance(5)
    assert health.set("ami", HealthState.DOWN, "wrong secret").since == began
    clock.advance(5)
    assert health.set("ami", HealthState.UP).since == clock.now()
    assert health.get("ami") == PartHealth("ami", HealthState.UP, "", clock.now())


def test_the_whole_is_as_bad_as_its_worst_part() -> None:
    health = Health(FakeClock())
    assert health.state is HealthState.UP
    health.set("database", HealthState.UP)
    health.set("bus", HealthState.DEGRADED)
    assert health.state.value == "degraded"
    health.set("ami", HealthState.DOWN)
    assert health.state.value == "down"
    assert [part.name for part in health.snapshot()] == ["ami", "bus", "database"]


def test_listeners_hear_changes_of_state_only() -> None:
    health = Health(FakeClock())
    heard: list[tuple[str, str]] = []
    health.on_change(lambda part: heard.append((part.name, part.state.value)))
    for state in (HealthState.UP, HealthState.UP, HealthState.DOWN, HealthState.DOWN, HealthState.UP):
        health.set("ami", state)
    assert heard == [("ami", "up"), ("ami", "down"), ("ami", "up")]
    assert health.get("never reported") is None


def test_what_another_process_told_keeps_its_since() -> None:
    clock = FakeClock()
    health = Health(clock)
    heard: list[tuple[str, str]] = []
    health.on_change(lambda part: heard.append((part.name, part.state.value)))
    told = PartHealth("ledger", HealthState.UP, "", clock.now() - timedelta(hours=1))
    health.take(told)
    health.take(replace(told, detail="busy"))
    assert health.get("ledger") == replace(told, detail="busy")
    health.forget("ledger")
    health.forget("ledger")
    assert health.snapshot() == ()
    assert heard == [("ledger", "up"), ("ledger", "down")]
