"""Every text people see is marked, is in each catalogue, and is translated with the same placeholders.

`python -m tests.checks.translations --update` adds new texts and drops old ones; what it leaves empty
is then translated by hand. Texts are found where the code marks them (`N_`, `Message`, gettext's own
names), and in the docstrings of errors, which they say when they are raised without words.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from crm_core.i18n import LANGUAGES

ROOT = Path(__file__).parents[2]
LOCALE = Path("crm_core", "locale")
ROOMS = ("callcard", "callrouter", "crm_core", "agent_ui", "recordings", "asterisk_conf")
MARKS = frozenset({"N_", "Message", "_", "gettext"})
# As `agent_ui/pages.py` reads templates; one that cannot be read is an error, not a template without texts.
TEMPLATE_OPTIONS = {"trimmed": "true", "silent": "false"}
TEMPLATE_WORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}
PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]|\{[a-z_0-9]*\}")
# Errors whose words reach people through the API or the command line. Those for operators only
# (StartRefused, ChildFailed, InstallFailed: one English line that names a setting or a program) are not here.
TREE = frozenset(
    {
        "CallcardError",
        "BadInput",
        "BadOffice",
        "NotSignedIn",
        "Forbidden",
        "NotFound",
        "Conflict",
        "SignInFailed",
        "TooManyTries",
        "Unavailable",
    }
)
HEADER = re.compile(
    rb'"(Project-Id-Version|POT-Creation-Date|PO-Revision-Date|Generated-By|Report-Msgid-Bugs-To'
    rb"|Last-Translator|Language-Team):[^\n]*\n"
)


def marked(root: Path = ROOT) -> Catalog:
    """All texts that the code marks, each with the files it is in."""
    found = Catalog(fuzzy=False)
    for path, node in _nodes(root):
        for text in _texts_of(node):
            found.add(text, None, [(str(path), 0)])
    for room in ROOMS:
        for path in sorted((root / room).rglob("templates/**/*.html")):
            texts = extract_from_file(
                "jinja2.ext:babel_extract", path, keywords=TEMPLATE_WORDS, options=TEMPLATE_OPTIONS
            )
            for _, message, _, _ in texts:
                found.add(message, None, [(str(path.relative_to(root)), 0)])
    return found


def _texts_of(node: ast.AST) -> Iterator[str | tuple[str, str]]:
    """What *node* marks. Read from the syntax tree: Babel's own reader passes over f-strings."""
    if isinstance(node, ast.Call):
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        literal = [
            arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
        ]
        if name == "ngettext" and len(literal) == 2:
            yield literal[0], literal[1]
        elif name in MARKS and literal and literal[0] is getattr(node.args[0], "value", None):
            yield literal[0]
    elif isinstance(node, ast.ClassDef) and TREE & {ast.unparse(base) for base in node.bases}:
        own = any(isinstance(part, ast.FunctionDef) and part.name == "__init__" for part in node.body)
        words = ast.get_docstring(node)
        if words and not own:  # an error that makes its own words never says its docstring
            yield words


def unmarked(root: Path = ROOT) -> Iterator[str]:
    """Words of errors that no catalogue can have, and marks around something that is no plain text."""
    for path, node in _nodes(root):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        where = f"{path}:{node.lineno}"
        if node.func.id in TREE:
            said = [*node.args[:1], *(word.value for word in node.keywords if word.arg == "message")]
            if any(isinstance(text, ast.Constant | ast.JoinedStr) for text in said):
                yield f"{where}: words of {node.func.id} are not marked: use N_ or Message"
        elif node.func.id in ("N_", "Message") and node.args and isinstance(node.args[0], ast.JoinedStr):
            yield f"{where}: an f-string cannot be translated: use Message with values"


def _nodes(root: Path) -> Iterator[tuple[Path, ast.AST]]:
    for room in ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            if "node_modules" in path.parts:  # what the front-end is built with
                continue
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                yield path.relative_to(root), node


def findings(root: Path = ROOT) -> Iterator[str]:
    """One line for each text that is unmarked, missing, untranslated, stale or has other placeholders."""
    yield from unmarked(root)
    wanted = {message.id for message in marked(root) if message.id}
    for language in LANGUAGES:
        path = root / LOCALE / f"{language}.po"
        if not path.exists():
            yield f"{path.name}: missing; run `make messages`"
            continue
        catalogue = _read(path, language)
        have = {message.id for message in catalogue if message.id}
        for identity in sorted(wanted - have, key=str):
            yield f"{path.name}: not there: {identity!r}; run `make messages`"
        for identity in sorted(have - wanted, key=str):
            yield f"{path.name}: no longer used: {identity!r}; run `make messages`"
        yield from _untranslated(path.name, catalogue)


def _untranslated(name: str, catalogue: Catalog) -> Iterator[str]:
    for message in catalogue:
        if not message.id:
            continue
        texts = _texts(message.string)
        if message.fuzzy or not all(texts):
            yield f"{name}: not translated: {message.id!r}"
        elif len(texts) != (catalogue.num_plurals if message.pluralizable else 1):
            yield f"{name}: wrong number of plural forms: {message.id!r}"
        elif any(_placeholders(text) != _placeholders(_texts(message.id)[-1]) for text in texts):
            yield f"{name}: other placeholders: {message.id!r}"


def _texts(message: object) -> tuple[str, ...]:
    return tuple(map(str, message)) if isinstance(message, tuple | list) else (str(message or ""),)


def _placeholders(text: str) -> set[str]:
    return set(PLACEHOLDER.findall(text))


def _read(path: Path, language: str) -> Catalog:
    with path.open("rb") as source:
        return read_po(source, locale=language)


def update(root: Path = ROOT) -> None:
    """Write the catalogues anew, keeping what is translated. English is the text itself."""
    wanted = sorted((message for message in marked(root) if message.id), key=lambda message: str(message.id))
    for language in LANGUAGES:
        path = root / LOCALE / f"{language}.po"
        catalogue = Catalog(locale=language, fuzzy=False)
        old = {m.id: m.string for m in _read(path, language) if m.id} if path.exists() else {}
        for message in wanted:
            string = message.id if language == "en" else old.get(message.id)
            files = sorted({name for name, _ in message.locations})
            catalogue.add(message.id, string, [(name, 0) for name in files])
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as out:
            write_po(out, catalogue, width=110, include_lineno=False)
        # Dates, authors and a licence line would differ with each run and say nothing.
        text = re.sub(rb"\A(#[^\n]*\n)+", b"", HEADER.sub(b"", path.read_bytes()))
        path.write_bytes(text)


if __name__ == "__main__":
    if "--update" in sys.argv:
        update()
    for line in findings():
        sys.stdout.write(line + "\n")
