"""The trace catalogue: every code has a sentence, every sentence reads, in any language."""

from __future__ import annotations

import re
import string
from datetime import UTC, datetime

import pytest

from crm_core.calls.model import HangupBy, TraceLine
from crm_core.calls.trace import SENTENCES, WORDS, Code, Value, line, render
from crm_core.i18n import translator
from crm_core.presence.model import AgentState

pytestmark = pytest.mark.unit

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_every_code_has_a_sentence() -> None:
    assert set(SENTENCES) == set(Code)


@pytest.mark.parametrize("code", list(Code))
def test_a_line_without_values_still_reads(code: Code) -> None:
    text = render(TraceLine(at=AT, code=code.value), lambda text: text)
    assert text.endswith(".")
    assert "{" not in text
    assert ("–" in text) == bool(fields(SENTENCES[code]))


def test_words_are_translated_and_names_are_shown_by_title() -> None:
    russian = {
        "The card's owner, {owner}, cannot take the call: {why}.": "Ответственный {owner} занят: {why}.",
        "in wrap-up": "дооформление",
    }
    shown = render(
        line(AT, Code.OWNER_NOT_AVAILABLE, owner="anna", why="wrap_up"),
        lambda text: russian.get(text, text),
        {"anna": "Анна"},
    )
    assert shown == "Ответственный Анна занят: дооформление."


def test_every_agent_state_and_every_side_has_its_word() -> None:
    assert {state.value for state in AgentState} <= set(WORDS["state"])
    assert {side.value for side in HangupBy} | {"customer"} == set(WORDS["by"])


def test_a_code_of_a_later_version_is_shown_as_stored() -> None:
    assert render(TraceLine(at=AT, code="teleported"), lambda text: text) == "teleported"


def test_values_are_never_format_strings() -> None:
    shown = render(line(AT, Code.IDENTIFIED_KNOWN, title="{load.__class__}"), lambda text: text)
    assert shown == "The caller is {load.__class__}."


def test_numbers_are_short() -> None:
    shown = render(line(AT, Code.CHOSEN_LEAST_LOADED, agent="boris", load=12.0), lambda text: text)
    assert shown == "boris was chosen: the least load of those available (12)."


@pytest.mark.parametrize(("language", "shown"), [("en", "17.3 s"), ("ru", "17,3 с"), ("az", "17,3 san")])
def test_numbers_are_written_as_the_reader_does(language: str, shown: str) -> None:
    said = line(AT, Code.ANSWERED, agent="boris", seconds=17.25000001)
    assert shown in render(said, translator(language).gettext)


SAMPLES: dict[str, Value] = {
    "agent": "anna",
    "owner": "boris",
    "target": "sales",
    "queue": "sales",
    "title": "MARIA",
    "did": "+74955550100",
    "to": "101",
    "why": "wrap_up",
    "state": "available",
    "by": "caller",
}
TITLES = {"anna": "ANNA", "boris": "BORIS", "sales": "SALES"}


@pytest.mark.parametrize("language", ["ru", "az"])
@pytest.mark.parametrize("code", list(Code))
def test_every_sentence_is_said_in_every_language(code: Code, language: str) -> None:
    values = {name: SAMPLES.get(name, 17) for name in fields(SENTENCES[code])}
    gettext = translator(language).gettext
    said = render(TraceLine(at=AT, code=code.value, values=values), gettext, TITLES)
    english = render(TraceLine(at=AT, code=code.value, values=values), str, TITLES)
    assert "{" not in said and "–" not in said
    for name, value in values.items():
        shown = WORDS.get(name, {}).get(str(value), TITLES.get(str(value), str(value)))
        assert gettext(shown) in said
    words, foreign = (set(re.findall(r"[a-z]{3,}", text)) for text in (said, english))
    assert not words & foreign


@pytest.mark.parametrize("language", ["ru", "az"])
def test_every_state_and_side_is_said_in_every_language(language: str) -> None:
    gettext = translator(language).gettext
    for words in WORDS.values():
        for word in words.values():
            assert gettext(word) != word
