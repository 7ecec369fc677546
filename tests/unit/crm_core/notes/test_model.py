"""What is no text, no line or no time is refused; what is one stays as it was typed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from crm_core.errors import BadInput
from crm_core.notes.model import MAX_NOTE, moment, note_text, require_length, step_text

pytestmark = pytest.mark.unit


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
