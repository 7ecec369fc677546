"""A kept file is whole or not there at all."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

import pytest

from recordings.keep import KeptFile, keep, keep_made

pytestmark = pytest.mark.unit


def test_what_was_written_is_there_with_its_hash(tmp_path: Path) -> None:
    kept = keep(tmp_path, "kept/2026-03/a.wav", lambda out: out.write(b"sound"))
    assert kept == KeptFile("kept/2026-03/a.wav", 5, hashlib.sha256(b"sound").hexdigest())
    assert (tmp_path / kept.path).read_bytes() == b"sound"
    assert (tmp_path / kept.path).stat().st_mode & 0o777 == 0o640


def test_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    keep(tmp_path, "kept/a.wav", lambda out: out.write(b"old"))

    def torn(out: BinaryIO) -> None:
        out.write(b"half")
        raise OSError("no space")

    def torn_file(path: Path) -> None:
        with path.open("wb") as out:
            torn(out)

    with pytest.raises(OSError, match="no space"):
        keep(tmp_path, "kept/a.wav", torn)
    with pytest.raises(OSError, match="no space"):
        keep_made(tmp_path, "kept/a.wav", torn_file)
    assert [path.read_bytes() for path in (tmp_path / "kept").iterdir()] == [b"old"]


def test_what_a_crash_left_half_written_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "a.wav.partial").write_bytes(b"half of something longer")
    keep(tmp_path, "kept/a.wav", lambda out: out.write(b"whole"))
    assert [(path.name, path.read_bytes()) for path in (tmp_path / "kept").iterdir()] == [("a.wav", b"whole")]
