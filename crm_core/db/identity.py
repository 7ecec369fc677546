"""As whom PostgreSQL runs. It refuses root, and `initdb` needs a passwd entry: root becomes somebody."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from crm_core.db.binaries import Binaries
from crm_core.errors import StartRefused

_ORDINARY = ("callcard", "postgres", "nobody")  # the first that exists; installers make "callcard"


@dataclass(frozen=True, slots=True)
class Identity:
    """The user of the server. *drop*: its passwd name when we are root and must become it."""

    uid: int
    gid: int
    drop: str | None

    def owns(self, path: Path) -> None:
        """Give *path* to this user, for nobody else to read."""
        if self.drop is not None:
            os.chown(path, self.uid, self.gid)
        path.chmod(0o700)

    def may_enter(self, folder: Path) -> bool:
        """Whether this user gets into *folder*: every folder on the way counts."""
        return self.can("/bin/sh", "-c", 'cd "$1"', "sh", folder)

    def can(self, *command: str | Path) -> bool:
        """Whether *command*, run as this user, succeeds."""
        try:
            done = subprocess.run(
                list(map(str, command)),
                user=self.uid if self.drop else None,
                group=self.gid if self.drop else None,
                extra_groups=os.getgrouplist(self.drop, self.gid) if self.drop else None,
                cwd="/",
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=10,
                check=False,
            )
        except (OSError, subprocess.SubprocessError):
            return False
        return done.returncode == 0


def of(home: Path, user: str | None = None) -> Identity:
    """Ourselves; for root the configured *user*, else the owner of *home*, else an ordinary user.

    *home* must exist; nothing is changed. Raises StartRefused when there is no such user.
    """
    if os.geteuid() != 0:
        return Identity(os.geteuid(), os.getegid(), None)
    entry = _entry(home, user)
    return Identity(entry.pw_uid, entry.pw_gid, entry.pw_name)


def choose(home: Path, user: str | None = None) -> Identity:
    """The identity `of` gives, with *home* made its own. Raises StartRefused when it may not enter *home*."""
    identity = of(home, user)
    if identity.drop is None:
        return identity
    os.chown(home, identity.uid, identity.gid)
    if not identity.may_enter(home):
        raise StartRefused(
            f"CALLCARD_DATA: {home} cannot be entered by the user {identity.drop}, as whom PostgreSQL "
            "must run (it refuses root); choose a directory such as /var/lib/callcard"
        )
    return identity


def _entry(home: Path, user: str | None) -> pwd.struct_passwd:
    owner = home.stat().st_uid
    if user is None and owner != 0:
        try:
            return pwd.getpwuid(owner)
        except KeyError:
            raise StartRefused(f"CALLCARD_DATA: {home} belongs to uid {owner}, which has no name") from None
    for name in (user,) if user else _ORDINARY:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return entry
    raise StartRefused(f"PostgreSQL must not run as root, and there is no user {user or _ORDINARY[0]}")


def usable(binaries: Binaries, identity: Identity, home: Path) -> Binaries:
    """*binaries*, or a copy of them in *home* where this user cannot run them in their own place.

    A virtualenv below a private home is such a place; nobody's permissions are widened for it.
    """
    if identity.can(binaries.program("postgres"), "--version"):
        return binaries
    if not binaries.movable:
        raise StartRefused(f"{binaries.directory} cannot be used by the user PostgreSQL must run as")
    copy = home / f"postgresql-{binaries.version}"
    if not copy.is_dir():
        fresh = home / f".{copy.name}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(binaries.directory.parent, fresh, symlinks=True)
        fresh.rename(copy)
    return Binaries(directory=copy / "bin", version=binaries.version, movable=True)
