"""Texts are found wherever they are marked; what a catalogue lacks or has wrong is found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

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
