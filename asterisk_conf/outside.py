"""How agents call the world: which trunk takes which numbers, and how phones of a country write them.

Pure. The dialplan knows numbers outside by patterns of digits alone, each of one length, so that whatever
else a phone sends is no number there. E.164 has 15 digits at most; below 7 there are services and emergency
numbers, which are not called.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from phonenumbers import PhoneMetadata, country_code_for_region

from crm_core.office.model import OfficeFile
from crm_core.people.model import Person

SHORTEST, LONGEST = 7, 15  # digits of E.164
_LONGEST_DIALLED = LONGEST + 3  # with a prefix for calls abroad
_ABROAD = "00"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What a trunk says of calls to the world. *queue* is that of the number which is shown."""

    caller_id: str
    queue: str
    ring_s: int
    language: str


@dataclass(frozen=True, slots=True)
class Way:
    """Numbers in E.164 that a pattern fits, and the trunk they are called over."""

    pattern: str
    trunk: str


@dataclass(frozen=True, slots=True)
class Form:
    """How a number may be dialled: what fits *pattern* is *begins* and its digits from place *skip* on."""

    pattern: str
    begins: str
    skip: int


@dataclass(frozen=True, slots=True)
class Country:
    """Where phones stand, and every form in which they dial numbers outside."""

    code: str  # RU
    forms: tuple[Form, ...]

    @property
    def context(self) -> str:
        """The dialplan's context of these forms."""
        return f"cc-dialled-{self.code.lower()}"


@dataclass(frozen=True, slots=True)
class World:
    """All that the dialplan has on calls to the world; nothing in it when no trunk leads there."""

    ways: tuple[Way, ...] = ()
    own: tuple[str, ...] = ()  # our own numbers, E.164: never called over a carrier
    countries: tuple[Country, ...] = ()

    @property
    def e164(self) -> tuple[str, ...]:
        """Patterns of every number in E.164."""
        return tuple(f"_+{digits(count)}" for count in range(SHORTEST, LONGEST + 1)) if self.ways else ()

    @property
    def dialled(self) -> tuple[str, ...]:
        """Patterns of everything without a plus that could be a number outside."""
        counts = range(SHORTEST, _LONGEST_DIALLED + 1)
        return tuple(f"_{digits(count)}" for count in counts) if self.ways else ()


def digits(count: int) -> str:
    """So many digits, as a pattern of Asterisk's."""
    return "X" * count


def world_of(office: OfficeFile) -> World:
    """What *office* says of calls to the world."""
    prefixes = office.outgoing_prefixes()
    if not prefixes:
        return World()
    return World(
        ways=tuple(_ways(prefixes)),
        own=tuple(office.numbers),
        countries=tuple(
            Country(code, tuple(_forms(code))) for code in sorted(_countries(office.person_list(), office))
        ),
    )


def _ways(prefixes: dict[str, str]) -> Iterator[Way]:
    """Of patterns of one length Asterisk takes the one with the longest prefix."""
    for prefix, trunk in prefixes.items():
        for count in range(max(SHORTEST, len(prefix) - 1), LONGEST + 1):
            yield Way(f"_{prefix}{digits(count - len(prefix) + 1)}", trunk)


def _countries(people: Iterable[Person], office: OfficeFile) -> set[str]:
    return {office.offices[person.office].country for person in people if person.devices}


def _forms(country: str) -> Iterator[Form]:
    """With the prefix for calls abroad (`00` everywhere, `810` in RU), and as people dial at home."""
    metadata = PhoneMetadata.metadata_for_region(country)
    own = (metadata and metadata.international_prefix) or _ABROAD  # a regular expression in some countries
    for prefix in sorted({_ABROAD, own} if own.isdecimal() else {_ABROAD}):
        for count in range(SHORTEST, LONGEST + 1):
            yield Form(f"_{prefix}{digits(count)}", "+", len(prefix))
    if metadata is None or metadata.general_desc is None:
        return
    code = country_code_for_region(country)
    national = metadata.national_prefix or ""
    for count in metadata.general_desc.possible_length:
        whole = len(str(code)) + count
        if SHORTEST <= whole <= LONGEST and len(national) + count >= SHORTEST:
            yield Form(f"_{national}{digits(count)}", f"+{code}", len(national))
