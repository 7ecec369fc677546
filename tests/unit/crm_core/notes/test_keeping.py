"""Two texts kept as one: nothing is lost, and nothing grows without end."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.notes.keeping import keep_both

pytestmark = pytest.mark.unit

TEXTS = st.text(alphabet="ab \n", max_size=12)
LONG = st.lists(st.sampled_from(["red ", "blue ", "the ", "5\n"]), max_size=12).map("".join)


def inside(part: str, whole: str) -> bool:
    """Whether the characters of *part*, spaces apart, stand in *whole*, in their order."""
    left = iter(whole)
    return all(char in left for char in "".join(part.split()))


@given(TEXTS | LONG, TEXTS | LONG, TEXTS | LONG, TEXTS | LONG)
def test_nothing_of_either_text_is_lost(begin: str, one: str, other: str, end: str) -> None:
    stored, typed = begin + one + end, begin + other + end
    kept = keep_both(stored, typed)
    assert inside(stored, kept) and inside(typed, kept)
    assert len(kept) <= len(stored) + len(typed) + len(stored.split()) + 1


@given(TEXTS | LONG, TEXTS | LONG)
def test_saying_it_again_changes_nothing(stored: str, typed: str) -> None:
    kept = keep_both(stored, typed)
    for text in (typed, stored, kept):
        assert keep_both(kept, text) == kept


EXAMPLES = [
    ("", "Red kitchen", "Red kitchen"),
    ("Red kitch", "Red kitchen, 3 m", "Red kitchen, 3 m"),  # typed on: the answer had been lost
    ("Red kitchen, 3 m", "Red kitchen", "Red kitchen, 3 m"),
    ("Red. Budget 5000", "Red. Call Monday", "Red. Budget 5000\nCall Monday"),
    ("Wants Monday", "Wants Money", "Wants Monday\nMoney"),
    ("Red.\nWarm end", "Blue.\nWarm end", "Red.\nBlue.\nWarm end"),
    ("One two three. end", "begin One two three.", "begin One two three. end"),
    ("a b c d", "a b x c d y", "a b x c d y"),
]


@pytest.mark.parametrize(("stored", "typed", "kept"), EXAMPLES)
def test_both_can_be_read(stored: str, typed: str, kept: str) -> None:
    assert keep_both(stored, typed) == kept


def test_one_word_alike_does_not_weave_two_sentences() -> None:
    kept = keep_both("send the offer", "measure the walls")
    assert kept == "send the offer\nmeasure the walls"


def test_hostile_texts_take_no_time() -> None:
    texts = ["a b " * 2000, "b a " * 2000, "".join(f"{n} " for n in range(3000)), "x" * 8000, " \n" * 4000]
    texts += ["".join(f"{n} {m} " for n in range(250)) for m in "pq"]
    began = time.process_time()
    for stored in texts:
        for typed in texts:
            keep_both(stored, typed)
    assert time.process_time() - began < 5, "49 pairs"
