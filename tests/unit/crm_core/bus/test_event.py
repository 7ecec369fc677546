"""Events on the wire: what is encoded is decoded, anything else is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.bus.event import Event, decode, encode, register
from crm_core.errors import BadInput

pytestmark = pytest.mark.unit


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken(Event):
    """Test event."""

    words: tuple[str, ...]
    call: UUID | None = None
    ended_at: datetime | None = None


@given(
    st.lists(st.text()).map(tuple), st.none() | st.uuids(), st.none() | st.datetimes(timezones=st.just(UTC))
)
def test_what_is_encoded_is_decoded(
    words: tuple[str, ...], call: UUID | None, ended_at: datetime | None
) -> None:
    event = Spoken(words=words, call=call, ended_at=ended_at)
    assert decode(encode(event)) == event


def test_a_field_of_a_newer_version_is_passed_over() -> None:
    data = encode(Spoken(words=("a",))).replace(b'"words"', b'"later":1,"words"')
    event = decode(data)
    assert isinstance(event, Spoken) and event.words == ("a",)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"type":"Spoken"}',
        b'{"type":"Spoken","body":{}}',
        b'{"type":"Spoken","body":{"words":[1]}}',
        b'{"type":"NeverHeardOf","body":{}}',
        b'{"type":["Spoken"],"body":{}}',
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput):
        decode(data)


def test_a_name_is_given_once() -> None:
    with pytest.raises(ValueError, match="Spoken is taken"):
        register(type("Spoken", (Event,), {}))
