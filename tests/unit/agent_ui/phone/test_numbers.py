"""What is typed into the dial field: read as people of the office write it, or why it is not dialled."""

from __future__ import annotations

import pytest

from agent_ui.dialling import NO_DIALLING, dialling
from agent_ui.phone.numbers import TypedView, typed_view
from tests.fakes.house import reader
from tests.fakes.offices_outside import outside

pytestmark = pytest.mark.unit

HOUSE = outside("+7", "+994")


def typed(text: str, *, who: str = "anna", done: bool = False) -> TypedView:
    return typed_view(text, dialling(HOUSE, who, browsers=True), HOUSE, reader(who), done=done)


@pytest.mark.parametrize(
    ("who", "text", "number"),
    [
        ("anna", "8 (495) 555-01-42", "+74955550142"),
        ("anna", "+7 495 555 01 42", "+74955550142"),
        ("anna", "74955550142", "+74955550142"),
        ("anna", "00994 12 555 01 42", "+994125550142"),
        ("anna", "994125550142", "+994125550142"),
        ("leyla", "012 555 01 42", "+994125550142"),
        ("leyla", "00 7 495 555-01-42", "+74955550142"),
        ("anna", " 201 ", "201"),  # leyla, whom anna's list does not show
        ("anna", "602", "602"),  # a queue
    ],
)
def test_any_usual_way_to_write_a_number(who: str, text: str, number: str) -> None:
    assert typed(text, who=who, done=True) == TypedView(number=number)


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        ("+1 555 555 01 42", "This number is not called from here.", "begin with +7, +994."),
        ("+7 495 555 01 00", "This number is our own.", "by their extension"),
        ("112", "Nobody has this extension.", "Emergency"),
        ("8495555", "This is not a telephone number.", "area code"),
        ("call me", "This is not a telephone number.", "area code"),
        ("8 495 555 01 42 ext 5", "This is not a telephone number.", "area code"),
    ],
)
def test_what_is_not_dialled_says_why(text: str, problem: str, hint: str) -> None:
    view = typed(text, done=True)
    assert (view.number, str(view.problem)) == (None, problem)
    assert hint in str(view.hint)


@pytest.mark.parametrize("text", ["", "8", "8495", "8495555", "112", "ann"])
def test_half_a_number_is_no_problem_yet(text: str) -> None:
    assert typed(text) == TypedView()


def test_a_whole_number_that_is_not_called_is_said_at_once() -> None:
    assert str(typed("+1 555 555 01 42").problem) == "This number is not called from here."


def test_an_office_that_calls_nobody_says_so() -> None:
    view = typed_view("84955550142", NO_DIALLING, HOUSE, reader("anna"), done=True)
    assert str(view.hint) == "Your office calls nobody outside."
