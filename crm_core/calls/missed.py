"""Missed calls as work to be done: one line for each number that rang and reached nobody since.

A missed call is one from outside that ended without an agent's answer. What the office turned away on
purpose (blocked) is none; a call that the PBX lost while nobody had it is one. It is open until the number
and the office talk: a later call of either side is answered, or a person says that it is done. So which calls
are open is a plain function of what is known of a number's calls, whatever the order in which it came to be
known. Withheld callers have no line: nobody could ring them back.

Pure; times are aware UTC.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

import phonenumbers

from crm_core.calls.model import Call, CallState, Direction, Outcome
from crm_core.phone_number import to_e164

MISSED_OUTCOMES = (
    Outcome.ABANDONED,
    Outcome.OVERFLOW,
    Outcome.VOICEMAIL,
    Outcome.FAILED,
    Outcome.PBX_LOST,
)
_SHORTEST = 7  # digits of a number of the world outside; fewer are an extension or a service


class Whose(StrEnum):
    """Which part of the list is asked for; no line is in both."""

    MINE = "mine"  # rang at the reader and was not taken, or of a card the reader owns
    SHARED = "shared"  # all others the reader may see: own queues, the office


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedCall:
    """One call nobody answered, with what its line needs of it."""

    call_id: UUID
    pbx: str
    number: str  # E.164
    started_at: datetime
    outcome: Outcome
    queue: str | None
    did: str | None
    customer_id: UUID | None
    offered: tuple[str, ...]  # agents whose devices rang for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is open of one number at one PBX."""

    calls: int  # 500 at most: see crm_core.calls.missed_store
    first_at: datetime
    last_at: datetime
    last_call_id: UUID
    last_outcome: Outcome
    queue: str | None  # of the last call that had one
    did: str | None
    customer_id: UUID | None
    queues: tuple[str, ...]
    dids: tuple[str, ...]
    offered: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedCount:
    """How many lines are open in each part of somebody's list."""

    mine: int
    shared: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedLine:
    """One line of the worklist as a person reads it. *id* stays that of the number for good."""

    id: UUID
    pbx: str
    number: str
    calls: int
    first_at: datetime
    last_at: datetime
    last_call_id: UUID
    last_outcome: Outcome
    queue: str | None
    did: str | None
    offered: tuple[str, ...]
    customer_id: UUID | None
    customer_title: str | None
    owner: str | None  # of the card, now
    done_by: str | None = None  # who said last, of earlier calls, that nothing more is to be done
    done_at: datetime | None = None


def matters(call: Call) -> bool:
    """Whether the state of *call* can open or close a line: it is over, or somebody answered it."""
    return call.state is CallState.ENDED or call.answered_at is not None


def numbers_of(call: Call, countries: Collection[str]) -> frozenset[str]:
    """The number of the other side of *call* in E.164; more when offices of *countries* read it differently.

    Numbers that agents dial stand in the call as they were dialled: `84955550142`, `0125550142`.
    """
    if call.direction is Direction.IN:
        return frozenset() if call.from_number is None else frozenset({call.from_number})
    if call.to is None or sum(char.isdigit() for char in call.to) < _SHORTEST:
        return frozenset()
    return _readings(call.to, tuple(sorted(countries)))


@lru_cache(maxsize=1000)
def _readings(text: str, countries: tuple[str, ...]) -> frozenset[str]:
    read = {to_e164(text, country=country) for country in countries or ("ZZ",)}
    return frozenset(number for number in read if number is not None)


def spellings(e164: str, countries: Collection[str]) -> frozenset[str]:
    """How *e164* may have been dialled from offices of *countries*: the inverse of `numbers_of`."""
    return _spellings(e164, tuple(sorted(countries)))


@lru_cache(maxsize=1000)
def _spellings(e164: str, countries: tuple[str, ...]) -> frozenset[str]:
    forms = {e164, e164[1:], f"00{e164[1:]}"}
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return frozenset(forms)
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(number.country_code or 0, ())
    if any(region in countries for region in regions):
        national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
        forms.add("".join(char for char in national if char.isdigit()))
        forms.add(phonenumbers.national_significant_number(number))
    return frozenset(forms)


def standings(
    missed: Iterable[MissedCall], done_until: Mapping[tuple[str, str], datetime]
) -> dict[tuple[str, str], Standing]:
    """What is open by PBX and number. *missed*: calls since the number was last talked with.

    *done_until*: up to where a person said that it is done; calls begun later are new.
    """
    by_line: dict[tuple[str, str], list[MissedCall]] = {}
    for call in missed:
        key = (call.pbx, call.number)
        until = done_until.get(key)
        if until is None or call.started_at > until:
            by_line.setdefault(key, []).append(call)
    return {key: _standing(calls) for key, calls in by_line.items()}


def _standing(calls: list[MissedCall]) -> Standing:
    calls = sorted(calls, key=lambda call: (call.started_at, call.call_id), reverse=True)
    queues = [call.queue for call in calls if call.queue is not None]
    dids = [call.did for call in calls if call.did is not None]
    cards = [call.customer_id for call in calls if call.customer_id is not None]
    return Standing(
        calls=len(calls),
        first_at=calls[-1].started_at,
        last_at=calls[0].started_at,
        last_call_id=calls[0].call_id,
        last_outcome=calls[0].outcome,
        queue=queues[0] if queues else None,
        did=dids[0] if dids else None,
        customer_id=cards[0] if cards else None,
        queues=tuple(sorted(set(queues))),
        dids=tuple(sorted(set(dids))),
        offered=tuple(sorted({agent for call in calls for agent in call.offered})),
    )
