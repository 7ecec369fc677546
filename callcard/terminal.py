"""What the command line says of its own, in the terminal's language. Its help texts are English."""

from __future__ import annotations

import os
import sys

from crm_core.errors import BadInput
from crm_core.i18n import LANGUAGES, Message, as_message, translator


def chosen_language(asked: str = "") -> str:
    """*asked*, else what LC_ALL, LC_MESSAGES or LANG say, else English. Raises BadInput for another."""
    if asked and asked not in LANGUAGES:
        raise BadInput(
            Message("--lang: '{value}' is not one of {names}", value=asked, names=", ".join(LANGUAGES))
        )
    environment = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    first = next(filter(None, (asked, *environment)), "en")
    return first[:2] if first[:2] in LANGUAGES else "en"


def in_words(text: str | Message, language: str = "") -> str:
    """*text*, a message id or a message with values, in *language*, else in the terminal's."""
    return as_message(text).said(translator(chosen_language(language)).gettext)


def say(text: str | Message, language: str = "") -> None:
    """Print *text* as one line, at once."""
    sys.stdout.write(in_words(text, language) + "\n")
    sys.stdout.flush()
