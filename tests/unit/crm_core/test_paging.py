"""A cursor comes back as what it was made of; anything else is refused."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.errors import BadInput
from crm_core.paging import cursor_after, position_of

pytestmark = pytest.mark.unit

ID = "0196a8f0-6c00-7000-8000-000000000001"  # the same in each of several test processes
FOREIGN = [
    "",
    "rubbish",
    "ü",
    ID,
    base64.urlsafe_b64encode(b"2026-03-02T09:00:00+00:00|no id").decode(),
    base64.urlsafe_b64encode(f"9999-12-31T23:59:59-14:00|{ID}".encode()).decode(),
]


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_is_read_back(at: datetime, id: object) -> None:
    assert position_of(cursor_after(at, id)) == (at, id)  # type: ignore[arg-type]


@pytest.mark.parametrize("cursor", FOREIGN)
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(BadInput) as refused:
        position_of(cursor)
    assert refused.value.field == "cursor"
