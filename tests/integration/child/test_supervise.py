"""A supervised program: ready, killed, started again, given up, stopped."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from crm_core import supervise as supervise_module
from crm_core.child import Child, ChildFailed, Command
from crm_core.health import Health, HealthState
from crm_core.supervise import RestartPolicy, Supervisor

pytestmark = pytest.mark.integration

FAST = RestartPolicy(first_s=0.01, most_s=0.02, budget=3)


async def _prints_up(child: Child) -> None:
    while "up" not in child.tail:
        await asyncio.sleep(0.01)


def _supervisor(script: str, health: Health, *, ready_timeout_s: float = 5.0) -> Supervisor:
    return Supervisor(
        Command(name="part", argv=["/bin/sh", "-c", script]),
        ready=_prints_up,
        ready_timeout_s=ready_timeout_s,
        health=health,
        policy=FAST,
    )


def _state(health: Health) -> tuple[HealthState, str]:
    part = health.get("part")
    assert part is not None
    return part.state, part.detail


async def test_killed_it_comes_back_and_health_tells_both() -> None:
    health = Health()
    states: list[HealthState] = []
    health.on_change(lambda part: states.append(part.state))
    supervisor = _supervisor("echo up; exec sleep 60", health)
    await supervisor.start()
    first = supervisor.child
    assert first is not None
    os.kill(first.pid, signal.SIGKILL)
    async with asyncio.timeout(20):
        while supervisor.child is None or supervisor.child is first:
            await asyncio.sleep(0.01)
    assert states == [HealthState.UP, HealthState.DOWN, HealthState.UP]
    second = supervisor.child
    await supervisor.stop()
    assert not second.running
    assert _state(health) == (HealthState.DOWN, "stopped")


async def test_a_first_start_that_fails_is_reported_with_the_last_line() -> None:
    supervisor = _supervisor("echo no such module; exit 1", Health())
    with pytest.raises(ChildFailed, match="part ended with code 1: no such module"):
        await supervisor.start()


async def test_one_that_is_never_ready_is_stopped() -> None:
    supervisor = _supervisor("exec sleep 60", Health(), ready_timeout_s=0.2)
    with pytest.raises(ChildFailed, match=r"not ready after 0\.2 s"):
        await supervisor.start()
    assert supervisor.child is None


async def test_a_crash_loop_is_given_up_when_the_budget_is_spent(tmp_path: Path) -> None:
    health = Health()
    runs = tmp_path / "runs"
    supervisor = _supervisor(f"echo x >> {runs}; echo up; sleep 0.1; exit 7", health)
    await supervisor.start()
    async with asyncio.timeout(20):
        while not _state(health)[1].startswith("ended with code 7; again in "):
            await asyncio.sleep(0.001)
    with pytest.raises(ChildFailed, match="code 7"):
        async with asyncio.timeout(20):
            await supervisor.wait()
    assert len(runs.read_text().split()) == 1 + 3
    assert _state(health) == (HealthState.DOWN, "given up"), "what it printed is for the log alone"
    await supervisor.stop()


async def test_one_that_hangs_is_ended_and_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise_module, "_LOOK_S", 0.05)
    monkeypatch.setattr(supervise_module, "_LAST_WORDS_S", 0.2)
    health = Health()
    details: list[str] = []
    health.on_change(lambda part: details.append(part.detail))

    async def speaks(child: Child) -> None:
        said = child.tail[-1]
        while child.tail[-1] == said:
            await asyncio.sleep(0.01)

    supervisor = Supervisor(
        Command(name="part", argv=["/bin/sh", "-c", "echo up; while sleep 0.05; do date +%N; done"]),
        ready=_prints_up,
        ready_timeout_s=5.0,
        alive=speaks,
        hung_after_s=3.0,
        health=health,
        policy=FAST,
    )
    await supervisor.start()
    first = supervisor.child
    assert first is not None
    await asyncio.sleep(1.0)
    assert supervisor.child is first, "one that answers is left alone"
    os.kill(first.pid, signal.SIGSTOP)
    async with asyncio.timeout(30):
        while supervisor.child in (None, first):
            await asyncio.sleep(0.01)
    assert "hangs" in details and not first.running
    await supervisor.stop()
