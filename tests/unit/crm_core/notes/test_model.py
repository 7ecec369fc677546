"""Texts that grew apart are kept whole; what is no text, line or time is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.errors import BadInput
from crm_core.notes.model import MAX_NOTE, keep_both, moment, note_text, require_length, step_text

pytestmark = pytest.mark.unit

TEXTS = st.text(alphabet="ab \n", max_size=12)


def inside(part: str, whole: str) -> bool:
    """Whether the characters of *part* stand in *whole*, in their order."""
    left = iter(whole)
    return all(char in left for char in part)


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_nothing_of_either_text_is_lost(begin: str, one: str, other: str, end: str) -> None:
    stored, given_ = begin + one + end, begin + other + end
    kept = keep_both(stored, given_)
    assert inside(stored, kept) and inside(given_, kept)
    assert len(kept) <= len(stored) + len(given_) + 1


@given(TEXTS, TEXTS)
def test_saying_it_again_changes_nothing(stored: str, given_: str) -> None:
    kept = keep_both(stored, given_)
    assert keep_both(kept, given_) == kept
    assert keep_both(kept, stored) == kept
    assert keep_both(kept, kept) == kept


EXAMPLES = [
    ("", "Red kitchen", "Red kitchen"),
    ("Red kitchen", "Red kitchen, 3 m", "Red kitchen, 3 m"),  # typed on: the answer had been lost
    ("Red kitchen, 3 m", "Red kitchen", "Red kitchen, 3 m"),
    ("Red. Budget 5000", "Red. Call Monday", "Red. Budget 5000\nCall Monday"),
    ("Wants Monday", "Wants Money", "Wants Monday\nMoney"),
    ("Red.\nWarm end", "Blue.\nWarm end", "Red.\nBlue.\nWarm end"),
]


@pytest.mark.parametrize(("stored", "given_", "kept"), EXAMPLES)
def test_both_can_be_read(stored: str, given_: str, kept: str) -> None:
    assert keep_both(stored, given_) == kept


def test_a_text_stays_as_typed() -> None:
    assert note_text(" ё\tə 👩‍👩‍👧 \r\n\rend ") == " ё\tə 👩‍👩‍👧 \n\nend "


@pytest.mark.parametrize("text", ["\0", "a\x1b[31m", "\x7f", "\x85", "\ud800"])
def test_what_is_no_text_is_refused(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        note_text(text)
    assert refused.value.field == "text"


def test_a_note_that_became_too_long_may_shrink() -> None:
    require_length("x" * MAX_NOTE, "")
    require_length("x" * (MAX_NOTE + 5), "y" * (MAX_NOTE + 5))
    with pytest.raises(BadInput):
        require_length("x" * (MAX_NOTE + 1), "")
    with pytest.raises(BadInput):
        require_length("x" * (MAX_NOTE + 6), "y" * (MAX_NOTE + 5))


def test_a_step_is_one_line() -> None:
    assert step_text("  send\nthe   offer ") == "send the offer"
    for text in ("", " \n ", "x" * 201, "a\0"):
        with pytest.raises(BadInput):
            step_text(text)


def test_a_moment_has_a_zone() -> None:
    baku = timezone(timedelta(hours=4))
    assert moment(datetime(2026, 3, 2, 13, tzinfo=baku)) == datetime(2026, 3, 2, 9, tzinfo=UTC)
    for at in (datetime(2026, 3, 2, 13), datetime.max.replace(tzinfo=timezone(-timedelta(hours=9)))):  # noqa: DTZ001 - that is the point
        with pytest.raises(BadInput):
            moment(at)
