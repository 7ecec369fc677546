"""Which Asterisk runs the private PBX: a configured one, the system's, or the one installed in the cache."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from asterisk_conf.modules import OPTIONAL, OPTIONAL_FOR_BROWSER_PHONES
from asterisk_conf.settings import Asterisk
from crm_core.errors import StartRefused

MINIMUM = (20, 0, 0)
ROOT = "asterisk"  # folder of private installations in the cache
_VERSION = re.compile(r"Asterisk (?:certified/)?(\d+)\.(\d+)(?:\.(\d+))?")
_MODULES = "asterisk/modules"
_DATA = ("/usr/share/asterisk", "/var/lib/asterisk", "/usr/local/share/asterisk")


def find_asterisk(cache: Path, configured: Path | None = None) -> Asterisk | None:
    """The first of: *configured* program, the system's, the cached private root; None when there is none.

    Blocking. Raises StartRefused when the configured one cannot be used; a system's or cached one that
    is too old or broken is passed over.
    """
    if configured is not None:
        return of_program(configured)
    found = shutil.which("asterisk", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if found:
        try:
            return of_program(Path(found))
        except StartRefused:
            pass  # too old for a private PBX; the cached one is not
    return cached(cache)


def cached(cache: Path) -> Asterisk | None:
    """The newest whole Asterisk installed in *cache*; None when there is none."""
    for root in sorted((cache / ROOT).glob("[0-9]*"), key=_root_order, reverse=True):
        try:
            return of_root(root)
        except StartRefused:
            continue
    return None


def of_program(program: Path) -> Asterisk:
    """The Asterisk whose program is *program*, installed where its packages put it. Raises StartRefused."""
    prefixes = (program.parent.parent, Path("/usr"), Path("/usr/local"))
    modules = _first(path for prefix in prefixes for path in _module_folders(prefix))
    data = _first(path for path in map(Path, _DATA) if (path / "sounds").is_dir())
    if modules is None or data is None:
        raise StartRefused(f"{program}: its modules or sounds are not where packages put them")
    return _checked((str(program),), modules, data)


def of_root(root: Path) -> Asterisk:
    """The Asterisk unpacked in *root*, run by that root's own loader and libraries. Raises StartRefused."""
    modules = _first(_module_folders(root / "usr"))
    loader = _first(
        path for place in ("usr/lib64", "usr/lib", "lib64", "lib") for path in root.glob(f"{place}/ld-linux*")
    )
    if modules is None or loader is None:
        raise StartRefused(f"{root} is not a whole Asterisk")
    libraries = f"{modules.parent.parent}:{modules.parent}"
    command = (str(loader), "--library-path", libraries, str(root / "usr/sbin/asterisk"))
    return _checked(command, modules, root / "usr/share/asterisk")


def _module_folders(prefix: Path) -> list[Path]:
    return [*prefix.glob(f"lib*/{_MODULES}"), *prefix.glob(f"lib/*/{_MODULES}")]


def _first(paths: Iterable[Path]) -> Path | None:
    return next(iter(paths), None)


def _checked(command: tuple[str, ...], modules: Path, data: Path) -> Asterisk:
    version = version_of(command)
    if version < MINIMUM:
        raise StartRefused(
            f"Asterisk {'.'.join(map(str, version))} is too old: the private PBX needs {MINIMUM[0]}"
        )
    return Asterisk(
        command=command,
        version=version,
        modules=modules,
        data=data,
        music=data / "moh",
        optional=frozenset(
            name for name in (*OPTIONAL, *OPTIONAL_FOR_BROWSER_PHONES) if (modules / f"{name}.so").exists()
        ),
    )


def version_of(command: tuple[str, ...]) -> tuple[int, int, int]:
    """What `asterisk -V` says. Raises StartRefused when it cannot be run or read."""
    try:
        done = subprocess.run(
            [*command, "-V"],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise StartRefused(f"{command[-1]} cannot be run: {error}") from error
    found = _VERSION.search(done.stdout)
    if done.returncode != 0 or found is None:
        raise StartRefused(
            f"{command[-1]} does not tell its version: {(done.stderr or done.stdout).strip()[:200]}"
        )
    return int(found[1]), int(found[2]), int(found[3] or 0)


def _root_order(root: Path) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", root.name)]
