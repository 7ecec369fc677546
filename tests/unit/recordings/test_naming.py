"""File names come from the call id alone, and no path leaves the root."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.errors import NotFound
from crm_core.recordings.model import RecordingKind
from recordings.naming import Part, kept_name, read_name, resolve, spool, spooled_name

pytestmark = pytest.mark.unit

CALL = UUID("2b1c6a52-7a30-4a6e-9f1a-0c8e6a1f2d3b")
MARCH = datetime(2026, 3, 2, tzinfo=UTC)


@given(st.uuids(), st.sampled_from(list(Part)))
def test_names_are_read_back(call_id: UUID, part: Part) -> None:
    found = read_name(spooled_name(call_id, part))
    assert found is not None and (found.call_id, found.part) == (call_id, part)


@pytest.mark.parametrize(
    "name",
    [
        f"{CALL}.mp3",
        f"{CALL}-in.wav.partial",
        f"{str(CALL).upper()}.wav",
        f"x{CALL}.wav",
        f"{CALL}.wav\n",
        "",
    ],
)
def test_foreign_names_are_nobodys(name: str) -> None:
    assert read_name(name) is None


def test_kept_by_month_and_kind() -> None:
    assert kept_name(CALL, RecordingKind.CALL, MARCH, "mp3") == f"kept/2026-03/{CALL}.mp3"
    assert kept_name(CALL, RecordingKind.VOICEMAIL, MARCH, "wav") == f"kept/2026-03/{CALL}-vm.wav"


def test_what_was_kept_is_found(tmp_path: Path) -> None:
    for relative in (kept_name(CALL, RecordingKind.CALL, MARCH, "wav"), f"{CALL}.wav"):
        path = tmp_path / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        assert resolve(tmp_path, relative) == path


@pytest.mark.parametrize(
    "relative",
    [
        "../secret.wav",
        f"../{CALL}.wav",
        f"kept/../../{CALL}.wav",
        f"kept/2026-03/../../../{CALL}.wav",
        f"/etc/{CALL}.wav",
        f"kept//2026-03/{CALL}.wav",
        f"%2e%2e/{CALL}.wav",
        f"..%2f{CALL}.wav",
        f"kept/2026-03/{CALL}.wav\0.mp3",
        f"kept/2026-03/{CALL}.wav\n",
        "/etc/passwd",
        "",
        ".",
    ],
)
def test_no_path_leaves_the_root(tmp_path: Path, relative: str) -> None:
    root = tmp_path / "root"
    (root / "kept" / "2026-03").mkdir(parents=True)
    (tmp_path / "secret.wav").write_bytes(b"secret")
    (tmp_path / f"{CALL}.wav").write_bytes(b"secret")
    with pytest.raises(NotFound):
        resolve(root, relative)


def test_links_are_not_followed(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "kept").mkdir(parents=True)
    outside.mkdir()
    (outside / f"{CALL}.wav").write_bytes(b"secret")
    (root / f"{CALL}.wav").symlink_to(outside / f"{CALL}.wav")
    (root / "kept" / "2026-03").symlink_to(outside)
    for relative in (f"{CALL}.wav", f"kept/2026-03/{CALL}.wav"):
        with pytest.raises(NotFound):
            resolve(root, relative)
    assert list(spool(root)) == []


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / f"{CALL}.wav").write_bytes(b"x")
    (tmp_path / "root").symlink_to(tmp_path / "disk")
    assert resolve(tmp_path / "root", f"{CALL}.wav").read_bytes() == b"x"


def test_a_folder_is_no_recording(tmp_path: Path) -> None:
    (tmp_path / f"{CALL}.wav").mkdir()
    with pytest.raises(NotFound):
        resolve(tmp_path, f"{CALL}.wav")


def test_spool_lists_only_what_the_pbx_wrote(tmp_path: Path) -> None:
    for name in (f"{CALL}.wav", f"{CALL}-in.wav", "notes.txt", ".probe"):
        (tmp_path / name).write_bytes(b"x")
    assert {found.part for _, found in spool(tmp_path)} == {Part.MIX, Part.CUSTOMER}
