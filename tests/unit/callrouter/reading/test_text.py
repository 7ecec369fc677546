"""Cleaning of text that came over a telephone line."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callrouter.reading.text import MAX_TEXT, clean

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("+74955550142", "+74955550142"),
        ("<unknown>", ""),
        ("  Ivan  ", "Ivan"),
        ("Иван\x00\x1b[31m", "Иван[31m"),
        ("Əliyev", "Əliyev"),
        ("e\u0301", "é"),  # NFC
        ("abc\u202e321", "abc321"),  # text that reads backwards
        ("a\u00a0b\u2028c", "a b c"),
        ("نمی\u200cخواهم", "نمی\u200cخواهم"),  # a joiner that belongs to the word
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),  # escaping is the page's duty
        ("9" * 400, "9" * MAX_TEXT),
    ],
)
def test_clean(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


@given(st.text(max_size=200))
def test_clean_text_is_short_visible_and_stays_as_it_is(raw: str) -> None:
    once = clean(raw)
    assert len(once) <= MAX_TEXT
    assert not any(unicodedata.category(ch) in ("Cc", "Cs", "Zl", "Zp") for ch in once)
    assert "\u202e" not in once
