"""Asterisk on a bare machine without root: the distribution's own packages, unpacked into the cache.

apt does the work with everything private (sources list, state, cache) and its signatures checked; the
system is not touched. The mirror is the one the system uses. Debian carries Asterisk in its unstable
suite only, Ubuntu in `universe` of each release.

A killed install leaves nothing half: packages are unpacked beside and the root appears by one rename.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from asterisk_conf import apt_sources, find
from asterisk_conf.apt_sources import AptSource
from asterisk_conf.settings import Asterisk
from crm_core.errors import CallcardError, StartRefused
from crm_core.i18n import Message

log = structlog.get_logger(__name__)

PACKAGES = (
    "asterisk",
    "asterisk-core-sounds-en-wav",
    "asterisk-core-sounds-ru-wav",
    "asterisk-moh-opsound-wav",
)
_TRIES = 4
_UPDATE_S, _DOWNLOAD_S, _UNPACK_S = 300.0, 900.0, 60.0
_LANGUAGES = {"en": "en_US_*", "ru": "ru_RU_*"}


class InstallFailed(CallcardError):
    """Asterisk could not be installed."""

    code = "install_failed"


@dataclass(frozen=True, slots=True)
class Distribution:
    """Whose packages: `debian` or `ubuntu`, and its release."""

    name: str
    codename: str

    @property
    def suite(self) -> str:
        """The suite that carries Asterisk."""
        return "sid" if self.name == "debian" else self.codename

    @property
    def components(self) -> tuple[str, ...]:
        """Components of that suite to take."""
        return ("main",) if self.name == "debian" else ("main", "universe")

    @property
    def keyring(self) -> str:
        """Where the archive's key is when the system's source does not say."""
        return f"/usr/share/keyrings/{self.name}-archive-keyring.gpg"


def ensure_asterisk(
    cache: Path, configured: Path | None = None, *, say: Callable[[Message], None] | None = None
) -> Asterisk:
    """The Asterisk that `find.find_asterisk` finds, else a fresh install into *cache*. Blocking.

    *say* gets a message for people at each step. Raises StartRefused or InstallFailed, each one line.
    """
    found = find.find_asterisk(cache, configured)
    return found or install(cache, say=say)


def install(cache: Path, *, say: Callable[[Message], None] | None = None) -> Asterisk:
    """Install into *cache* and return it; what is installed there already is returned as it is.

    A second install at the same time waits for the first. Blocking, bounded (every program has a time
    limit). Raises InstallFailed.
    """
    tell = say or (lambda line: log.info("asterisk install", step=str(line)))
    place = cache / find.ROOT
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InstallFailed(f"CALLCARD_CACHE: {place} cannot be used: {error.strerror}") from None
    with _alone(place / "lock"):
        if (cached := find.cached(cache)) is not None:
            tell(_installed(cached, place))
            return cached
        distribution = read_distribution(Path("/etc/os-release").read_text())
        source = system_source(distribution)
        work = place / ".work"
        try:
            options = _private_apt(work, distribution, source)
            tell(Message("Reading the list of packages"))
            _with_retries(["apt-get", *options, "update", "-qq", "--error-on=any"], _UPDATE_S)
            tell(Message("Downloading Asterisk, its libraries, prompts and music"))
            _with_retries(
                ["apt-get", *options, "install", "-y", "-qq", "--download-only", *PACKAGES], _DOWNLOAD_S
            )
            tell(Message("Unpacking"))
            root = _unpack(sorted((work / "cache/archives").glob("*.deb")), place / ".root.new")
        finally:
            shutil.rmtree(work, ignore_errors=True)
        asterisk = _adopt(root, place)
    tell(_installed(asterisk, place))
    return asterisk


def _installed(asterisk: Asterisk, place: Path) -> Message:
    return Message("Asterisk {version} is installed in {place}", version=asterisk.version_text, place=place)


def read_distribution(os_release: str) -> Distribution:
    """Read os-release(5). Raises InstallFailed for a system whose packages we do not know."""
    fields = dict(line.split("=", 1) for line in os_release.splitlines() if "=" in line)
    values = {key: value.strip().strip("\"'") for key, value in fields.items()}
    family = [values.get("ID", ""), *values.get("ID_LIKE", "").split()]
    for name, codename in (
        ("ubuntu", values.get("UBUNTU_CODENAME") or values.get("VERSION_CODENAME")),
        ("debian", values.get("DEBIAN_CODENAME") or values.get("VERSION_CODENAME")),
    ):
        if name in family and codename:
            return Distribution(name, codename)
    raise InstallFailed(
        "Asterisk can be installed on Debian and Ubuntu only; elsewhere name a program in CALLCARD_ASTERISK."
    )


def system_source(distribution: Distribution) -> AptSource:
    """The archive this system takes its packages from. Raises InstallFailed when apt has none."""
    shown = _run(
        ["apt-config", "shell", "LIST", "Dir::Etc::sourcelist/f", "PARTS", "Dir::Etc::sourceparts/d"], 20.0
    )
    places = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
    sources = apt_sources.read_sources(*(Path(places.get(key, "''").strip("'")) for key in ("LIST", "PARTS")))
    found = apt_sources.choose(sources, distribution.codename, "main")
    if found is None:
        raise InstallFailed(
            f"apt has no source of {distribution.name} {distribution.codename} on this machine."
        )
    return found


def _private_apt(work: Path, distribution: Distribution, source: AptSource) -> list[str]:
    """Folders and options with which apt sees nothing of the system but its mirror, proxy and keys."""
    shutil.rmtree(work, ignore_errors=True)
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True)
    (work / "status").touch()
    keyring = source.signed_by or distribution.keyring
    components = " ".join(distribution.components)
    (work / "sources.list").write_text(
        f"deb [signed-by={keyring}] {source.uri} {distribution.suite} {components}\n"
    )
    options = {
        "Dir::Etc::sourcelist": work / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::State": work / "state",
        "Dir::State::status": work / "status",
        "Dir::Cache": work / "cache",
        "Debug::NoLocking": "1",
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "root",
        "APT::Update::Post-Invoke::": "true",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        "Acquire::http::Timeout": "30",
        "Acquire::https::Timeout": "30",
    }
    return [part for key, value in options.items() for part in ("-o", f"{key}={value}")]


def _unpack(packages: Sequence[Path], root: Path) -> Path:
    """Unpack every package into a fresh *root*, and make what their scripts would have made."""
    if not packages:
        raise InstallFailed("apt downloaded nothing.")
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    for package in packages:
        _run(["dpkg-deb", "-x", str(package), str(root)], _UNPACK_S)
    link_sounds(root / "usr/share/asterisk/sounds")
    return root


def link_sounds(sounds: Path) -> None:
    """Give each prompt language its name, and drop links that lead out of the root.

    Packages do this through /etc/alternatives, which a private root has not: without it `pbx-transfer`
    is missing, and Asterisk's own transfer says Success and does nothing.
    """
    for entry in sounds.iterdir():
        if entry.is_symlink() and not entry.exists():
            entry.unlink()
    (sounds / "custom").mkdir(exist_ok=True)
    for language, pattern in _LANGUAGES.items():
        voice = next(iter(sorted(sounds.glob(pattern))), None)
        if voice is not None and not (sounds / language).exists():
            (sounds / language).symlink_to(voice.name)


def _adopt(root: Path, place: Path) -> Asterisk:
    """Check that the fresh root runs, and put it in its place under its version."""
    try:
        version = find.of_root(root).version_text
        target = place / version
        shutil.rmtree(target, ignore_errors=True)
        root.rename(target)
        return find.of_root(target)
    except StartRefused as error:
        raise InstallFailed(error.message) from error


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _with_retries(argv: list[str], limit_s: float, *, pause_s: float = 2.0) -> None:
    """Run, and again after ever longer pauses when it fails: mirrors and networks do, for a moment."""
    for attempt in range(1, _TRIES + 1):
        try:
            _run(argv, limit_s)
            return
        except InstallFailed as error:
            if attempt == _TRIES:
                raise
            log.warning("asterisk install step failed, trying again", reason=error.message, attempt=attempt)
            time.sleep(pause_s * 2 ** (attempt - 1))


def _run(argv: list[str], limit_s: float) -> str:
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
            stdin=subprocess.DEVNULL,
            env=environment,
        )
    except FileNotFoundError:
        raise InstallFailed(
            f"{argv[0]} is not there; Asterisk is installed with Debian's or Ubuntu's tools."
        ) from None
    except subprocess.TimeoutExpired:
        raise InstallFailed(f"{argv[0]} did not end within {limit_s:g} s.") from None
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise InstallFailed(f"{argv[0]} failed: {said[-1] if said else done.returncode}")
    return done.stdout
