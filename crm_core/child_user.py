"""As whom PostgreSQL and Asterisk run: not as root. The one refuses it, and `initdb` needs a passwd entry."""

from __future__ import annotations

import hashlib
import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from crm_core.errors import StartRefused

# sockaddr_un.sun_path holds 108 bytes with its NUL (unix(7)).
LONGEST_SOCKET_PATH = 107
_ORDINARY = ("callcard", "postgres", "nobody")  # the first that exists; installers make "callcard"


@dataclass(frozen=True, slots=True)
class ChildUser:
    """An ordinary user. *drop*: its passwd name when we are root and must become it."""

    uid: int
    gid: int
    drop: str | None

    def owns(self, path: Path) -> None:
        """Give *path* to this user, for nobody else to read."""
        if self.drop is not None:
            os.chown(path, self.uid, self.gid)
        path.chmod(0o700)

    def make_private(self, folder: Path) -> None:
        """Make *folder* for this user alone. Raises StartRefused when somebody else made it first."""
        try:
            folder.mkdir(mode=0o700, parents=True)
            self.owns(folder)
        except FileExistsError:
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != self.uid or found.st_mode & 0o077:
                raise StartRefused(f"{folder} is not a private folder of uid {self.uid}") from None

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


def short_folder(near: Path, longest_name: str, *, below_tmp: str) -> Path:
    """*near*, a folder for sockets, or one below /tmp where that path is too long: the same each time.

    *longest_name*: of what is made in it; *below_tmp*: how the other folder's name begins.
    """
    if len(os.fsencode(near / longest_name)) <= LONGEST_SOCKET_PATH:
        return near
    return Path("/tmp") / f"{below_tmp}-{hashlib.sha256(os.fsencode(near.parent)).hexdigest()[:16]}"  # noqa: S108


def of(home: Path, user: str | None = None) -> ChildUser:
    """Ourselves; for root the configured *user*, else the owner of *home*, else an ordinary user.

    *home* must exist; nothing is changed. Raises StartRefused when there is no such user.
    """
    if os.geteuid() != 0:
        return ChildUser(os.geteuid(), os.getegid(), None)
    entry = _entry(home, user)
    return ChildUser(entry.pw_uid, entry.pw_gid, entry.pw_name)


def choose(home: Path, user: str | None = None) -> ChildUser:
    """Whom `of` gives, with *home* made theirs. Raises StartRefused when it may not enter *home*."""
    runs_as = of(home, user)
    if runs_as.drop is None:
        return runs_as
    os.chown(home, runs_as.uid, runs_as.gid)
    if not runs_as.may_enter(home):
        raise StartRefused(
            f"CALLCARD_DATA: {home} cannot be entered by the user {runs_as.drop}, as whom PostgreSQL "
            "and Asterisk must run (not as root); choose a directory such as /var/lib/callcard"
        )
    return runs_as


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
    raise StartRefused(
        f"PostgreSQL and Asterisk must not run as root, and there is no user {user or _ORDINARY[0]}"
    )
