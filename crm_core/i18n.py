"""Texts people see: gettext catalogues read straight from their .po files (no built file in the repo).

A text is made where something happens and translated where it is shown. `N_` marks one that is whole,
`Message` one with values; both are found by `make messages`.
"""

from __future__ import annotations

import gettext
import io
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "ru", "az")
LOCALE = Path(__file__).with_name("locale")


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for "mark, do not translate yet"
    """Mark *text* as a message id; it is translated where it is shown."""
    return text


class Message:
    """A message id with the values of its `{placeholders}`, to be put into words where it is shown.

    A value may be a `Message` itself. `str()` gives the English words.
    """

    __slots__ = ("msgid", "values")

    def __init__(self, msgid: str, /, **values: object) -> None:
        self.msgid = msgid
        self.values = values

    def said(self, gettext: Callable[[str], str]) -> str:
        """The words in the language of *gettext*, with the values put in."""
        text = gettext(self.msgid) if self.msgid else ""  # gettext gives its header for an empty text
        if not self.values:
            return text
        values = {
            name: value.said(gettext) if isinstance(value, Message) else value
            for name, value in self.values.items()
        }
        return text.format_map(values)

    def __str__(self) -> str:
        return self.said(str)

    def __repr__(self) -> str:
        return f"Message({self.msgid!r}, {self.values!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and (self.msgid, self.values) == (other.msgid, other.values)

    def __hash__(self) -> int:
        return hash(self.msgid)


def as_message(text: str | Message) -> Message:
    """*text* as a message; a plain one has no values."""
    return text if isinstance(text, Message) else Message(text)


def joined(messages: Sequence[Message], separator: str) -> Message:
    """*messages* as one, each put into words by itself."""
    names = [f"part{number}" for number in range(len(messages))]
    # This text is in no catalogue, so it stands as it is in each language.
    return Message(separator.join(f"{{{name}}}" for name in names), **dict(zip(names, messages, strict=True)))


@cache
def translator(language: str) -> gettext.NullTranslations:
    """The catalogue of *language*; English message ids themselves for a language we do not have."""
    # Only here: error messages are made everywhere, and Babel would slow down the start of each command.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    path = LOCALE / f"{language}.po"
    if language not in LANGUAGES or not path.exists():
        return gettext.NullTranslations()
    with path.open("rb") as source:
        catalogue = read_po(source, locale=language, domain="callcard")
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
