"""Parsing of what Asterisk writes to a FastAGI peer."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callrouter.agi.wire import Answer, WireError, parse_environment, parse_result
from tests.fakes.agi_client import UNIQUEID, environment

pytestmark = pytest.mark.unit


def test_an_environment() -> None:
    read = parse_environment(environment("t/route", "a", "", "c"))
    assert (read.path, read.args) == ("t/route", ("a", "", "c"))
    assert read.headers["agi_uniqueid"] == UNIQUEID


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("result=1", Answer(1, None)),
        ("result=0", Answer(0, None)),
        ("result=-1", Answer(-1, None)),
        ("result=1 (x)", Answer(1, "x")),
        ("result=1 ()", Answer(1, "")),
        ("result=1 (hangup)", Answer(1, "hangup")),
        ("result=1 (a (b) c)", Answer(1, "a (b) c")),
        ("result= (timeout)", Answer(None, "timeout")),
        ("result=0 endpos=123", Answer(0, None)),
    ],
)
def test_results(text: str, answer: Answer) -> None:
    assert parse_result(text) == answer


@pytest.mark.parametrize("text", ["", "result", "result=x", "1", "(result=1)"])
def test_what_is_no_result(text: str) -> None:
    with pytest.raises(WireError):
        parse_result(text)


@given(st.binary(max_size=300))
@example(b"\n\n")
@example(b"agi_x: 1\n\n")
def test_noise_is_refused_in_one_way(noise: bytes) -> None:
    with pytest.raises(WireError):
        parse_environment(noise)


@given(name=st.binary(max_size=60))
def test_a_name_never_changes_who_asks(name: bytes) -> None:
    try:
        read = parse_environment(environment("t/route", "call-1", name=name))
    except WireError:
        return
    assert read.headers["agi_uniqueid"] == UNIQUEID
    assert (read.path, read.args) == ("t/route", ("call-1",))
