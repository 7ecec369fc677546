"""Reading caller ids: every way of writing one number, and everything that is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.phone_number import MAX_RAW, CallerKind, clean_text, format_for, parse_caller, to_e164

pytestmark = pytest.mark.unit

MOSCOW, BAKU = "+74955550142", "+994125550142"


@pytest.mark.parametrize(
    ("raw", "country", "e164"),
    [
        ("+74955550142", "RU", MOSCOW),
        ("+7 (495) 555-01-42", "AZ", MOSCOW),
        ("8 (495) 555-01-42", "RU", MOSCOW),
        ("84955550142", "RU", MOSCOW),
        ("4955550142", "RU", MOSCOW),
        ("(495) 555 01 42", "RU", MOSCOW),
        ("74955550142", "RU", MOSCOW),
        ("74955550142 ", "RU", MOSCOW),
        ("74955550142", "AZ", MOSCOW),
        ("0074955550142", "AZ", MOSCOW),
        ("8107 495 5550142", "RU", MOSCOW),
        ("0125550142", "AZ", BAKU),
        ("012 555 01 42", "AZ", BAKU),
        ("994125550142", "AZ", BAKU),
        ("994125550142", "RU", BAKU),
        ("00 994 12 555 01 42", "RU", BAKU),
        ("8 10 994 12 555 01 42", "RU", BAKU),
        ("+442079460123", "RU", "+442079460123"),
    ],
)
def test_one_number_has_one_form(raw: str, country: str, e164: str) -> None:
    caller = parse_caller(raw, country=country)
    assert (caller.kind, caller.e164, caller.raw) == (CallerKind.KNOWN, e164, raw)


@pytest.mark.parametrize(
    "presentation", ["prohib", "prohib_not_screened", "PROHIB_PASSED_SCREEN", "unavailable"]
)
def test_presentation_withholds_a_number_that_was_sent(presentation: str) -> None:
    caller = parse_caller(MOSCOW, country="RU", presentation=presentation)
    assert (caller.kind, caller.e164) == (CallerKind.WITHHELD, None)


@pytest.mark.parametrize("presentation", ["allowed", "allowed_not_screened", "allowed_failed_screen", ""])
def test_allowed_presentation_shows_the_number(presentation: str) -> None:
    assert parse_caller(MOSCOW, country="RU", presentation=presentation).e164 == MOSCOW


@pytest.mark.parametrize(
    "raw", ["", "  ", "anonymous", "Anonymous", "unknown", "<unknown>", "Restricted", "\r\n", "\ud800"]
)
def test_words_for_withheld(raw: str) -> None:
    assert parse_caller(raw, country="RU").kind is CallerKind.WITHHELD


@pytest.mark.parametrize(
    "raw",
    [
        "0" * 40,
        "1" * 40,
        "+" + "9" * 40,
        "+7495",
        "+",
        "++74955550142",
        "1",
        "5550142",  # no area code: it could be anybody's
        "10-1",
        "+74955550142x12",
        "+74955550142;ext=12",
        "+74955550142 ext. 12",
        "+74955550142#12",
        "+74955550142abc",
        "+74955550142,,5",
        "1-800-FLOWERS",
        "alice",
        "анна",
        "٠١٢٥٥٥٠١٤٢",
        "\uff0b74955550142",
        "<script>alert(1)</script>",
        "${SHELL(id)}",
        "' OR 1=1 --",
        "100&Local/900@secret",
        "+7495555\r\n0142",
        "+7495555\u200b0142",
        "+74955550142\x00",
        "+74955550142+74955550142",
    ],
)
def test_what_is_no_number_is_unreadable(raw: str) -> None:
    caller = parse_caller(raw, country="RU")
    assert (caller.kind, caller.e164) == (CallerKind.UNREADABLE, None)


@pytest.mark.parametrize("raw", ["10", "101", "701", "112", "999999"])
def test_short_numbers_are_internal(raw: str) -> None:
    caller = parse_caller(raw, country="RU")
    assert (caller.kind, caller.e164, caller.raw) == (CallerKind.INTERNAL, None, raw)


def test_raw_loses_control_characters_and_length() -> None:
    caller = parse_caller("ab\r\nc\x00\u202ed" + "z" * 500, country="RU")
    assert caller.raw.startswith("abcdzz")
    assert len(caller.raw) == MAX_RAW


def test_unknown_country_still_reads_international_numbers() -> None:
    assert to_e164(MOSCOW, country="ZZ") == MOSCOW
    assert to_e164("0125550142", country="ZZ") is None


@pytest.mark.parametrize(
    ("e164", "country", "text"),
    [
        (MOSCOW, "RU", "8 (495) 555-01-42"),
        (MOSCOW, "AZ", "+7 495 555-01-42"),
        (BAKU, "AZ", "(012) 555 01 42"),
        (BAKU, "RU", "+994 12 555 01 42"),
        ("101", "RU", "101"),
        ("not a number", "RU", "not a number"),
    ],
)
def test_numbers_are_written_as_people_there_do(e164: str, country: str, text: str) -> None:
    assert format_for(e164, country) == text
    assert to_e164(text, country=country) == (e164 if e164.startswith("+") else None)


COUNTRIES = st.sampled_from(["RU", "AZ", "GB", "US", "DE", "MX", "AR", "IT", "KZ", "BR", "ZZ", ""])
WRITTEN = st.text(alphabet="0123456789+ ()-.", max_size=24)


@given(raw=st.one_of(st.text(), WRITTEN), country=COUNTRIES, presentation=st.text(max_size=12))
def test_never_raises(raw: str, country: str, presentation: str) -> None:
    caller = parse_caller(raw, country=country, presentation=presentation)
    assert (caller.e164 is not None) == (caller.kind is CallerKind.KNOWN)
    assert caller.raw == clean_text(caller.raw)


@given(
    raw=st.one_of(
        WRITTEN, st.from_regex(r"\+?(7|994|44|1|52|54|39|49|55|0|00|8)[0-9]{8,11}", fullmatch=True)
    ),
    country=COUNTRIES,
    other=COUNTRIES,
)
def test_reading_is_idempotent_in_every_country(raw: str, country: str, other: str) -> None:
    e164 = parse_caller(raw, country=country).e164
    if e164 is not None:
        assert parse_caller(e164, country=other).e164 == e164
