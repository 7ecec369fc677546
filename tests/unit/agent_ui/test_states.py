"""Every state, outcome and reason has a look; every look has an icon that was built."""

from __future__ import annotations

from itertools import chain

import pytest

from agent_ui.assets import load_assets
from agent_ui.states import AGENTS, BREAKS, CALLS, OUTCOMES, OUTGOING, break_word, key_word, outcome_look
from crm_core.calls.model import CallState, Outcome
from crm_core.presence.model import BREAK_REASONS, AgentState

pytestmark = pytest.mark.unit


def test_nothing_is_without_a_look() -> None:
    assert set(AGENTS) == set(AgentState)
    assert set(CALLS) == set(CallState)
    assert set(OUTCOMES) == set(Outcome)
    assert set(BREAKS) == set(BREAK_REASONS)


def test_each_agent_state_has_its_own_colour_word_and_icon() -> None:
    for aspect in ("tone", "icon", "text"):
        assert len({getattr(look, aspect) for look in AGENTS.values()}) == len(AGENTS)


def test_each_icon_was_built() -> None:
    looks = chain(AGENTS.values(), CALLS.values(), OUTCOMES.values(), OUTGOING.values())
    assert {look.icon for look in looks} <= load_assets().icons


def test_a_call_of_ours_that_came_to_nothing_was_missed_by_nobody() -> None:
    said = [outcome_look(outcome, True).text for outcome in ("failed", "abandoned", "answered")]
    assert said == ["Not reached", "Given up", "Answered"]
    assert outcome_look("abandoned").text == "Abandoned"


def test_words_of_reasons_and_keys() -> None:
    assert break_word("lunch") == "lunch"
    assert break_word("smoke") == "smoke"  # an office's own reason is shown as it is written
    assert [key_word(key) for key in ("Space", "x", "Ctrl+K", "F2", "#")] == [
        "Space",
        "X",
        "Ctrl K",
        "F2",
        "#",
    ]
