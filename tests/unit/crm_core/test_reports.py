"""Reports on the wire, and folded into another process's health."""

from __future__ import annotations

import pytest

from crm_core.errors import BadInput
from crm_core.health import Health, HealthState, PartHealth
from crm_core.reports import Report, decode, encode, fold
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.unit

AT = FakeClock().now()
LEDGER = PartHealth("ledger", HealthState.UP, "", AT)
ROUTER = PartHealth("router", HealthState.DEGRADED, "no term yet", AT)


def test_a_report_is_read_as_it_was_written() -> None:
    report = Report(run="one", beat=3, parts=(LEDGER, ROUTER), metrics="# HELP x y\n")
    assert decode(encode(report)) == report
    for broken in (b"", b"{}", b"[1]", encode(report)[:-1]):
        with pytest.raises(BadInput):
            decode(broken)


def test_a_part_of_before_a_restart_is_not_believed_after_it() -> None:
    health = Health(FakeClock())
    health.set("database", HealthState.UP)
    names = fold(health, (), (LEDGER, ROUTER))
    assert [part.name for part in health.snapshot()] == ["database", "ledger", "router"]
    names = fold(health, names, (LEDGER,))
    assert names == ("ledger",)
    assert [part.name for part in health.snapshot()] == ["database", "ledger"]
