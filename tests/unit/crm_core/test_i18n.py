"""Messages: made here, put into words there; and catalogues that every language can stand on."""

from __future__ import annotations

import pytest

from crm_core.errors import BadInput, Unavailable
from crm_core.i18n import LANGUAGES, LOCALE, N_, Message, as_message, joined, translator

pytestmark = pytest.mark.unit


def upper(text: str) -> str:
    """A language in which everything but the placeholders is loud."""
    return text.replace("is", "IS").replace("known", "KNOWN")


def test_values_are_put_into_the_translated_text() -> None:
    message = Message("'{name}' is not here; {rest}", name="anna", rest=Message("known: {names}", names="a"))
    assert message.said(upper) == "'anna' IS not here; KNOWN: a"
    assert str(message) == "'anna' is not here; known: a"


def test_a_text_without_values_is_never_a_format_string() -> None:
    assert str(Message("{not a field}")) == "{not a field}"
    assert Message("{a}", a="{b.__class__}").said(str) == "{b.__class__}"


def test_no_text_is_no_text_in_any_language() -> None:
    assert Message("").said(translator("ru").gettext) == ""


def test_messages_are_equal_by_text_and_values() -> None:
    assert Message("a {b}", b=1) == Message("a {b}", b=1)
    assert Message("a {b}", b=1) != Message("a {b}", b=2)
    assert len({Message("a {b}", b=1), Message("a {b}", b=1)}) == 1
    assert as_message("a") == Message("a")
    assert repr(Message("a {b}", b=1)) == "Message('a {b}', {'b': 1})"


def test_joined_messages_are_each_said_by_themselves() -> None:
    both = joined([Message("is {n}", n=1), Message("known")], "\n")
    assert both.said(upper) == "IS 1\nKNOWN"
    assert str(joined([], "\n")) == ""


def test_an_error_keeps_its_message_for_the_reader_and_english_for_the_log() -> None:
    error = BadInput(Message("'{name}' is missing", name="title"), hint=N_("Nothing changes."))
    assert error.message == str(error) == "'title' is missing"
    russian = translator("ru").gettext
    assert error.words.said(russian) == "нет поля «title»"
    assert error.hint == "Nothing changes."
    assert error.hint_words is not None and error.hint_words.said(russian) == "Изменений нет."
    assert (BadInput().hint, BadInput().hint_words) == (None, None)


def test_an_error_without_words_says_what_its_kind_is() -> None:
    assert Unavailable().words == Message(Unavailable.__doc__ or "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_its_catalogue(language: str) -> None:
    assert (LOCALE / f"{language}.po").exists()
    assert translator(language).info()["language"] == language


def test_a_language_we_do_not_have_is_english() -> None:
    assert translator("tlh").gettext("Queue") == "Queue"
    assert translator("../../etc/passwd").gettext("Queue") == "Queue"


@pytest.mark.parametrize(
    ("language", "forms"),
    [("en", ["one", "many", "many", "many"]), ("ru", [0, 1, 2, 0]), ("az", [0, 1, 1, 1])],
)
def test_plurals_are_those_of_the_language(language: str, forms: list[object]) -> None:
    catalogue = translator(language)
    if language == "en":
        assert [catalogue.ngettext("one", "many", n) for n in (1, 2, 5, 21)] == forms
    else:
        plural = catalogue.plural  # type: ignore[attr-defined] # set by GNUTranslations from the header
        assert [plural(n) for n in (1, 2, 5, 21)] == forms
