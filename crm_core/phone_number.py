"""Telephone numbers: what the wire says about a caller, read into E.164, and E.164 written for people.

One reading for the whole house: the contact point of a number is unique because this is the only
place where it gets its form. A caller chooses what the wire says, so nothing here ever raises, and
what is not plainly a number is `unreadable`: a call without a card, never a card on half a number.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, ValidationResult

MAX_RAW = 80  # Asterisk's own limit of an extension


class CallerKind(StrEnum):
    """What could be made of a caller id."""

    KNOWN = "known"  # a number: `e164` is set
    WITHHELD = "withheld"  # the caller, or the network, did not want to say
    UNREADABLE = "unreadable"  # something that is not a telephone number
    INTERNAL = "internal"  # a short number of our own


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerNumber:
    """A caller id as read. *raw* is what the wire said, without control characters, 80 characters at most."""

    kind: CallerKind
    e164: str | None
    raw: str


# What networks and phones write where a number should be (RFC 3323 section 4.1.1.3: anonymous).
_WITHHELD = frozenset(
    {"", "anonymous", "unknown", "<unknown>", "restricted", "private", "withheld", "unavailable", "blocked"}
)
_NUMBER = re.compile(r"\+?[0-9(][0-9 ().\-]*")
_INTERNAL = re.compile(r"[0-9]{2,6}")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")  # ITU-T E.164: 15 digits at most


def parse_caller(raw: str, *, country: str, presentation: str = "allowed") -> CallerNumber:
    """Read a caller id by the customs of *country* (ISO 3166), that of the dialled number's office.

    *presentation* is Asterisk's `CALLERID(num-pres)`: `prohib…` and `unavailable` mean withheld,
    whatever else was sent. Never raises; reading an E.164 result again gives the same.
    """
    clean = clean_text(raw)
    hidden = presentation.strip().lower()
    text = clean.strip()
    if hidden.startswith("prohib") or hidden == "unavailable" or text.lower() in _WITHHELD:
        return CallerNumber(kind=CallerKind.WITHHELD, e164=None, raw=clean)
    if text != raw.strip():
        # Something was hidden in it. What is left may look like a number: it is nobody's.
        return CallerNumber(kind=CallerKind.UNREADABLE, e164=None, raw=clean)
    if _INTERNAL.fullmatch(text):
        return CallerNumber(kind=CallerKind.INTERNAL, e164=None, raw=clean)
    e164 = to_e164(text, country=country)
    kind = CallerKind.UNREADABLE if e164 is None else CallerKind.KNOWN
    return CallerNumber(kind=kind, e164=e164, raw=clean)


def to_e164(text: str, *, country: str) -> str | None:
    """The E.164 form of a number as people or networks write it in *country*; None when it is none.

    `8 (495) 555-01-42` in RU, `012 555 01 42` in AZ, `00 994 …`, `+994 …`, and what carriers send
    without a plus (`994125550142`). Letters, other scripts' digits and extensions make it none:
    guessing which part is the number is how two people end up on one card.
    """
    text = text.strip()
    if len(text) > MAX_RAW or not _NUMBER.fullmatch(text):
        return None
    digits = re.sub(r"[^0-9]", "", text)
    if text.startswith("+"):
        return _readable("+" + digits, None)
    if digits.startswith("00"):
        return _readable("+" + digits[2:], None)
    # A carrier may leave the plus out: that is tried last, and only a number in real use counts.
    return _readable(digits, country) or _readable("+" + digits, None, certain=True)


def format_for(e164: str, country: str) -> str:
    """*e164* as people in *country* write it: the national form at home, else the international one.

    Returns the text unchanged when it is not E.164.
    """
    number = _parse(e164, None)
    if number is None or not _E164.fullmatch(e164):
        return e164
    home = phonenumbers.region_code_for_number(number) == country
    form = PhoneNumberFormat.NATIONAL if home else PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, form)


def clean_text(raw: str) -> str:
    """Text from the wire without control, format and surrogate characters, NFC, 80 characters at most."""
    kept = "".join(char for char in raw[: MAX_RAW * 4] if unicodedata.category(char)[0] != "C")
    return unicodedata.normalize("NFC", kept)[:MAX_RAW]


def _parse(text: str, country: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None


def _readable(text: str, country: str | None, *, certain: bool = False) -> str | None:
    """E.164 of *text*; with *certain* only when the number belongs to a range in use."""
    number = _parse(text, country)
    if number is None or (certain and not phonenumbers.is_valid_number(number)):
        return None
    # Not is_possible_number(): that also takes numbers which lack their area code.
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return None
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    # Zeros that a country drops could leave a form that reads as another number, or as none.
    return e164 if _E164.fullmatch(e164) and _parse(e164, None) == number else None
