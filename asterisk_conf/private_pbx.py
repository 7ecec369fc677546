"""A private Asterisk: relocated, unprivileged, ours from start to stop. Several may run at once.

It runs in the foreground as our child, on folders, addresses and a control socket of its own. When we
die, the kernel ends it; when it dies, it is started again. Each start has a number (the boot epoch):
Asterisk's Uniqueids count from its start, so an id means something only within one epoch.
"""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import structlog

from asterisk_conf.control import Control
from asterisk_conf.settings import CONTROL_SOCKET, Asterisk, PbxSettings
from crm_core import child_user
from crm_core.child import Child, ChildFailed, Command
from crm_core.child_user import ChildUser
from crm_core.clock import Clock, SystemClock
from crm_core.errors import StartRefused, Unavailable
from crm_core.health import Health
from crm_core.supervise import RestartPolicy, Supervisor

log = structlog.get_logger(__name__)

NAME = "asterisk"
_READY_S = 30.0
_ORPHAN_S = 8.0
_BOOT_FILE = "boot_epoch"


def run_dir(home: Path) -> Path:
    """Where the control socket of *home* lives: inside, or below /tmp where that path is too long."""
    return child_user.short_folder(home.resolve() / "run", CONTROL_SOCKET, below_tmp="callcard-pbx")


class PrivatePbx:
    """The owner of one private Asterisk. `await start()`, later `await stop()`.

    *settings.current* must hold a generation of configuration (`generations.write`, `generations.use`).
    *runs_as*: as whom it runs (`prepare`); None: found by `prepare` at start.
    """

    def __init__(
        self,
        settings: PbxSettings,
        asterisk: Asterisk,
        *,
        runs_as: ChildUser | None = None,
        health: Health | None = None,
        clock: Clock | None = None,
        policy: RestartPolicy | None = None,
    ) -> None:
        self.settings = settings
        self.asterisk = asterisk
        self.control = Control(asterisk, settings)
        self._runs_as = runs_as
        self._health = health or Health(clock)
        self._clock = clock or SystemClock()
        self._policy = policy or RestartPolicy(budget=None)
        self._supervisor: Supervisor | None = None

    @property
    def pid(self) -> int | None:
        """Process id of Asterisk; None while it is not running."""
        child = self._supervisor.child if self._supervisor else None
        return child.pid if child else None

    @property
    def boot_epoch(self) -> int:
        """How often this PBX was started; 0 before the first start."""
        try:
            return int((self.settings.home / _BOOT_FILE).read_text())
        except (FileNotFoundError, ValueError):
            return 0

    async def start(self) -> None:
        """Start and wait until fully booted. Raises StartRefused (one line) when it does not.

        Afterwards an Asterisk that dies is started again, with growing pauses, until `stop`.
        """
        if self._runs_as is None:
            self._runs_as = await asyncio.to_thread(prepare, self.settings)
        if not (self.settings.current / "asterisk.conf").exists():
            raise StartRefused(
                "There is no configuration for the private PBX yet; apply an office file first."
            )
        self._supervisor = Supervisor(
            self._command(self._runs_as),
            ready=self._booted,
            ready_timeout_s=_READY_S,
            before=self._before_boot,
            policy=self._policy,
            health=self._health,
            clock=self._clock,
        )
        try:
            await self._supervisor.start()
        except ChildFailed as error:
            self._supervisor = None
            raise StartRefused(f"The private PBX does not start: {error.message}") from error

    async def stop(self) -> None:
        """End it and the calls in it; bounded in time."""
        if self._supervisor is not None:
            await self._supervisor.stop()
            self._supervisor = None

    async def wait(self) -> None:
        """Wait until `stop`."""
        if self._supervisor is not None:
            await self._supervisor.wait()

    def _command(self, runs_as: ChildUser) -> Command:
        config = self.settings.current / "asterisk.conf"
        return Command(
            name=NAME,
            argv=[*self.asterisk.command, "-f", "-C", config],
            cwd=self.settings.home,
            env={"PATH": os.defpath, "HOME": str(self.settings.home), "LC_ALL": "C.UTF-8"},
            user=runs_as.drop,
            stops=((signal.SIGTERM, 10.0), (signal.SIGQUIT, 3.0)),
            death_signal=signal.SIGTERM,
        )

    async def _before_boot(self) -> None:
        """Let an Asterisk whose owner was killed end, then count this start: no epoch is used twice."""
        deadline = self._clock.monotonic() + _ORPHAN_S
        while await _accepts(self.settings.control_socket):
            if self._clock.monotonic() > deadline:
                raise ChildFailed(f"another Asterisk runs in {self.settings.home}")
            await asyncio.sleep(0.1)
        epoch = self.boot_epoch + 1
        fresh = self.settings.home / f".{_BOOT_FILE}.new"
        fresh.write_text(f"{epoch}\n")
        fresh.rename(self.settings.home / _BOOT_FILE)
        log.info("private pbx starts", boot_epoch=epoch, version=self.asterisk.version_text)

    async def _booted(self, _child: Child) -> None:
        """Return when Asterisk says that it is fully booted: a login it accepts earlier is no proof."""
        while True:
            try:
                if "fully booted" in await self.control.run("core waitfullybooted", timeout=_READY_S):
                    return
            except Unavailable:
                pass  # its control socket is not there yet
            await asyncio.sleep(0.05)


async def _accepts(socket: Path) -> bool:
    """Whether somebody answers on this Unix socket."""
    try:
        async with asyncio.timeout(1.0):
            _, writer = await asyncio.open_unix_connection(socket)
    except TimeoutError:
        return True  # somebody holds it, too busy to accept
    except OSError:
        return False
    writer.close()
    return True


def prepare(settings: PbxSettings, user: str | None = None) -> ChildUser:
    """Make every folder Asterisk writes to, owned by the user it runs as; that user.

    Blocking. Raises StartRefused when a folder is somebody else's, or the user may not enter it.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    runs_as = child_user.choose(settings.home, user)
    if runs_as.drop is not None:
        os.chown(settings.home, 0, runs_as.gid)  # Asterisk must not be able to swap its configuration
    settings.home.chmod(0o750)
    for folder in settings.folders():
        if folder == settings.run_dir:
            runs_as.make_private(folder)
            continue
        folder.mkdir(parents=True, exist_ok=True)
        if folder == settings.etc:
            continue  # ours, for Asterisk to read; nobody else gets past *home*
        if runs_as.drop is not None:
            os.chown(folder, runs_as.uid, runs_as.gid)
        folder.chmod(0o750)  # recordings lie beside *home*, and are nobody else's to hear
    return runs_as
