"""A cursor comes back as what it was made of; anything else is refused."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.errors import BadInput
from crm_core.paging import MAX_PAGE, cursor_after, id_of, page_of, page_size, position_of

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


@pytest.mark.parametrize("cursor", [one for one in FOREIGN if one != ID])
def test_what_is_no_id_is_refused(cursor: str) -> None:
    with pytest.raises(BadInput) as refused:
        id_of(cursor)
    assert refused.value.field == "cursor"


def test_no_cursor_is_the_start_of_a_list() -> None:
    assert (position_of(None), id_of(None)) == (None, None)


@pytest.mark.parametrize(("asked", "size"), [(0, 1), (-5, 1), (50, 50), (10_000, MAX_PAGE)])
def test_a_page_is_bounded(asked: int, size: int) -> None:
    assert page_size(asked) == size


@pytest.mark.parametrize(
    ("found", "page"), [([], ([], None)), ([3, 2], ([3, 2], None)), ([3, 2, 1], ([3, 2], "2"))]
)
def test_one_item_more_than_a_page_says_that_there_is_a_next(
    found: list[int], page: tuple[list[int], str | None]
) -> None:
    assert page_of(found, 2, str) == page
