"""The local copy of presence."""

from __future__ import annotations

from pathlib import Path

import pytest

from callrouter.acd.presence_cache import PresenceCache
from crm_core.presence.model import ChosenState, Presence
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.unit


async def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    now = FakeClock().now()
    rows = (
        Presence(
            agent="anna", chosen=ChosenState.BREAK, reason="lunch", since=now, wrap_up_until=now, misses=2
        ),
    )
    cache = PresenceCache(tmp_path / "presence.json")
    assert cache.load() == ()
    await cache.save(rows)
    assert cache.load() == rows
    assert (tmp_path / "presence.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("damage", [b"", b"{", b'[{"agent": 1}]', b"\xff\xfe"])
def test_a_damaged_copy_is_no_copy(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "presence.json"
    path.write_bytes(damage)
    assert PresenceCache(path).load() == ()


async def test_a_folder_that_cannot_be_written_is_survived(tmp_path: Path) -> None:
    await PresenceCache(tmp_path / "missing" / "presence.json").save(())
