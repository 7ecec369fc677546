"""Texts are found wherever they are marked; what a catalogue lacks or has wrong is found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from jinja2 import TemplateSyntaxError

from tests.checks.translations import LOCALE, ROOMS, findings, marked, update

pytestmark = pytest.mark.unit

CODE = '''
from crm_core.errors import Conflict, NotFound
from crm_core.i18n import Message, N_

WORD = N_("one " "two")
shown = f"{say(N_('inside'))}"
raise NotFound(N_("not here"))
raise Conflict(Message("{name} is taken", name="unmarked"))
text = ngettext("{n} call", "{n} calls", n)


class Gone(NotFound):
    """It went away."""


class Listed(NotFound):
    """Says its own words."""

    def __init__(self) -> None:
        super().__init__(Message("listed"))
'''
RUSSIAN = {
    "one two": "раз два",
    "inside": "внутри",
    "not here": "здесь нет",
    "{name} is taken": "занято: {name}",
    "It went away.": "Исчезло.",
    "listed": "в списке",
}
CALLS = 'msgid_plural "{n} calls"\nmsgstr[0] "%s"\nmsgstr[1] "%s"\nmsgstr[2] "%s"'
EMPTY_CALLS = CALLS % ("", "", "")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small project, translated."""
    for room in ROOMS:
        (tmp_path / room).mkdir()
    (tmp_path / "agent_ui" / "pages.py").write_text(CODE)
    update(tmp_path)
    edit(tmp_path, "ru", EMPTY_CALLS, CALLS % ("{n} звонок", "{n} звонка", "{n} звонков"))
    edit(tmp_path, "az", CALLS.rpartition("\n")[0] % ("", ""), CALLS.rpartition("\n")[0] % ("{n}", "{n}"))
    for english, russian in RUSSIAN.items():
        for language in ("ru", "az"):
            edit(
                tmp_path, language, f'msgid "{english}"\nmsgstr ""', f'msgid "{english}"\nmsgstr "{russian}"'
            )
    return tmp_path


def edit(root: Path, language: str, old: str, new: str) -> None:
    path = root / LOCALE / f"{language}.po"
    text = path.read_text("utf-8")
    assert old in text, old
    path.write_text(text.replace(old, new), "utf-8")


def test_every_mark_is_found_and_nothing_else(tree: Path) -> None:
    assert {m.id for m in marked(tree) if m.id} == {*RUSSIAN, ("{n} call", "{n} calls")}
    assert list(findings(tree)) == []


def test_updating_again_changes_nothing(tree: Path) -> None:
    before = {path.name: path.read_bytes() for path in (tree / LOCALE).iterdir()}
    update(tree)
    assert {path.name: path.read_bytes() for path in (tree / LOCALE).iterdir()} == before
    assert before["ru.po"].startswith(b'msgid ""\nmsgstr ""\n"Language: ru\\n"\n"Plural-Forms: nplurals=3;')


def test_updating_keeps_what_is_translated_and_drops_what_is_gone(tree: Path) -> None:
    code = tree / "agent_ui" / "pages.py"
    code.write_text(CODE.replace("not here", "nowhere"))
    update(tree)
    assert list(findings(tree)) == [
        "ru.po: not translated: 'nowhere'",
        "az.po: not translated: 'nowhere'",
    ]


def break_code(old: str, new: str) -> Callable[[Path], None]:
    def act(root: Path) -> None:
        code = root / "agent_ui" / "pages.py"
        code.write_text(code.read_text().replace(old, new))

    return act


def break_russian(old: str, new: str) -> Callable[[Path], None]:
    return lambda root: edit(root, "ru", old, new)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (break_russian("внутри", ""), "ru.po: not translated: 'inside'"),
        (break_russian("{n} звонков", ""), "ru.po: not translated: ('{n} call', '{n} calls')"),
        (break_russian("занято: {name}", "занято: {imya}"), "ru.po: other placeholders: '{name} is taken'"),
        (break_russian("{n} звонка", "звонка"), "ru.po: other placeholders: ('{n} call', '{n} calls')"),
        (break_russian("\nmsgid", "\n#, fuzzy\nmsgid"), "ru.po: not translated: 'inside'"),
        (break_code("'inside'", "'within'"), "az.po: not there: 'within'; run `make messages`"),
        (break_code("'inside'", "'within'"), "en.po: no longer used: 'inside'; run `make messages`"),
        (
            break_code('NotFound(N_("not here"))', 'NotFound("not here")'),
            "agent_ui/pages.py:7: words of NotFound are not marked: use N_ or Message",
        ),
        (
            break_code('NotFound(N_("not here"))', 'NotFound(f"{x} not here")'),
            "agent_ui/pages.py:7: words of NotFound are not marked: use N_ or Message",
        ),
        (
            break_code('N_("not here")', 'N_(f"{x} not here")'),
            "agent_ui/pages.py:7: an f-string cannot be translated: use Message with values",
        ),
        (lambda root: (root / LOCALE / "az.po").unlink(), "az.po: missing; run `make messages`"),
    ],
)
def test_a_fault_is_found(tree: Path, act: Callable[[Path], None], said: str) -> None:
    act(tree)
    assert said in list(findings(tree))


TEMPLATE = """
{% trans trimmed count=v.missed %}
  {{ count }} missed
  call
{% pluralize %}
  {{ count }} missed calls
{% endtrans %}
{{ ngettext("%(num)d card", "%(num)d cards", v.cards) }} {{ _("Hello, %(name)s", name=v.name) }} {{ v.text }}
"""


def test_templates_are_read_as_pages_read_them(tree: Path) -> None:
    (tree / "agent_ui" / "desk" / "templates" / "deep").mkdir(parents=True)
    (tree / "agent_ui" / "desk" / "templates" / "deep" / "page.html").write_text(TEMPLATE)
    (tree / "agent_ui" / "frontend" / "node_modules").mkdir(parents=True)
    (tree / "agent_ui" / "frontend" / "node_modules" / "other.py").write_text('N_("not ours")')
    plural = {message.id for message in marked(tree) if message.pluralizable}
    assert plural >= {
        ("%(count)s missed call", "%(count)s missed calls"),
        ("%(num)d card", "%(num)d cards"),
    }
    found = set(findings(tree))
    assert "ru.po: not there: 'Hello, %(name)s'; run `make messages`" in found
    assert not any("not ours" in finding for finding in found)
    update(tree)
    missing = [finding for finding in findings(tree) if "not translated" in finding]
    assert len(missing) == 6  # three texts in each of the two languages


def test_a_template_that_cannot_be_read_is_no_template_without_texts(tree: Path) -> None:
    (tree / "agent_ui" / "templates").mkdir()
    (tree / "agent_ui" / "templates" / "broken.html").write_text("{% trans %}never ended")
    with pytest.raises(TemplateSyntaxError):
        list(findings(tree))
