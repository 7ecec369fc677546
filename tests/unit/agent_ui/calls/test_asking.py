"""What an address of the journal means: days are those of the office, numbers as people write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agent_ui.calls.asking import Asked, JournalQuestion, read_asked
from crm_core.calls.lines import LineFilter
from crm_core.calls.model import Outcome

pytestmark = pytest.mark.unit


def read(timezone: str = "Europe/Moscow", **query: str) -> tuple[Asked, LineFilter]:
    return read_asked(JournalQuestion(**query), timezone=timezone, country="RU")


def test_nothing_asked_is_everything() -> None:
    asked, narrowed = read()
    assert narrowed == LineFilter()
    assert (asked.narrowed, asked.address(), asked.address("x y")) == (False, "/calls", "/calls?cursor=x+y")


def test_days_are_those_of_the_office_and_the_last_one_is_whole() -> None:
    _, narrowed = read(since="2026-03-01", until="2026-03-02")
    assert narrowed.since == datetime(2026, 2, 28, 21, tzinfo=UTC)
    assert narrowed.until == datetime(2026, 3, 2, 21, tzinfo=UTC)


def test_a_day_that_the_clocks_change_is_as_long_as_it_was() -> None:
    _, narrowed = read("Europe/Berlin", since="2026-03-29", until="2026-03-29")
    assert narrowed.since is not None and narrowed.until is not None
    assert (narrowed.until - narrowed.since).total_seconds() == 23 * 3600


@pytest.mark.parametrize(
    ("typed", "parts"),
    [
        ("555-01", ("55501",)),
        ("8 (495) 555", ("8495555", "495555")),
        ("+7 495", ("7495",)),
        ("101", ("101",)),
    ],
)
def test_a_part_of_a_number_is_read_as_people_write_it(typed: str, parts: tuple[str, ...]) -> None:
    asked, narrowed = read(number=f" {typed} ")
    assert (narrowed.parts, asked.number, asked.wrong) == (parts, typed, {})


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("since", "yesterday"),
        ("since", "2026-02-30"),
        ("until", "01.03.2026"),
        ("number", "12"),
        ("number", "anna"),
        ("number", "%%%"),
        ("result", "sold"),
    ],
)
def test_what_cannot_be_read_is_named_and_stays_as_it_was_typed(field: str, text: str) -> None:
    asked, narrowed = read(**{field: text})
    assert list(asked.wrong) == [field]
    assert getattr(asked, field) == text
    assert narrowed == LineFilter()


def test_days_in_the_wrong_order_are_said() -> None:
    assert list(read(since="2026-03-02", until="2026-03-01")[0].wrong) == ["until"]
    assert not read(since="0001-01-01", until="9999-12-31")[0].wrong


def test_the_address_holds_the_whole_question() -> None:
    query = {"since": "2026-03-01", "number": "+7 495", "agent": "anna", "queue": "sales", "result": "now"}
    asked, narrowed = read(**query, missed="1")
    assert asked.address("c") == (
        "/calls?since=2026-03-01&number=%2B7+495&agent=anna&queue=sales&result=now&missed=1&cursor=c"
    )
    assert (narrowed.going_on, narrowed.missed, narrowed.agent, narrowed.queue) == (
        True,
        True,
        "anna",
        "sales",
    )
    assert read(result="voicemail")[1].outcome is Outcome.VOICEMAIL
