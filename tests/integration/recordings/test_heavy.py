"""Work in a process of its own: done there, told when it dies, and gone with its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from recordings.heavy import HeavyWork

pytestmark = pytest.mark.integration

PARENT = """
import asyncio, os, time
from recordings.heavy import HeavyWork

async def main():
    heavy = HeavyWork()
    print(await heavy.run(os.getpid), flush=True)
    await heavy.run(time.sleep, 60)

if __name__ == "__main__":
    asyncio.run(main())
"""


async def test_work_is_done_elsewhere_and_politely() -> None:
    heavy = HeavyWork()
    try:
        assert await heavy.run(os.getpid) != os.getpid()
        assert await heavy.run(os.nice, 0) == 19
    finally:
        heavy.close()


async def test_a_process_that_dies_is_told_and_replaced() -> None:
    heavy = HeavyWork()
    try:
        first = await heavy.run(os.getpid)
        with pytest.raises(OSError, match="died"):
            await heavy.run(os.kill, first, signal.SIGKILL)
        assert await heavy.run(os.getpid) != first
    finally:
        heavy.close()


def test_it_is_gone_when_its_parent_is_killed(tmp_path: object) -> None:
    script = os.path.join(str(tmp_path), "parent.py")
    with open(script, "w") as out:
        out.write(PARENT)
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, text=True, env=environment
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 5
    while _runs(child):
        assert time.monotonic() < deadline, "the process outlives its parent"
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
