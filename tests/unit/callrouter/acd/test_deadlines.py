"""One heap for all deadlines."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from callrouter.acd.deadlines import Deadlines
from crm_core.clock import SystemClock
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.unit


def test_actions_run_once_in_order_when_due() -> None:
    clock = FakeClock()
    deadlines = Deadlines(clock)
    ran: list[str] = []
    deadlines.set("later", 2.0, lambda: ran.append("later"))
    deadlines.set("sooner", 1.0, lambda: ran.append("sooner"))
    assert deadlines.run_due() == 0
    clock.advance(2.5)
    assert deadlines.run_due() == 2
    assert ran == ["sooner", "later"]
    assert deadlines.run_due() == 0
    assert deadlines.next_in() is None


def test_setting_again_moves_and_cancelling_forgets() -> None:
    clock = FakeClock()
    deadlines = Deadlines(clock)
    ran: list[str] = []
    deadlines.set("moved", 1.0, lambda: ran.append("old"))
    deadlines.set("moved", 3.0, lambda: ran.append("new"))
    deadlines.set("gone", 1.0, lambda: ran.append("gone"))
    deadlines.cancel("gone")
    clock.advance(2)
    deadlines.run_due()
    assert ran == []
    clock.advance(2)
    deadlines.run_due()
    assert ran == ["new"]


def test_many_cancelled_ones_leave_no_heap_behind() -> None:
    deadlines = Deadlines(FakeClock())
    for number in range(10_000):
        deadlines.set(number, 60.0, lambda: None)
        deadlines.cancel(number)
    assert len(deadlines) == 0
    assert len(deadlines._heap) <= 65


def test_a_failing_action_does_not_stop_the_others() -> None:
    clock = FakeClock()
    deadlines = Deadlines(clock)
    ran: list[str] = []
    deadlines.afterwards = lambda: ran.append("afterwards")
    deadlines.set("bad", 1.0, lambda: 1 / 0)  # type: ignore[arg-type]
    deadlines.set("good", 1.0, lambda: ran.append("good"))
    clock.advance(1)
    deadlines.run_due()
    assert ran == ["good", "afterwards"]


def test_what_fails_afterwards_does_not_end_the_scheduler() -> None:
    clock = FakeClock()
    deadlines = Deadlines(clock)
    ran: list[str] = []
    deadlines.afterwards = lambda: 1 / 0  # type: ignore[assignment,return-value]
    for name in ("one", "two"):
        deadlines.set(name, 1.0, partial(ran.append, name))
        clock.advance(1)
        deadlines.run_due()
    assert (ran, deadlines.failed) == (["one", "two"], 2)


async def test_the_scheduler_wakes_for_a_sooner_one() -> None:
    deadlines = Deadlines(SystemClock())
    done = asyncio.Event()
    running = asyncio.create_task(deadlines.run(), name="test-deadlines")
    deadlines.set("far", 60.0, lambda: None)
    await asyncio.sleep(0)
    deadlines.set("near", 0.01, done.set)
    async with asyncio.timeout(2):
        await done.wait()
    running.cancel()
