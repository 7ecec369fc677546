"""Text from the telephone network: its bytes read, and made safe to keep and to show."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

MAX_TEXT: Final = 80  # Asterisk's own limit for an extension
_UNKNOWN: Final = "<unknown>"  # how AMI spells a number or name that is not set
# Joiners are part of words in some scripts; every other invisible character only hides or reorders text.
_JOINERS: Final = frozenset("\u200c\u200d")


def decode_text(raw: bytes) -> str:
    """Decode bytes of unknown origin: UTF-8, else cp1251 (old Russian gateways), else with replacement.

    Never fails a call.
    """
    try:
        return raw.decode()
    except UnicodeDecodeError:
        try:
            return raw.decode("cp1251")
        except UnicodeDecodeError:
            return raw.decode(errors="replace")


@lru_cache(maxsize=4096)  # a call repeats its few numbers, names and contexts in every frame
def clean(text: str, limit: int = MAX_TEXT) -> str:
    """Return *text* in NFC, without control, format and bidi characters, at most *limit* characters."""
    if text.isascii() and text.isprintable():
        cleaned = text.strip()
    else:
        normal = unicodedata.normalize("NFC", text)
        spaced = "".join(" " if ch.isspace() else ch for ch in normal)
        cleaned = "".join(ch for ch in spaced if ch.isprintable() or ch in _JOINERS).strip()
    return "" if cleaned == _UNKNOWN else cleaned[:limit]
