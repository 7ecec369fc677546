"""Byte ranges: whatever is asked, what is given lies inside the file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_ui.api.ranges import ByteRange, Unsatisfiable, parse_range, tag_matches

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, None),
        ("bytes=0-499", ByteRange(0, 500)),
        ("bytes=500-", ByteRange(500, 500)),
        ("bytes=-500", ByteRange(500, 500)),
        ("Bytes = 9 - 9", ByteRange(9, 1)),
        ("bytes=0-99999", ByteRange(0, 1000)),
        ("bytes=-99999", ByteRange(0, 1000)),
        ("bytes=5-4", None),
        ("bytes=-", None),
        ("bytes=0-1,2-3", None),
        ("bytes=١-٢", None),
        ("bytes=" + "9" * 50 + "-", None),
    ],
)
def test_examples(header: str | None, found: ByteRange | None) -> None:
    assert parse_range(header, 1000) == found


@pytest.mark.parametrize(("header", "size"), [("bytes=1000-", 1000), ("bytes=-0", 1000), ("bytes=0-", 0)])
def test_outside(header: str, size: int) -> None:
    with pytest.raises(Unsatisfiable):
        parse_range(header, size)


@given(
    st.text(st.sampled_from("bytes=0123456789-, "), max_size=20) | st.from_regex(r"bytes=\d*-\d*"),
    st.integers(0, 50),
)
def test_never_outside_the_file(header: str, size: int) -> None:
    try:
        found = parse_range(header, size)
    except Unsatisfiable:
        return
    if found is not None:
        assert found.start >= 0 and found.length >= 1 and found.start + found.length <= size
        assert found.content_range(size) == f"bytes {found.start}-{found.start + found.length - 1}/{size}"


@pytest.mark.parametrize(
    ("header", "same"),
    [
        (None, False),
        ("*", True),
        ('"a"', True),
        ('W/"a"', True),
        ('"b", "a"', True),
        ('"b"', False),
        ("a", False),
    ],
)
def test_tags(header: str | None, same: bool) -> None:
    assert tag_matches(header, '"a"') is same
