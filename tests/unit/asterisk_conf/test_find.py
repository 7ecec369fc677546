"""Which Asterisk is taken, and which are passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

from asterisk_conf.find import ROOT, cached, find_asterisk, of_root, version_of
from crm_core.errors import StartRefused

pytestmark = pytest.mark.unit


def program(path: Path, says: str) -> Path:
    """A program that answers `-V`; the loader of a fake root runs it as its last argument."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


def root(cache: Path, version: str, says: str | None = None) -> Path:
    """A private root as `install` leaves it, its loader a script."""
    place = cache / ROOT / version
    (place / "usr/lib/x86_64-linux-gnu/asterisk/modules").mkdir(parents=True)
    program(place / "usr/lib64/ld-linux-x86-64.so.2", says or f"Asterisk {version}+dfsg")
    return place


def test_the_newest_whole_root_is_taken(tmp_path: Path) -> None:
    for version in ("20.9.3", "22.10.1", "22.9.0"):
        root(tmp_path, version)
    (tmp_path / ROOT / "23.0.0").mkdir()  # half: never renamed into place like this, yet passed over
    found = cached(tmp_path)
    assert found is not None and found.version == (22, 10, 1) and found.version_text == "22.10.1"
    assert found.command[1] == "--library-path"


def test_an_old_root_is_passed_over(tmp_path: Path) -> None:
    root(tmp_path, "18.1.0")
    assert cached(tmp_path) is None
    with pytest.raises(StartRefused, match="too old"):
        of_root(tmp_path / ROOT / "18.1.0")


def test_an_optional_module_is_seen(tmp_path: Path) -> None:
    place = root(tmp_path, "22.10.1")
    (place / "usr/lib/x86_64-linux-gnu/asterisk/modules/res_cdrel_custom.so").touch()
    assert of_root(place).optional == {"res_cdrel_custom"}


def test_a_configured_program_that_does_not_run_is_refused_not_passed_over(tmp_path: Path) -> None:
    root(tmp_path, "22.10.1")
    with pytest.raises(StartRefused):
        find_asterisk(tmp_path, tmp_path / "no/such/asterisk")


@pytest.mark.parametrize(
    ("says", "version"),
    [
        ("Asterisk 22.10.1+dfsg+~cs6.17", (22, 10, 1)),
        ("Asterisk certified/20.7-cert2", (20, 7, 0)),
        ("Asterisk 20.6.0~dfsg", (20, 6, 0)),
    ],
)
def test_versions_are_read(says: str, version: tuple[int, int, int], tmp_path: Path) -> None:
    assert version_of((str(program(tmp_path / "asterisk", says)),)) == version


def test_another_program_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StartRefused, match="version"):
        version_of((str(program(tmp_path / "asterisk", "hello")),))
