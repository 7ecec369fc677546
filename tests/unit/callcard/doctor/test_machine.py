"""What the doctor says of the machine."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from callcard.doctor import machine
from callcard.settings import load_keys
from recordings.disk import Space
from tests.unit.callcard.doctor.grounds import ground, lines

pytestmark = pytest.mark.unit


async def test_this_python_will_do(tmp_path: Path) -> None:
    assert lines(await machine.python(ground(tmp_path)))[0].startswith("ok Python: 3.")


@pytest.mark.parametrize(("free", "state"), [(16, "ok"), (15, "wrong"), (1, "wrong")])
def test_a_disk_is_full_from_85_percent(free: int, state: str) -> None:
    said = str(machine.fullness(Path("/srv"), Space(total=100 << 30, free=free << 30)))
    assert said.split()[:3] == [state, "disk:", f"{100 - free}%"]


def test_a_small_disk_is_full_when_the_recorder_says_so() -> None:
    said = str(machine.fullness(Path("/srv"), Space(total=1 << 30, free=511 << 20)))
    assert said.split()[:3] == ["wrong", "disk:", "50%"]


async def test_the_disk_of_a_folder_to_come_is_that_of_its_parent(tmp_path: Path) -> None:
    (line,) = lines(await machine.disk(ground(tmp_path / "not" / "there")))
    assert f"GB free at {tmp_path}" in line


async def test_the_limit_of_open_files_is_the_one_that_cannot_be_raised(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 512), hard))
    try:
        (line,) = lines(await machine.open_files(ground(tmp_path)))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert line == f"ok open files: {hard} at most"


async def test_keys_must_be_their_owners_alone(tmp_path: Path) -> None:
    here = ground(tmp_path)
    assert lines(await machine.keys_file(here)) == []
    load_keys(tmp_path)
    assert lines(await machine.keys_file(here)) == ["ok keys.toml: readable by its owner only"]
    (tmp_path / "keys.toml").chmod(0o640)
    (line,) = lines(await machine.keys_file(here))
    assert line.startswith("wrong keys.toml:") and line.endswith(f"chmod 600 {tmp_path}/keys.toml")


async def test_a_folder_that_is_not_there_yet_is_fine_and_is_not_made(short_tmp: Path) -> None:
    missing = short_tmp / "data"
    (line,) = lines(await machine.data_folder(ground(missing)))
    assert line == f"ok data folder: {missing} (made at the first start)"
    assert not missing.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers run as another user")
async def test_a_folder_closed_to_the_servers_user_is_wrong(short_tmp: Path) -> None:
    closed = short_tmp / "closed"
    closed.mkdir(mode=0o700)
    (line,) = lines(await machine.data_folder(ground(closed / "data")))
    assert line.startswith(f"wrong data folder: {closed} may not be entered by")


async def test_no_programs_are_looked_for_with_ones_own_database(tmp_path: Path) -> None:
    here = ground(tmp_path, settings={"database_url": "postgresql://nobody@127.0.0.1/none"})
    assert lines(await machine.postgresql_programs(here)) == []
    (line,) = lines(await machine.postgresql_programs(ground(tmp_path)))
    assert line.startswith("ok PostgreSQL programs: 1")


async def test_data_of_a_version_without_programs_is_wrong(tmp_path: Path) -> None:
    data = tmp_path / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("9\n")
    (line,) = lines(await machine.postgresql_programs(ground(tmp_path)))
    assert line.startswith("wrong PostgreSQL programs:") and "made by PostgreSQL 9" in line
