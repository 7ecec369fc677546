"""Small files are replaced as a whole, for their owner alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_core.private_file import write_private

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("durable", [True, False])
def test_the_new_file_takes_the_place_of_the_old_one(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "keys.toml"
    path.write_bytes(b"old")
    path.chmod(0o644)
    write_private(path, b"new", durable=durable)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_bytes(b"old")
    (tmp_path / "keys.new").mkdir()  # what is written aside has no place
    with pytest.raises(OSError):
        write_private(path, b"new")
    assert path.read_bytes() == b"old"
