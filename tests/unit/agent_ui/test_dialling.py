"""Who can call which numbers outside."""

from __future__ import annotations

import pytest

from agent_ui.dialling import NO_DIALLING, Way, dialling
from crm_core.live.directory import Directory
from tests.fakes.house import MOSCOW_DID, NUMBERS
from tests.fakes.offices_outside import PEOPLE, outside

pytestmark = pytest.mark.unit

HOUSE = outside("+7", "+99412")


@pytest.mark.parametrize(
    ("person", "browsers", "way"),
    [
        ("anna", True, Way.BROWSER),
        ("anna", False, Way.DEVICE),  # she has another one
        ("boris", True, Way.DEVICE),
        ("leyla", False, None),  # hers is in the browser only
        ("oleg", True, None),  # no phone
        ("nobody", True, None),
    ],
)
def test_with_what_somebody_calls(person: str, browsers: bool, way: Way | None) -> None:
    assert dialling(HOUSE, person, browsers=browsers).way is way


@pytest.mark.parametrize(
    ("number", "called"),
    [
        ("+74955550142", True),
        ("+994125550142", True),
        ("+994505550142", False),  # not among the prefixes
        ("+15555550142", False),
        (MOSCOW_DID, False),  # our own
        ("101", False),
        ("", False),
        (None, False),
    ],
)
def test_which_numbers_are_called(number: str | None, called: bool) -> None:
    assert dialling(HOUSE, "anna", browsers=True).reaches(number) is called


def test_the_first_of_a_cards_numbers_that_is_called() -> None:
    dial = dialling(HOUSE, "anna", browsers=True)
    assert dial.first(("+15555550142", "+74955550142", "+74955550143")) == "+74955550142"
    assert dial.first(()) is None


def test_an_office_that_calls_nobody_shows_nothing_to_press() -> None:
    assert dialling(Directory(people=PEOPLE, numbers=NUMBERS), "anna", browsers=True) == NO_DIALLING
    assert not NO_DIALLING.reaches("+74955550142")
