"""One owner of a data folder; facts of a dead owner are not believed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from callcard.layout import DataLock, Layout, Running, read_running, write_running
from crm_core.errors import StartRefused

pytestmark = pytest.mark.unit

FACTS = Running(
    pid=os.getpid(), database_url="postgresql://callcard@/callcard", http="127.0.0.1:8080", settings={}
)


def test_a_second_owner_is_refused_in_one_line_that_names_the_first(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    first = DataLock(layout)
    first.take()
    with pytest.raises(StartRefused) as refused:
        DataLock(layout).take()
    assert str(os.getpid()) in refused.value.message
    assert "\n" not in refused.value.message
    first.release()
    second = DataLock(layout)
    second.take()
    second.release()


def test_facts_are_read_only_while_the_owner_lives(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert read_running(layout) is None
    lock = DataLock(layout)
    lock.take()
    assert read_running(layout) is None
    write_running(layout, FACTS)
    assert read_running(layout) == FACTS
    lock.release()
    layout.running.write_bytes(b"{}")
    assert read_running(layout) is None


def test_an_unusable_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartRefused, match="CALLCARD_DATA"):
        DataLock(Layout(tmp_path / "file" / "below")).take()


def test_a_new_data_folder_is_not_for_others_to_look_into(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "deep" / "data")
    layout.make()
    assert layout.data.stat().st_mode & 0o044 == 0
    assert (layout.data.stat().st_mode & 0o011 != 0) == (os.geteuid() == 0)  # its servers pass through
    layout.data.chmod(0o755)
    layout.make()
    assert layout.data.stat().st_mode & 0o777 == 0o755  # what somebody chose stays


def test_a_folder_that_cannot_be_made_is_refused_by_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartRefused, match=r"CALLCARD_DATA: .*Not a directory"):
        Layout(tmp_path / "file" / "data").make()
