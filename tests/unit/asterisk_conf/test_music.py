"""Classes of waiting music are folders with sound in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from asterisk_conf.music import music_classes, without_sound
from tests.unit.asterisk_conf.samples import sample_office

pytestmark = pytest.mark.unit


def test_a_class_is_a_folder_that_holds_sound(tmp_path: Path) -> None:
    assert music_classes(tmp_path / "away") == frozenset()
    for name, file in (("piano", "one.WAV"), ("notes", "readme.txt"), ("empty", None)):
        (tmp_path / name).mkdir()
        if file is not None:
            (tmp_path / name / file).write_bytes(b"")
    (tmp_path / "loose.wav").write_bytes(b"")
    assert music_classes(tmp_path) == {"piano"}


def test_a_queue_whose_class_has_no_sound_is_found(tmp_path: Path) -> None:
    assert list(without_sound(sample_office(), tmp_path)) == [("quiet", tmp_path / "piano")]
    (tmp_path / "piano").mkdir()
    (tmp_path / "piano" / "one.sln").write_bytes(b"")
    assert list(without_sound(sample_office(), tmp_path)) == []
