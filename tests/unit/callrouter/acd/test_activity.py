"""The sliding hour, against a slow and obvious count."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callrouter.acd.activity import COUNTED, Activity
from crm_core.presence.model import AgentState

pytestmark = pytest.mark.unit

stretches = st.lists(st.tuples(st.sampled_from(AgentState), st.integers(1, 1500)), max_size=40)


@given(stretches, st.integers(0, 4000))
def test_only_the_last_hour_of_counted_states_counts(past: list[tuple[AgentState, int]], after: int) -> None:
    activity = Activity()
    now = 0.0
    spent: list[tuple[float, float]] = []
    for state, seconds in past:
        activity.switch(state, now)
        if state in COUNTED:
            spent.append((now, now + seconds))
        now += seconds
    activity.switch(AgentState.AVAILABLE, now)
    now += after
    expected = sum(max(0.0, end - max(begun, now - 3600)) for begun, end in spent)
    assert activity.load(now, 0) == pytest.approx(min(expected, 3600) / 60, abs=0.051)


def test_the_running_stretch_counts_and_cards_add() -> None:
    activity = Activity()
    activity.switch(AgentState.TALKING, 0.0)
    assert activity.load(120.0, 2) == 8.0
    assert activity.load(9000.0, 0) == 60.0
