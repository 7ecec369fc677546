"""What rendering needs besides the office file: folders, addresses, accounts, secrets of a private PBX."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from asterisk_conf.music import music_folder

CONTROL_SOCKET = "asterisk.ctl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asterisk:
    """One Asterisk on this machine, as found or installed by `asterisk_conf.install`."""

    command: tuple[str, ...]  # argv prefix: the program, or loader, library path and program
    version: tuple[int, int, int]
    modules: Path  # astmoddir
    data: Path  # astdatadir: sounds/, moh/, documentation/
    music: Path  # folder of music for class `default`
    optional: frozenset[str] = frozenset()  # which of modules.OPTIONAL… it has

    @property
    def version_text(self) -> str:
        """`22.10.1`."""
        return ".".join(map(str, self.version))


@dataclass(frozen=True, slots=True, kw_only=True)
class PbxSettings:
    """One private PBX. Addresses are literal: no DNS on the call path. Secrets: letters, digits, `-`, `_`."""

    home: Path  # configuration generations, database, logs, spool
    run_dir: Path  # control socket and pid file; short, see crm_core.child_user.short_folder
    recordings: Path  # on a local disk
    system_name: str  # secret random token: first part of every Uniqueid and of AMI's SystemName
    sip_bind: str = "127.0.0.1"
    sip_port: int = 5060
    rtp_start: int = 10000
    rtp_end: int = 20000
    ami_host: str = "127.0.0.1"
    ami_port: int = 5038
    listener_user: str = "callcard-listener"
    listener_secret: str
    actor_user: str = "callcard-actor"
    actor_secret: str
    agi_host: str = "127.0.0.1"
    agi_port: int = 4573
    agi_token: str
    http_port: int = 8088  # Asterisk's own web server, on loopback: only where there are browser phones
    ari_user: str = "callcard-router"
    ari_secret: str | None = None  # needed for browser phones
    device_secrets: Mapping[str, str] = field(default_factory=dict)  # endpoint -> password
    music_classes: frozenset[str] = frozenset()  # those that have sound; others play `default`

    @property
    def etc(self) -> Path:
        """The folder of configuration generations."""
        return self.home / "etc"

    @property
    def current(self) -> Path:
        """A symbolic link to the generation in use: Asterisk's astetcdir."""
        return self.etc / "current"

    @property
    def log_dir(self) -> Path:
        """Where Asterisk writes its log and the ledger."""
        return self.home / "log"

    @property
    def log_file(self) -> Path:
        """Notices, warnings and errors of Asterisk."""
        return self.log_dir / "messages.log"

    @property
    def cel_file(self) -> Path:
        """The ledger: CEL rows as CSV, columns of templates/cel_custom.conf.j2."""
        return self.log_dir / "cel-custom" / "callcard.csv"

    @property
    def music(self) -> Path:
        """Music of classes other than `default`, one folder for each."""
        return music_folder(self.home)

    @property
    def control_socket(self) -> Path:
        """What `asterisk -rx` connects to."""
        return self.run_dir / CONTROL_SOCKET

    def folders(self) -> tuple[Path, ...]:
        """Every folder Asterisk writes to; each must exist before it starts (cel-custom above all)."""
        home = self.home
        return (
            self.etc,
            self.log_dir,
            self.cel_file.parent,
            self.music,
            home / "lib",
            home / "cache",
            home / "agi",
            home / "spool",
            self.run_dir,
            self.recordings,
        )
