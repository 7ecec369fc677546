"""What is shown of what was chosen, and what a choice ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from crm_core.presence.model import AgentState, ChosenState, Presence, after_choice, shown_state

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FREE = Presence(agent="anna", chosen=ChosenState.AVAILABLE, reason=None, since=NOW)
WRAPPING = replace(FREE, wrap_up_until=NOW + timedelta(seconds=20))
LOST = replace(FREE, not_answering=True, misses=3)
ON_BREAK = replace(FREE, chosen=ChosenState.BREAK, reason="lunch")
OFF = replace(FREE, chosen=ChosenState.OFFLINE)


@pytest.mark.parametrize(
    ("presence", "ringing", "talking", "shown"),
    [
        (FREE, False, False, AgentState.AVAILABLE),
        (FREE, True, False, AgentState.RINGING),
        (FREE, True, True, AgentState.TALKING),
        (WRAPPING, False, False, AgentState.WRAP_UP),
        (WRAPPING, True, False, AgentState.RINGING),
        (LOST, False, False, AgentState.NOT_ANSWERING),
        (replace(LOST, wrap_up_until=WRAPPING.wrap_up_until), False, False, AgentState.NOT_ANSWERING),
        (ON_BREAK, False, False, AgentState.BREAK),
        (ON_BREAK, False, True, AgentState.TALKING),
        (replace(ON_BREAK, not_answering=True), False, False, AgentState.BREAK),
        (OFF, False, False, AgentState.OFFLINE),
        (OFF, True, False, AgentState.RINGING),
        (replace(OFF, wrap_up_until=WRAPPING.wrap_up_until), False, False, AgentState.OFFLINE),
    ],
)
def test_one_state_is_shown(presence: Presence, ringing: bool, talking: bool, shown: AgentState) -> None:
    assert shown_state(presence, ringing=ringing, talking=talking, now=NOW) is shown


def test_wrap_up_ends_at_its_deadline() -> None:
    at = NOW + timedelta(seconds=20)
    assert shown_state(WRAPPING, ringing=False, talking=False, now=at) is AgentState.AVAILABLE


def choose(before: Presence | None, chosen: ChosenState, reason: str | None = None) -> Presence:
    return after_choice(before, agent="anna", chosen=chosen, reason=reason, now=NOW + timedelta(seconds=5))


def test_the_first_choice_is_a_fresh_row() -> None:
    assert choose(None, ChosenState.OFFLINE) == replace(OFF, since=NOW + timedelta(seconds=5))


@pytest.mark.parametrize("before", [WRAPPING, LOST, ON_BREAK, OFF])
def test_available_ends_everything_else(before: Presence) -> None:
    assert choose(before, ChosenState.AVAILABLE) == replace(FREE, since=NOW + timedelta(seconds=5))


def test_the_same_choice_keeps_its_time() -> None:
    assert choose(FREE, ChosenState.AVAILABLE) is FREE
    assert choose(ON_BREAK, ChosenState.BREAK, "lunch") is ON_BREAK


def test_another_reason_is_another_break() -> None:
    assert choose(ON_BREAK, ChosenState.BREAK, "rest") == replace(
        ON_BREAK, reason="rest", since=NOW + timedelta(seconds=5)
    )


def test_a_break_keeps_what_was_counted() -> None:
    after = choose(replace(LOST, wrap_up_until=WRAPPING.wrap_up_until), ChosenState.BREAK, "rest")
    assert (after.misses, after.not_answering, after.wrap_up_until) == (3, True, WRAPPING.wrap_up_until)
