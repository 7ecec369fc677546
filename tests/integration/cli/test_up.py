"""`callcard up` as a process: it ends in order, and after a kill it starts again on what it left."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cli.command_line import SAMPLE, CommandLine
from tests.journeys.pbx import cache_folder, free_sip_port
from tests.servers import free_port

pytestmark = pytest.mark.integration

START_S, END_S = 60.0, 30.0


@pytest.fixture
def command(short_tmp: Path) -> CommandLine:
    """A command line whose ports are free."""
    ports = [free_port("127.0.0.1") for _ in range(3)]
    settings = {
        "CACHE": str(cache_folder()),
        "HTTP": f"127.0.0.1:{ports[0]}",
        "AGI": f"127.0.0.1:{ports[1]}",
        "AMI_PORT": str(ports[2]),
    }
    return CommandLine(short_tmp / "data", settings)


@pytest.fixture
def office(short_tmp: Path) -> Path:
    """The sample office on a free port."""
    path = short_tmp / "office.yaml"
    path.write_text(SAMPLE.read_text("utf-8").replace("port: 5060", f"port: {free_sip_port('127.0.0.1')}"))
    return path


class Up:
    """One `callcard up`."""

    def __init__(self, command: CommandLine, *arguments: str | Path) -> None:
        self._command = command
        self._log = command.data.parent / "up.log"
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [command.python, "-m", "callcard", "up", *arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=command.environment(),
                text=True,
            )

    def until_up(self) -> None:
        assert self.process.stdout is not None
        said = self.process.stdout.readline()  # it says nothing before, and ends when it cannot start
        assert said.startswith("Callcard is up at http://"), said + self._log.read_text()

    def end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        try:
            return self.process.wait(END_S)
        finally:
            self.close()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(END_S)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def started() -> Iterator[list[Up]]:
    """What a test started; killed at its end if it still runs."""
    running: list[Up] = []
    yield running
    for up in running:
        up.close()


def processes_of(folder: Path) -> list[str]:
    """Command lines of living processes that name *folder*, or work in it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            where = str((process / "cwd").readlink())
        except OSError:
            continue
        if process.name != str(os.getpid()) and (str(folder) in line or where.startswith(str(folder))):
            found.append(f"{process.name} {line}")
    return found


def test_it_starts_ends_in_order_and_comes_back_after_a_kill(
    command: CommandLine, office: Path, started: list[Up]
) -> None:
    up = Up(command, "--office", office)
    started.append(up)
    up.until_up()
    assert command("doctor").code == 0
    killed_at = time.monotonic()
    assert up.end(signal.SIGKILL) == -signal.SIGKILL

    again = Up(command)  # at once: what the first one left is still ending
    started.append(again)
    again.until_up()
    assert time.monotonic() - killed_at < START_S
    assert command("office", "export").out == office.read_text("utf-8")
    assert again.end(signal.SIGINT) == 0

    assert processes_of(command.data) == []
    assert not (command.data / "running.json").exists()
    host, _, port = command.settings["HTTP"].partition(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=1).close()
