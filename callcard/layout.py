"""Where things stand in the data folder, and what a running Callcard tells other commands of this machine."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from crm_core.errors import StartRefused
from crm_core.private_file import write_private

PASSAGE = 0o711  # through, not into


@dataclass(frozen=True, slots=True)
class Layout:
    """Folders and files below CALLCARD_DATA."""

    data: Path

    def make(self) -> None:
        """Make the data folder for nobody else to look into. Raises StartRefused when it cannot be used.

        As root others may pass through, not list: PostgreSQL and Asterisk run as an ordinary user.
        """
        if self.data.is_dir():
            return
        try:
            self.data.mkdir(parents=True, exist_ok=True)
            self.data.chmod(PASSAGE if os.geteuid() == 0 else 0o700)
        except OSError as error:
            raise StartRefused(f"CALLCARD_DATA: {self.data} cannot be used: {error.strerror}") from None

    @property
    def postgres(self) -> Path:
        """The embedded database."""
        return self.data / "postgres"

    @property
    def spool(self) -> Path:
        """Call facts written down while the database is away."""
        return self.data / "spool"

    @property
    def pbx(self) -> Path:
        """The private Asterisk: generated configuration, its own state, logs and ledger."""
        return self.data / "pbx"

    @property
    def recordings(self) -> Path:
        """Audio."""
        return self.data / "recordings"

    @property
    def logs(self) -> Path:
        """Logs of our own processes."""
        return self.data / "logs"

    @property
    def office_copy(self) -> Path:
        """The applied office's text, for a start while the database is away."""
        return self.data / "office.yaml"

    @property
    def presence_copy(self) -> Path:
        """Agents' states, for a start while the database is away."""
        return self.data / "presence.json"

    @property
    def running(self) -> Path:
        """Facts of the running `callcard up`."""
        return self.data / "running.json"

    @property
    def children(self) -> Path:
        """How the running `callcard up` finds what it owns."""
        return self.data / "children.json"

    @property
    def lock(self) -> Path:
        """Held by the one `callcard up` of this folder."""
        return self.data / "callcard.lock"


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """What other commands need to reach a running Callcard.

    *settings*: its own, as an environment. *demo*: its PBX holds more than its office says.
    """

    pid: int
    database_url: str
    http: str
    settings: dict[str, str]
    demo: bool = False


def write_running(layout: Layout, running: Running) -> None:
    """Tell other commands of this machine; the address of the database is in it."""
    write_private(layout.running, msgspec.json.encode(running), durable=False)


def is_owned(layout: Layout) -> bool:
    """Whether a `callcard up` of this folder runs now. Without one, whatever files say is history."""
    try:
        with layout.lock.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    except OSError:
        return False


def read_running(layout: Layout) -> Running | None:
    """Facts of the `callcard up` that runs now, else None. A left-over file of a dead one is None too."""
    if not is_owned(layout):
        return None
    try:
        return msgspec.json.decode(layout.running.read_bytes(), type=Running)
    except (OSError, msgspec.MsgspecError):
        return None


class DataLock:
    """The one owner of a data folder. Released by the kernel when the process ends, however it ends."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._handle: int | None = None

    def take(self) -> None:
        """Raises StartRefused, in one line, when another process has it or the folder cannot be used."""
        self._layout.make()
        try:
            handle = os.open(self._layout.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StartRefused(
                f"CALLCARD_DATA: {self._layout.data} cannot be used: {error.strerror}"
            ) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
            os.close(handle)
            raise StartRefused(
                f"CALLCARD_DATA: {self._layout.data} is in use by process {owner or 'unknown'};"
                " stop it, or choose another folder"
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        self._handle = handle

    def release(self) -> None:
        """Give the folder back."""
        if self._handle is not None:
            self._layout.running.unlink(missing_ok=True)
            self._layout.children.unlink(missing_ok=True)
            os.close(self._handle)
            self._handle = None
