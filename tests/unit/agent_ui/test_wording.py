"""Values are written as people of the reader's language, country and time zone write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent_ui import wording
from agent_ui.language import Manner
from crm_core.i18n import Message

pytestmark = pytest.mark.unit

ENGLISH = Manner()
RUSSIAN = Manner(language="ru", timezone="Asia/Vladivostok", country="RU")
AZERBAIJANI = Manner(language="az", timezone="Asia/Baku", country="AZ")
MOMENT = datetime(2026, 11, 21, 20, 5, 9, 250_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("manner", "clock", "day", "when"),
    [
        (ENGLISH, "20:05", "21 Nov 2026", "21 Nov, 20:05"),
        (RUSSIAN, "06:05", "22 нояб. 2026\u202fг.", "22 нояб., 06:05"),
        (AZERBAIJANI, "00:05", "22 noy 2026", "22 noy, 00:05"),
    ],
)
def test_moments_in_the_zone_and_language_of_the_reader(
    manner: Manner, clock: str, day: str, when: str
) -> None:
    with wording.put_in(manner):
        assert wording.clock(MOMENT) == clock
        assert wording.day(MOMENT).replace("\xa0", "\u202f") == day
        assert wording.when(MOMENT) == when


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (None, "–"),
        (-3, "0:00"),
        (0, "0:00"),
        (59.9, "0:59"),
        (61, "1:01"),
        (3599, "59:59"),
        (36_061, "10:01:01"),
        (timedelta(minutes=2, seconds=14), "2:14"),
    ],
)
def test_durations_as_the_browser_ticks_them(length: float | timedelta | None, text: str) -> None:
    assert wording.duration(length) == text


@pytest.mark.parametrize(
    ("manner", "number", "text"),
    [
        (RUSSIAN, "+74955550142", "8 (495) 555-01-42"),
        (AZERBAIJANI, "+74955550142", "+7 495 555-01-42"),
        (AZERBAIJANI, "+994125550177", "(012) 555 01 77"),
        (ENGLISH, "+994125550177", "+994 12 555 01 77"),
        (ENGLISH, "anonymous", "anonymous"),
    ],
)
def test_numbers_are_national_at_home(manner: Manner, number: str, text: str) -> None:
    with wording.put_in(manner):
        assert wording.phone(number) == text


def test_figures_by_the_customs_of_the_language() -> None:
    with wording.put_in(RUSSIAN):
        assert wording.number(12345.5) == "12\xa0345,5"
        assert wording.percent(0.876) == "88%"
    with wording.put_in(ENGLISH):
        assert wording.number(12345.5) == "12,345.5"
        assert wording.percent(None) == "–"


def test_for_machines_a_moment_is_utc() -> None:
    assert wording.iso(MOMENT.astimezone(wording.ZoneInfo("Asia/Baku"))) == "2026-11-21T20:05:09.250Z"


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Anna Pavlova", "AP"),
        ("əli", "Ə"),
        ("Мария Ивановна Соколова", "МС"),
        ("ООО «Карат»", "О"),
        ("«»", "?"),
        ("", "?"),
        ("<script> x", "X"),
    ],
)
def test_initials(name: str, letters: str) -> None:
    assert wording.initials(name) == letters


def test_messages_are_said_in_the_manner_around_them_and_only_there() -> None:
    message = Message("'{name}' is missing", name="title")
    with wording.put_in(RUSSIAN):
        assert wording.said(message) == "нет поля «title»"
        with wording.put_in(ENGLISH):
            assert wording.said(message) == "'title' is missing"
        assert wording.said("lunch") == "обед"
    with pytest.raises(LookupError):
        wording.said("lunch")


def test_the_time_elsewhere_is_that_of_the_place_and_the_place_is_named() -> None:
    there = MOMENT.astimezone(ZoneInfo("Asia/Vladivostok"))
    for manner, place in ((ENGLISH, "Vladivostok"), (RUSSIAN, "Владивосток"), (AZERBAIJANI, "Vladivostok")):
        with wording.put_in(manner):
            assert wording.local(there) == "06:05"  # in whatever zone the reader is
            assert wording.city("Asia/Vladivostok") == place
