"""Frames on the wire (RFC 6455 section 5.2) and the first reason of an end."""

from __future__ import annotations

import pytest

from agent_ui.live.socket import text_frame

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65_535, b"\x81\x7e\xff\xff"),
        (65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_the_length_stands_in_the_head(size: int, head: bytes) -> None:
    assert text_frame(b"x" * size) == head + b"x" * size
