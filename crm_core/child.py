"""Child programs (PostgreSQL, Asterisk, workers): started, watched, stopped; none outlives us.

Each runs in a session of its own, so that Ctrl-C reaches only us and we end it in order, and gets a
signal from the kernel when this process dies however hard (PR_SET_PDEATHSIG; Linux). That signal is
bound to the thread that started the child: start children from a thread that lives as long as they do.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from crm_core.child_output import ChildOutput
from crm_core.clock import Clock, SystemClock
from crm_core.errors import CallcardError

log = structlog.get_logger(__name__)

_SHIM = Path(__file__).with_name("child_exec.py")


class ChildFailed(CallcardError):
    """A child program did not start, or ended when it should run."""

    code = "child_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """How to run a program.

    *user*: passwd name to become (only as root). *stops*: signals that ask it to end, each with the
    seconds it gets before the next; SIGKILL to the whole group is the last. *death_signal*: what the
    kernel sends it when we die. *quiet*: what it prints is logged at debug level. *ours*: it logs as we
    do, and what it says is logged as said.
    """

    name: str
    argv: Sequence[str | Path]
    cwd: Path | None = None
    env: Mapping[str, str] | None = None
    user: str | None = None
    stops: Sequence[tuple[signal.Signals, float]] = ((signal.SIGTERM, 10.0),)
    death_signal: signal.Signals = signal.SIGTERM
    quiet: bool = False
    ours: bool = False


class Child:
    """One running program. `await Child.start(command)`, then `wait()` or `stop()`."""

    def __init__(self, command: Command, process: asyncio.subprocess.Process, output: ChildOutput) -> None:
        """Use `start`."""
        self.command = command
        self._process = process
        self._output = output

    @classmethod
    async def start(cls, command: Command, *, clock: Clock | None = None) -> Child:
        """Start *command*. Raises ChildFailed when our own interpreter cannot be started.

        A program that is not there ends at once with code 127 and says so in its tail.
        """
        shim = (
            sys.executable,
            "-I",
            "-S",
            _SHIM,
            os.getpid(),
            int(command.death_signal),
            command.user or "-",
        )
        output = ChildOutput(command.name, clock or SystemClock(), quiet=command.quiet, ours=command.ours)
        try:
            process = await asyncio.create_subprocess_exec(
                *map(str, (*shim, *command.argv)),
                cwd=command.cwd,
                env=command.env,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output.write_end,
                stderr=output.write_end,
                start_new_session=True,
            )
        except OSError as error:
            output.close()
            raise ChildFailed(f"{command.name} cannot be started: {error}") from error
        finally:
            os.close(output.write_end)
        return cls(command, process, output)

    @property
    def pid(self) -> int:
        """Process id; also the id of its group and session."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.returncode is None

    async def wait(self) -> int:
        """Wait for its end; the exit code, negative for a signal. Its output has been read then."""
        code = await self._process.wait()
        self._output.close()
        return code

    @property
    def tail(self) -> Sequence[str]:
        """The last lines it printed."""
        return self._output.tail

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing when it has ended."""
        if self.running:
            self._process.send_signal(number)

    async def stop(self) -> int:
        """Ask it to end, more firmly each time, kill its group at last; the exit code."""
        for number, seconds in self.command.stops:
            self.send(number)
            try:
                async with asyncio.timeout(seconds):
                    return await self.wait()
            except TimeoutError:
                log.warning("child does not stop", child=self.command.name, signal=number.name)
        return await self.kill()

    async def kill(self) -> int:
        """Kill its group; the exit code."""
        if self.running:
            os.killpg(self.pid, signal.SIGKILL)
        return await self.wait()

    def failure(self, code: int) -> ChildFailed:
        """The error that tells of its end with *code* in one line, with the last thing it said."""
        said = f": {self.tail[-1]}" if self.tail else ""
        return ChildFailed(f"{self.command.name} {how_it_ended(code)}{said}")


def how_it_ended(code: int) -> str:
    """A program's end in words; *code* as of `Child.wait`."""
    return f"ended by signal {-code}" if code < 0 else f"ended with code {code}"
