"""The typed writer: nothing it lets through can add a line, a section or a comment."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asterisk_conf import conf_text
from asterisk_conf.conf_text import Checked, read_sections, strip_comment
from crm_core.errors import BadOffice

pytestmark = pytest.mark.unit

HOSTILE = (
    "a\nb",
    "a\r\n[x]",
    "a;b",
    "[x]",
    "#exec rm",
    "a=>b",
    "a,b",
    "${SHELL(id)}",
    "a b",
    'a"b',
    "\x00",
    "a\x85b",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_plain_value_is_a_word_or_refused(text: str) -> None:
    with pytest.raises(BadOffice):
        conf_text.checked(text)


@pytest.mark.parametrize("value", [None, 1.5, b"x", ["a"], object()])
def test_values_of_other_types_are_refused(value: object) -> None:
    with pytest.raises(BadOffice):
        conf_text.checked(value)


def test_numbers_and_booleans_are_spelled() -> None:
    assert [conf_text.checked(value) for value in (5, True, False, "+7495", Checked("a b"))] == [
        "5",
        "yes",
        "no",
        "+7495",
        "a b",
    ]


@pytest.mark.parametrize(
    ("make", "bad"),
    [
        (conf_text.uri, "sip:a@b;transport=udp\ncontext=x"),
        (conf_text.uri, "sip:a@b;context=x"),
        (conf_text.uri, "tel:1"),
        (conf_text.address, "127.0.0.1\n"),
        (conf_text.address, "host.example"),
        (conf_text.secret, "short"),
        (conf_text.secret, "sixteen chars; no"),
        (conf_text.secret, "sixteen-letters-\n"),
    ],
)
def test_other_forms_are_refused(make: object, bad: str) -> None:
    with pytest.raises(BadOffice):
        make(bad)  # type: ignore[operator]


@pytest.mark.parametrize("bad", ["/a;b", "/a,b", "/a\nb", "relative", "/a${X}", "/a(b)"])
def test_a_path_that_would_end_an_argument_is_refused(bad: str) -> None:
    with pytest.raises(BadOffice):
        conf_text.path(Path(bad))


def test_a_secret_is_not_named_in_the_error() -> None:
    with pytest.raises(BadOffice) as error:
        conf_text.secret("my secret password!")
    assert "password" not in str(error.value) and error.value.field is None


def test_the_semicolon_of_an_address_survives_the_file() -> None:
    written = f"[a]\ncontact = {conf_text.uri('sip:a@127.0.0.1:5060;transport=tcp')}\n"
    assert read_sections(written)[0].get("contact") == "sip:a@127.0.0.1:5060;transport=tcp"


@given(st.text(max_size=200))
def test_any_title_becomes_one_harmless_value(title: str) -> None:
    shown = conf_text.display(title)
    text = f'[a]\ncallerid = "{shown}" <101>\nnext = 1\n'
    (section,) = read_sections(text)
    assert section.get("callerid") == f'"{shown}" <101>'
    assert section.get("next") == "1"
    assert len(shown) <= 40 and not set(shown) & set('";<>[]=#$\\,\n\r')


@given(st.text(max_size=50))
def test_any_text_is_either_refused_or_stays_itself(text: str) -> None:
    try:
        written = conf_text.checked(text)
    except BadOffice:
        return
    (section,) = read_sections(f"[a]\nkey = {written}\n")
    assert section.get("key") == text
    assert len(section.entries) == 1


def test_names_in_three_alphabets_stay_readable() -> None:
    assert conf_text.display("Ələsgərov Şahin") == "Ələsgərov Şahin"
    assert conf_text.display("Анна-Мария О'Нил; [админ]") == "Анна-Мария О'Нил админ"


def test_reading_knows_templates_and_both_signs() -> None:
    text = "; head\n[base](!)\na = 1 ; why\n[x](base)\nb => 2\nb => 3\n"
    base, section = read_sections(text)
    assert base.template and section.bases == ("base",)
    assert section.all("b") == ("2", "3") and section.get("b") == "3" and base.get("a") == "1"
    assert section.entries[0].line == 5


@pytest.mark.parametrize("text", ["key = 1\n", "[a]\nno sign\n", "[a]\n= 1\n"])
def test_reading_refuses_what_is_no_configuration(text: str) -> None:
    with pytest.raises(ValueError, match="line"):
        read_sections(text)


def test_comments_end_a_line_unless_escaped() -> None:
    assert strip_comment(r"a\;b ; c") == "a;b"
