"""Pages of lists in memory: everything once, in order, also while the list changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_ui.api.reading import page
from crm_core.live.model import LiveQueue

pytestmark = pytest.mark.unit


def queue(name: str) -> LiveQueue:
    return LiveQueue(
        name=name,
        title=name,
        waiting=0,
        oldest_waiting_at=None,
        agents={},
        offered=0,
        answered=0,
        abandoned=0,
        service_level=None,
        service_level_s=20,
    )


@given(st.sets(st.text("abc", min_size=1, max_size=4)), st.integers(1, 5))
def test_pages_hold_everything_once(names: set[str], limit: int) -> None:
    seen: list[str] = []
    cursor = None
    while True:
        items, cursor = page(map(queue, names), limit=limit, cursor=cursor)
        assert len(items) <= limit
        seen += [item.name for item in items]
        if cursor is None:
            break
    assert seen == sorted(names)
