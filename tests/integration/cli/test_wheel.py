"""The wheel runs elsewhere: in an environment of its own, from another folder, without the checkout."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_ui.assets import load_assets
from callcard import __version__
from tests.integration.cli.command_line import ROOT, CommandLine
from tests.journeys.pbx import cache_folder

pytestmark = pytest.mark.integration


def run(*command: str | Path) -> None:
    """Run a tool to its end. Raises AssertionError with what it said when it fails."""
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, cwd=ROOT, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def installed(short_tmp: Path) -> Iterator[CommandLine]:
    """A command line of the built wheel; what it depends on is lent by this environment, not fetched."""
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", short_tmp)
    (wheel,) = short_tmp.glob("*.whl")
    elsewhere = short_tmp / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", elsewhere)
    python = elsewhere / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python", python)
    run(*pip, "install", "--no-deps", "--no-index", wheel)
    (site,) = elsewhere.glob("lib/python*/site-packages")
    # A folder named in a .pth file is looked into last, and its own .pth files (the checkout's) are not read.
    (site / "lent.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    yield CommandLine(short_tmp / "data", {"CACHE": str(cache_folder())}, python=python)


def test_the_wheel_is_whole(installed: CommandLine) -> None:
    place = subprocess.run(
        [installed.python, "-c", "import callcard; print(callcard.__file__)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=installed.data.parent,
        env=installed.environment(),
    ).stdout.strip()
    package = Path(place).parent
    assert package.is_relative_to(installed.python.parents[1])
    script = installed.python.with_name("callcard")
    assert subprocess.check_output([script, "--version"], text=True).strip() == __version__
    sample = package / "demo" / "office.yaml"
    assert installed("office", "check", sample).lines == [
        f"{sample}: right; people: 6, numbers: 2, queues: 2"
    ]
    assert str(sample) in installed("up").refused()  # the sample one is told to begin with is the wheel's
    assert (package / "py.typed").exists()
    pages = package.parent / "agent_ui"
    assets = load_assets(pages / "static")
    assert assets.names and all((assets.folder / name).is_file() for name in assets.names)
    assert (pages / "templates" / "base.html").exists()
    assert not (pages / "frontend").exists()  # what they were built from stays behind

    before = {entry.name for entry in installed.data.parent.iterdir()}
    said = installed("demo", "--calls", "1", "--lang", "ru")
    assert said.code == 0, said
    shown = re.search(r"call\.\w+ +\+7 495 555-01-42 · Marina Volkova · разговор", said.out)
    assert shown, said.out  # catalogue, migrations, templates: all of the wheel
    # Nothing was written here: the demo's folder is thrown away, Asterisk's is the cache.
    assert {entry.name for entry in installed.data.parent.iterdir()} == before
