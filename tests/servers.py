"""Real servers that live as long as the test session."""

from __future__ import annotations

import asyncio
import atexit
import itertools
import os
import random
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from crm_core.db.embedded import EmbeddedPostgres

_FIRST_PORT, _PORTS = 11_000, 1_000


class PostgresThread:
    """An `EmbeddedPostgres` on an event loop of its own thread: tests come and go with theirs."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        # A daemon, stopped at exit too: a test run that breaks off must not wait for it for ever.
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._run()), name="test-postgres", daemon=True
        )

    def start(self) -> None:
        """Start the server and wait until it answers."""
        atexit.register(self.stop)
        self._thread.start()
        self._started.wait(120)
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Stop the server and its thread; once more does nothing."""
        atexit.unregister(self.stop)
        if self._thread.is_alive() and self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(60)

    async def _run(self) -> None:
        server = EmbeddedPostgres(self.home, settings={"fsync": "off", "max_connections": "100"})
        try:
            await server.start()
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        except BaseException as error:
            self._failure = error
            return
        finally:
            self._started.set()
        await self._stop.wait()
        await server.stop()


class RedisProcess:
    """A redis-server on a port of its own, nothing kept on disk. Can be frozen, killed, started again."""

    def __init__(self, program: str, host: str, directory: Path) -> None:
        self.host = host
        self.port = free_port(host)
        self.url = f"redis://{host}:{self.port}/0"
        self._command = [
            program,
            "--bind",
            host,
            "--port",
            str(self.port),
            "--save",
            "",
            "--appendonly",
            "no",
        ]
        self._directory = directory
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until the port answers."""
        self.process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, cwd=self._directory)
        wait_until(self._answers, "redis-server did not start")

    def stop(self) -> None:
        """Kill it: it holds nothing."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def flush(self) -> None:
        """Remove everything."""
        with socket.create_connection((self.host, self.port), timeout=5) as connection:
            connection.sendall(b"FLUSHALL\r\n")
            assert connection.recv(64).startswith(b"+OK")

    def _answers(self) -> bool:
        try:
            socket.create_connection((self.host, self.port), timeout=1).close()
        except OSError:
            return False
        return True


def worker() -> int:
    """Which of several test processes this is (pytest-xdist), counted from 0."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


_ports = itertools.cycle(random.sample(range(_PORTS), _PORTS))


def free_port(host: str, kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port nobody listens on at *host*, and that was not given to anybody here for long.

    Below the range the system picks from, and each test process in a piece of its own: what is free now
    is not taken by somebody's outgoing connection, or by a server of another process, before it is used.
    """
    while True:
        port = _FIRST_PORT + _PORTS * worker() + next(_ports)
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port


def rtp_start(base: int) -> int:
    """The first RTP port of a PBX here, where the first test process uses *base* (20,000 to 22,999)."""
    return base + 3_000 * worker()


def wait_until(condition: Callable[[], bool], failure: str, seconds: float = 10.0) -> None:
    """Poll *condition* from a thread that has no event loop."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(failure)
        time.sleep(0.02)
