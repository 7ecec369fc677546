"""Every text marked in the code is in each catalogue, translated, with the same placeholders.

`python -m tests.checks.translations --update` adds new texts and drops old ones; what it leaves empty
is then translated by hand.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[2]
LOCALE = ROOT / "crm_core" / "locale"
ROOMS = ("callcard", "callrouter", "crm_core", "agent_ui", "recordings", "asterisk_conf")
LANGUAGES = ("en", "ru", "az")
KEYWORDS = {"N_": None, "_": None, "gettext": None, "ngettext": (1, 2)}
PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]|\{[a-z_0-9]*\}")


def marked() -> Catalog:
    """All texts that the code marks."""
    found = Catalog(project="callcard", charset="utf-8", fuzzy=False)
    for room in ROOMS:
        for name, line, message, comments, context in extract_from_dir(
            str(ROOT / room),
            method_map=[("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")],
            keywords=KEYWORDS,
        ):
            found.add(message, None, [(f"{room}/{name}", line)], auto_comments=comments, context=context)
    return found


def _texts(message: object) -> tuple[str, ...]:
    return message if isinstance(message, tuple) else (str(message),)


def findings() -> Iterator[str]:
    """One line for each text that is missing, fuzzy, stale or has other placeholders."""
    wanted = marked()
    ids = {message.id for message in wanted if message.id}
    for language in LANGUAGES:
        path = LOCALE / f"{language}.po"
        if not path.exists():
            yield f"{path.name}: missing; run `make messages`"
            continue
        with path.open("rb") as source:
            catalogue = read_po(source, locale=language)
        have = {message.id: message for message in catalogue if message.id}
        for identity in sorted(ids - have.keys(), key=str):
            yield f"{path.name}: not there: {identity!r}; run `make messages`"
        for identity in sorted(have.keys() - ids, key=str):
            yield f"{path.name}: no longer used: {identity!r}; run `make messages`"
        for identity, message in have.items():
            texts = _texts(message.string)
            if message.fuzzy or not all(texts):
                yield f"{path.name}: not translated: {identity!r}"
                continue
            expected = set(PLACEHOLDER.findall(_texts(identity)[-1]))
            for text in texts:
                if set(PLACEHOLDER.findall(text)) != expected:
                    yield f"{path.name}: other placeholders: {identity!r}"


def update() -> None:
    """Write the catalogues anew, keeping what is translated. English is the text itself."""
    wanted = marked()
    for language in LANGUAGES:
        path = LOCALE / f"{language}.po"
        catalogue = Catalog(locale=language, project="callcard", fuzzy=False)
        old: dict[object, object] = {}
        if path.exists():
            with path.open("rb") as source:
                old = {message.id: message.string for message in read_po(source, locale=language)}
        for message in sorted((m for m in wanted if m.id), key=lambda m: str(m.id)):
            string = old.get(message.id) or (message.id if language == "en" else None)
            catalogue.add(
                message.id, string, [(name, None) for name in sorted({n for n, _ in message.locations})]
            )
        with path.open("wb") as out:
            write_po(out, catalogue, omit_header=False, width=110, include_lineno=False)
        text = re.sub(
            rb'"(POT-Creation-Date|PO-Revision-Date|Generated-By|Report-Msgid-Bugs-To|Last-Translator|Language-Team):[^\n]*\n',
            b"",
            path.read_bytes(),
        )
        text = re.sub(rb"^(#[^:,.][^\n]*\n|#\n)+", b"", text)
        path.write_bytes(text)


if __name__ == "__main__":
    if "--update" in sys.argv:
        update()
    for line in findings():
        sys.stdout.write(line + "\n")
