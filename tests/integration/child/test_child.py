"""Child programs that print, hang, flood, leave grandchildren and lose their parent."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from crm_core.child import Child, Command

pytestmark = pytest.mark.integration


def _shell(script: str, **more: object) -> Command:
    return Command(name="test", argv=["/bin/sh", "-c", script], **more)  # type: ignore[arg-type]


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def _gone(pid: int) -> bool:
    for _ in range(200):
        if not _alive(pid):
            return True
        await asyncio.sleep(0.02)
    return False


async def test_what_it_prints_and_how_it_ends_is_told() -> None:
    child = await Child.start(_shell("echo first; echo bad news >&2; exit 3"))
    code = await child.wait()
    assert code == 3
    assert list(child.tail) == ["first", "bad news"]
    assert child.failure(code).message == "test ended with code 3: bad news"


OWN_LINE = (
    '{"call": "c1", "event": "call lost", "logger": "callrouter.router", "level": "error",'
    ' "timestamp": "2026-03-02T09:00:00Z", "exception": "' + "trace " * 1000 + '"}'
)


@pytest.mark.parametrize("ours", [True, False])
async def test_what_a_part_of_ours_logs_is_logged_as_it_said_it(ours: bool) -> None:
    with capture_logs() as logged:
        child = await Child.start(
            Command(name="test", argv=["/bin/echo", "-e", OWN_LINE + '\\nplain\\n{"event": 1}'], ours=ours)
        )
        assert await child.wait() == 0
    first, *others = logged
    assert [entry["line"] for entry in others] == ["plain", '{"event": 1}']
    if ours:
        assert (first["event"], first["log_level"], first["call"]) == ("call lost", "error", "c1")
        assert (first["child"], first["part"], len(first["exception"])) == ("test", "callrouter.router", 6000)
        assert "timestamp" not in first
    else:
        assert (first["event"], first["log_level"], len(first["line"])) == ("child says", "info", 2000)


async def test_a_program_that_is_not_there_says_so() -> None:
    child = await Child.start(Command(name="test", argv=["/nowhere/program"]))
    assert await child.wait() == 127
    assert list(child.tail) == ["/nowhere/program is not there"]


async def test_it_leads_a_session_of_its_own_and_takes_back_the_signals_python_ignores() -> None:
    child = await Child.start(_shell("ps -o pid=,sid= -p $$; grep SigIgn /proc/self/status"))
    await child.wait()
    pid, session = child.tail[0].split()
    assert int(pid) == int(session) == child.pid
    ignored = int(child.tail[1].split()[1], 16)
    # Others may be inherited from whoever started the tests (a background job, glibc's own 32 and 33).
    for ours in (signal.SIGPIPE, signal.SIGXFSZ):
        assert not ignored & (1 << (ours - 1)), ours.name


async def test_a_polite_end_is_asked_for_first() -> None:
    child = await Child.start(_shell("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done"))
    while not child.tail:
        await asyncio.sleep(0.01)
    assert await child.stop() == 0
    assert child.tail[-1] == "bye"


async def test_one_that_ignores_the_request_is_killed_with_its_group() -> None:
    script = "trap '' TERM; sh -c 'trap \"\" TERM; echo $$; while :; do sleep 0.05; done' & wait"
    child = await Child.start(_shell(script, stops=((signal.SIGTERM, 0.1),)))
    while not child.tail:
        await asyncio.sleep(0.01)
    assert await child.stop() == -signal.SIGKILL
    assert await _gone(int(child.tail[0]))


async def test_a_flood_without_line_ends_does_not_block_it_and_is_not_kept() -> None:
    child = await Child.start(_shell("head -c 5000000 /dev/zero | tr '\\0' x; echo; seq 100000; echo end"))
    async with asyncio.timeout(20):
        assert await child.wait() == 0
    assert child.tail[-1] == "end"
    assert len(child.tail) <= 20
    assert max(map(len, child.tail)) <= 2_000


async def test_a_grandchild_that_holds_the_pipe_does_not_delay_the_end() -> None:
    child = await Child.start(_shell("sleep 30 & echo $!"))
    async with asyncio.timeout(20):
        assert await child.wait() == 0
    os.kill(int(child.tail[0]), signal.SIGKILL)


async def test_it_gets_its_signal_when_we_are_killed() -> None:
    """The parent is a process of its own, killed the hard way."""
    program = """
import asyncio, signal, time
from crm_core.child import Child, Command
async def main():
    child = await Child.start(Command(name="sleeper", argv=["sleep", "60"], death_signal=signal.SIGTERM))
    print(child.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        pid = int(await asyncio.to_thread(parent.stdout.readline))
        assert _alive(pid)
        parent.kill()
        await asyncio.to_thread(parent.wait, 10)
    assert await _gone(pid)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
async def test_root_becomes_the_user_and_keeps_nothing_of_its_own() -> None:
    child = await Child.start(_shell("id -un; id -G; grep CapEff /proc/self/status", user="nobody"))
    assert await child.wait() == 0
    name, groups, capabilities = child.tail
    assert name == "nobody"
    assert "0" not in groups.split()
    assert int(capabilities.split()[1], 16) == 0
