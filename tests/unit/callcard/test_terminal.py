"""The command line speaks the language of its terminal."""

from __future__ import annotations

import pytest

from callcard.terminal import chosen_language, in_words, say
from crm_core.errors import BadInput
from crm_core.i18n import Message

pytestmark = pytest.mark.unit

VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


@pytest.mark.parametrize(
    ("asked", "environment", "chosen"),
    [
        ("", {}, "en"),
        ("", {"LANG": "ru_RU.UTF-8"}, "ru"),
        ("", {"LANG": "ru_RU.UTF-8", "LC_ALL": "az_AZ"}, "az"),
        ("", {"LANG": "ru_RU.UTF-8", "LC_MESSAGES": "C"}, "en"),
        ("", {"LANG": "ru", "LC_ALL": ""}, "ru"),
        ("", {"LANG": "de_DE.UTF-8"}, "en"),
        ("az", {"LANG": "ru_RU.UTF-8"}, "az"),
    ],
)
def test_the_language_is_asked_for_or_the_terminals(
    monkeypatch: pytest.MonkeyPatch, asked: str, environment: dict[str, str], chosen: str
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert chosen_language(asked) == chosen


def test_another_language_is_refused_with_those_there_are() -> None:
    with pytest.raises(BadInput, match="--lang: 'de' is not one of en, ru, az"):
        chosen_language("de")


def test_lines_are_said_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    say(Message("version {version}", version=3), "ru")
    say("a path with {braces}", "ru")
    assert capsys.readouterr().out == "версия 3\na path with {braces}\n"
    assert in_words("Nothing changes.", "az") == "Dəyişiklik yoxdur."
