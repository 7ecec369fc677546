"""Texts people see: gettext catalogues read straight from their .po files (no built file in the repo)."""

from __future__ import annotations

import gettext
import io
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("en", "ru", "az")
LOCALE = Path(__file__).with_name("locale")


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for "mark, do not translate yet"
    """Mark *text* as a message id; it is translated where it is shown."""
    return text


@cache
def translator(language: str) -> gettext.NullTranslations:
    """The catalogue of *language*; English message ids themselves for a language we do not have."""
    path = LOCALE / f"{language}.po"
    if language not in LANGUAGES or not path.exists():
        return gettext.NullTranslations()
    with path.open("rb") as source:
        catalogue = read_po(source, locale=language, domain="callcard")
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
