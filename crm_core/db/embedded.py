"""Our own PostgreSQL: made, started, kept running and stopped over the plain programs.

    <home>/lock      flock: one owner; others are refused, or only connect
    <home>/data      the data directory (PGDATA)
    <home>/run       its socket, or a short folder below /tmp where that path is too long

The server runs in the foreground as our child, on a Unix socket only, in a folder only its user may
enter: nothing listens on the network and no password is needed. When we die, the kernel sends it SIGINT
and it shuts down in order. Readiness is a query that is answered, never a process id.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

import asyncpg
import structlog

from crm_core import child_user
from crm_core.child import Child, ChildFailed, Command
from crm_core.child_user import ChildUser
from crm_core.clock import Clock, SystemClock
from crm_core.db import binaries as programs
from crm_core.db.binaries import Binaries
from crm_core.errors import StartRefused
from crm_core.health import Health
from crm_core.supervise import RestartPolicy, Supervisor

log = structlog.get_logger(__name__)

NAME = "postgresql"
USER = DATABASE = "callcard"
_SOCKET_FILE = ".s.PGSQL.5432"
_INITDB_S = 120.0
_RECOVERY_S = 3600.0  # a long crash recovery is not a failure
_ORPHAN_S = 30.0
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",  # our statements are short; compiling them costs more than it saves
    "log_line_prefix": "",
    "log_checkpoints": "off",
    "log_error_verbosity": "terse",  # DETAIL lines quote values: phone numbers do not belong in logs
    "log_min_error_statement": "panic",
}


def socket_dir(home: Path) -> Path:
    """Where the server of *home* has its socket: the same answer in every process."""
    return child_user.short_folder(home.resolve() / "run", _SOCKET_FILE, below_tmp="callcard")


def dsn(home: Path, database: str = DATABASE) -> str:
    """DSN of *database* on the server of *home*."""
    return f"postgresql://{USER}@/{database}?host={socket_dir(home)}"


class EmbeddedPostgres:
    """The owner of the server of *home*. `await start()` gives the DSN; `await stop()` ends it.

    *bin_dir*: programs to use instead of looking for some. *user*: who runs it when we are root.
    *settings*: postgresql.conf settings over ours.
    """

    def __init__(
        self,
        home: Path,
        *,
        bin_dir: Path | None = None,
        user: str | None = None,
        settings: Mapping[str, str] | None = None,
        health: Health | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.home = home.absolute()
        self.data = self.home / "data"
        self._bin_dir = bin_dir
        self._user = user
        self._settings = {**_SETTINGS, **(settings or {})}
        self._health = health or Health(clock)
        self._clock = clock or SystemClock()
        self._lock: int | None = None
        self._supervisor: Supervisor | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the server; None while it is not running."""
        child = self._supervisor.child if self._supervisor else None
        return child.pid if child else None

    async def start(self) -> str:
        """Make the data directory when it is new, start the server, wait until it answers; the DSN.

        Raises StartRefused (one line) when another process owns *home*, no programs fit, or the
        server does not start. Afterwards a server that dies is started again until `stop`.
        """
        self._take_lock()
        try:
            await self._start_owned()
        except BaseException as error:
            await self.stop()
            if isinstance(error, ChildFailed | OSError | asyncpg.PostgresError):
                raise StartRefused(f"PostgreSQL does not start: {error}") from error
            raise
        return dsn(self.home)

    async def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, a checkpoint is written. Bounded in time."""
        if self._supervisor is not None:
            await self._supervisor.stop()
            self._supervisor = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _take_lock(self) -> None:
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StartRefused(f"CALLCARD_DATA: {self.home} cannot be used: {error.strerror}") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(lock, 20).decode(errors="replace").strip()
            os.close(lock)
            raise StartRefused(f"CALLCARD_DATA: {self.home} is in use by process {owner}") from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        self._lock = lock

    async def _start_owned(self) -> None:
        runs_as = await asyncio.to_thread(child_user.choose, self.home, self._user)
        runs_as.owns(self.home)
        found = await asyncio.to_thread(programs.choose, self.data, self._bin_dir)
        found = await asyncio.to_thread(programs.usable, found, runs_as, self.home)
        if not (self.data / "PG_VERSION").exists():
            await self._initialise(found, runs_as)
        runs_as.make_private(socket_dir(self.home))
        self._supervisor = Supervisor(
            self._command(found, runs_as),
            ready=self._answers,
            ready_timeout_s=_RECOVERY_S,
            before=self._wait_for_orphan,
            policy=RestartPolicy(budget=None),
            health=self._health,
            clock=self._clock,
        )
        await self._supervisor.start()
        await self._make_database()

    def _command(self, found: Binaries, runs_as: ChildUser) -> Command:
        options = {**self._settings, "unix_socket_directories": str(socket_dir(self.home))}
        return Command(
            name=NAME,
            argv=[
                found.program("postgres"),
                "-D",
                self.data,
                *(part for key, value in options.items() for part in ("-c", f"{key}={value}")),
            ],
            cwd=self.home,
            env=_environment(),
            user=runs_as.drop,
            # Fast shutdown, then immediate: the next start recovers from the log.
            stops=((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0)),
            death_signal=signal.SIGINT,
        )

    async def _initialise(self, found: Binaries, runs_as: ChildUser) -> None:
        """initdb beside, then rename: a data directory is whole or not there."""
        fresh = self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        locale = ["--locale=C.UTF-8"]
        if found.major >= 17:  # no dependence on the C library's collations, which change under the data
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command = Command(
            name="initdb",
            argv=[
                found.program("initdb"),
                *("-D", fresh, "-U", USER, "-E", "UTF8", "--data-checksums"),
                *("--auth-local=trust", "--auth-host=reject"),
                *locale,
                *(["--no-sync"] if self._settings.get("fsync") == "off" else []),
            ],
            cwd=self.home,
            env=_environment(),
            user=runs_as.drop,
            quiet=True,
        )
        child = await Child.start(command, clock=self._clock)
        try:
            async with asyncio.timeout(_INITDB_S):
                code = await child.wait()
        except BaseException:
            await child.stop()
            raise
        if code != 0:
            raise child.failure(code)
        fresh.rename(self.data)

    async def _answers(self, _child: Child) -> None:
        """Return when a query is answered."""
        while True:
            try:
                connection = await asyncpg.connect(dsn(self.home, "postgres"), timeout=2.0)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.sleep(0.03)
                continue
            await _ask_and_close(connection, "SELECT 1")
            return

    async def _make_database(self) -> None:
        connection = await asyncpg.connect(dsn(self.home, "postgres"), timeout=10.0)
        known = "SELECT FROM pg_database WHERE datname = $1"
        if await connection.fetchrow(known, DATABASE, timeout=10.0) is None:
            await connection.execute(f"CREATE DATABASE {DATABASE}", timeout=60.0)
        await connection.close(timeout=5.0)

    async def _wait_for_orphan(self) -> None:
        """See to `postmaster.pid` before a start; we hold the lock, so no other owner can be starting.

        PostgreSQL refuses to start while that file names any living process of its user, also one that
        has nothing to do with it (a pid used again after a reboot): such a file is removed. A server
        whose owner was killed is shutting down and gets time to end.
        """
        pid_file = self.data / "postmaster.pid"
        deadline = self._clock.monotonic() + _ORPHAN_S
        while (pid := _pid_in(pid_file)) is not None:
            if not _is_server_of(pid, self.data):
                pid_file.unlink(missing_ok=True)
                return
            if self._clock.monotonic() > deadline:
                raise ChildFailed(f"process {pid} still runs on {self.data}")
            await asyncio.sleep(0.05)


def _environment() -> dict[str, str]:
    """No PG* variable of ours reaches the server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}


def _pid_in(pid_file: Path) -> int | None:
    try:
        return abs(int(pid_file.read_text().split("\n")[0]))
    except FileNotFoundError:
        return None
    except ValueError:
        return 0  # cut short when the machine died; PostgreSQL refuses to start over it


def _is_server_of(pid: int, data: Path) -> bool:
    """Whether *pid* is a living `postgres` whose data directory is *data* (it works in that folder)."""
    process = Path("/proc") / str(pid)
    try:
        name_and_state = (process / "stat").read_text()
        works_in = (process / "cwd").readlink()
    except OSError:  # gone, or another user's: PostgreSQL runs only as the owner of its data
        return False
    name, state = name_and_state.partition("(")[2].rpartition(")")[::2]
    return name == "postgres" and state.split()[0] != "Z" and works_in == data.resolve()


async def _ask_and_close(connection: asyncpg.Connection, question: str) -> None:
    await connection.fetchval(question, timeout=10.0)
    await connection.close(timeout=5.0)
