"""What the supervisor owns, as its worker and the doctor find it."""

from __future__ import annotations

from pathlib import Path

import pytest

from callcard.children import Children, ChildrenFile, read_children
from callcard.layout import DataLock, Layout
from callcard.reporting import Reporter
from crm_core.health import Health, HealthState
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.unit


async def test_children_are_parts_of_the_workers_health_while_the_owner_lives(tmp_path: Path) -> None:
    layout, clock = Layout(tmp_path), FakeClock()
    owners, workers = Health(clock), Health(clock)
    children = Children(layout, workers)
    lock = DataLock(layout)
    lock.take()
    reporter = Reporter(owners, ChildrenFile(layout).say)
    for name in ("postgresql", "asterisk", "worker"):
        owners.set(name, HealthState.UP)
    await reporter.report()
    await children.look()
    assert [part.name for part in workers.snapshot()] == ["asterisk", "postgresql"], "itself it knows"
    clock.advance(60)
    ended = owners.set("asterisk", HealthState.DOWN, "ended by signal 9; again in 2 s")
    await reporter.report()
    clock.advance(1)
    await children.look()
    assert workers.get("asterisk") == ended
    assert {part.name for part in read_children(layout)} == {"postgresql", "asterisk", "worker"}
    left = layout.children.read_bytes()
    lock.release()
    assert not layout.children.exists()
    layout.children.write_bytes(left)
    await children.look()
    assert workers.snapshot() == (), "a left-over file of a dead owner"


async def test_the_file_is_private_and_written_only_when_something_changed(tmp_path: Path) -> None:
    layout, health = Layout(tmp_path), Health(FakeClock())
    file = ChildrenFile(layout)
    reporter = Reporter(health, file.say)
    health.set("postgresql", HealthState.UP)
    await reporter.report()
    assert layout.children.stat().st_mode & 0o777 == 0o600
    layout.children.unlink()
    await reporter.report()
    assert not layout.children.exists()
    health.set("postgresql", HealthState.UP, "another word")
    await reporter.report()
    assert layout.children.exists()


async def test_a_disk_that_is_full_ends_nothing(tmp_path: Path) -> None:
    layout, health = Layout(tmp_path / "away"), Health(FakeClock())
    await Reporter(health, ChildrenFile(layout).say).report()
    assert read_children(layout) == ()
