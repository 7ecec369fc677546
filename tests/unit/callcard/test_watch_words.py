"""Words of the terminal view: every state has one, and no caller can talk to the terminal."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcard.watch_words import (
    CALL_STATES,
    HEALTH,
    OUTCOMES,
    REASONS,
    RECORDINGS,
    UNREACHABLE,
    Words,
    duration,
    printable,
    timer,
)
from crm_core.calls.model import CallState, Direction, Outcome
from crm_core.calls.trace import Code, line
from crm_core.health import HealthState
from crm_core.live.shown import live_call
from crm_core.presence.model import BREAK_REASONS, AgentState, Unreachable
from tests.fakes.house import NOW, call

pytestmark = pytest.mark.unit

WORDS = Words("en")


def test_every_state_has_a_word() -> None:
    assert set(CALL_STATES) == set(CallState)
    assert set(OUTCOMES) == set(Outcome)
    assert set(HEALTH) == set(HealthState)
    assert set(REASONS) == set(BREAK_REASONS)
    assert set(UNREACHABLE) == set(Unreachable)
    for state in AgentState:
        assert WORDS.agent_state(state, None)
    assert WORDS.agent_state(AgentState.BREAK, "lunch") == "on a break: lunch"


def test_of_who_is_at_work_it_is_said_that_no_call_would_reach_them() -> None:
    silent = Unreachable.DID_NOT_RING
    assert WORDS.agent_state(AgentState.AVAILABLE, None, silent) == "available, the phone did not ring"
    assert WORDS.agent_state(AgentState.OFFLINE, None, Unreachable.NO_PHONE) == "offline"


@pytest.mark.parametrize("language", ["ru", "az"])
def test_every_word_is_said_in_every_language(language: str) -> None:
    said = Words(language)
    for words in (CALL_STATES, OUTCOMES, HEALTH, REASONS, RECORDINGS, UNREACHABLE):
        for word in words.values():
            assert said(word) != word
    assert said.agent_state(AgentState.BREAK, "lunch") != WORDS.agent_state(AgentState.BREAK, "lunch")


@given(st.text())
def test_nothing_a_terminal_obeys_is_printed(text: str) -> None:
    assert not [c for c in printable(text) if unicodedata.category(c)[0] == "C"]


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[2J\x1b[31mEve", "[2J[31mEve"),
        ("\x1b]0;title\x07Eve", "]0;titleEve"),
        ("\x9b31mEve", "31mEve"),
        ("Eve\r\nadmin: ok", "Eve  admin: ok"),
        ("\u202eevE", "evE"),
        ("[bold red]Eve[/]", "[bold red]Eve[/]"),
        ("Мария Əliyeva", "Мария Əliyeva"),
    ],
)
def test_what_callers_may_call_themselves(hostile: str, shown: str) -> None:
    assert printable(hostile) == shown
    named = live_call(call(customer_title=hostile), NOW)
    assert WORDS.card(named) == shown
    sentence = WORDS.trace(line(NOW, Code.IDENTIFIED_KNOWN, title=hostile), {})
    assert sentence == f"The caller is {shown}."


def test_of_a_call_to_a_customer_the_customer_is_shown() -> None:
    out = call(direction=Direction.OUT, from_number="101", from_name="Anna", to="+74955550142")
    assert WORDS.caller(live_call(out, NOW)) == "→ +7 495 555-01-42"
    assert WORDS.card(live_call(replace(out, customer_title=None), NOW)) == ""
    assert WORDS.card(live_call(replace(out, customer_title="+74955550142"), NOW)) == ""
    assert WORDS.card(live_call(replace(out, customer_title="Marina"), NOW)) == "Marina"


def test_a_caller_is_a_number_a_short_number_or_withheld() -> None:
    assert WORDS.caller(live_call(call(), NOW)) == "+7 495 555-01-42"
    assert WORDS.caller(live_call(call(from_number="101"), NOW)) == "101"
    assert WORDS.caller(live_call(call(from_number=None, from_raw="x\x1b[m"), NOW)) == "x[m"
    assert WORDS.caller(live_call(call(from_number=None, from_raw=""), NOW)) == "withheld"


def test_a_card_named_by_its_number_is_not_said_twice() -> None:
    assert WORDS.card(live_call(call(customer_title="+74955550142"), NOW)) == ""
    assert WORDS.card(live_call(call(from_name="Maria"), NOW)) == "Maria"


def test_how_a_call_ended() -> None:
    ended = call(state=CallState.ENDED, outcome=Outcome.ABANDONED)
    assert WORDS.call_state(live_call(ended, NOW)) == "abandoned"
    assert WORDS.call_state(live_call(call(state=CallState.HELD), NOW)) == "on hold"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (7.9, "0:07"), (754, "12:34"), (3723, "1:02:03"), (-5, "0:00")]
)
def test_times(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown
    assert timer(NOW, NOW + timedelta(seconds=seconds)) == shown


def test_an_empty_text_stays_empty() -> None:
    assert Words("ru")("") == ""
