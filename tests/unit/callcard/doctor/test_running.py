"""What the doctor says of ports and of what a running Callcard tells."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from callcard.children import ChildrenFile
from callcard.doctor import running
from callcard.layout import DataLock, Layout, Running
from callcard.reporting import Reporter
from callcard.settings import Listen
from crm_core.health import Health, HealthState
from tests.fakes.clock import FakeClock
from tests.unit.callcard.doctor.grounds import ground, lines

pytestmark = pytest.mark.unit


async def test_a_taken_port_is_wrong_and_named_by_its_setting(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        here = ground(tmp_path, settings={"http": Listen("127.0.0.1", port)})
        found = lines(await running.ports(here))
    assert found[0] == (
        f"wrong port {port}: 127.0.0.1: Address already in use"
        " → end who has it, or choose another: CALLCARD_HTTP"
    )


async def test_the_ports_of_a_running_callcard_are_its_own(tmp_path: Path) -> None:
    up = Running(pid=1, database_url="", http="127.0.0.1:1", settings={})
    assert lines(await running.ports(ground(tmp_path, running=up))) == []


async def test_a_web_that_does_not_answer_is_wrong(tmp_path: Path) -> None:
    up = Running(pid=1, database_url="", http="127.0.0.1:1", settings={})
    (line,) = lines(await running.parts(ground(tmp_path, running=up)))
    assert line.startswith("wrong web: http://127.0.0.1:1/healthz does not answer")


async def test_without_the_web_the_supervisors_own_children_are_told(tmp_path: Path) -> None:
    up = Running(pid=1, database_url="", http="127.0.0.1:1", settings={})
    lock = DataLock(Layout(tmp_path))
    lock.take()
    health = Health(FakeClock())
    health.set("worker", HealthState.DOWN, "ended with code 2; again in 4 s")
    health.set("asterisk", HealthState.UP)
    await Reporter(health, ChildrenFile(Layout(tmp_path)).say).report()
    found = lines(await running.parts(ground(tmp_path, running=up)))
    lock.release()
    assert found[0].startswith("wrong web: ")
    assert found[1].startswith("ok part asterisk: up, since 2026-03-02")
    assert found[2].startswith("wrong part worker: down, ended with code 2; again in 4 s, since 2026-03-02")
