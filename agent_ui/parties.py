"""The other side of a call: whom somebody talks or talked with, everywhere called the same."""

from __future__ import annotations

from dataclasses import dataclass

from crm_core.calls.lines import CallLine
from crm_core.calls.model import Call, Direction, LegState
from crm_core.live.directory import Directory
from crm_core.live.model import LiveCall
from crm_core.phone_number import CallerKind, parse_caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """*name*: of the card or the colleague; *number*: E.164 or an extension. Neither: withheld."""

    name: str | None
    number: str | None


def party_of(call: LiveCall, directory: Directory, me: str | None = None) -> Party:
    """The other side of *call* for the agent *me*; None: for somebody who has no part in it."""
    if call.direction is Direction.INTERNAL:
        return _colleague(call, directory, me)
    return _customer(call)


def written_party(call: Call | CallLine, directory: Directory) -> Party:
    """The other side of a call of the journal. Of one between colleagues: who dialled, and whom."""
    if call.direction is Direction.INTERNAL:
        people = directory.people.values()
        caller = next((one.title for one in people if one.extension == call.from_number), None)
        return Party(name=caller or call.from_name or None, number=call.to)
    return _customer(call)


def _customer(call: LiveCall | Call | CallLine) -> Party:
    """Who called from outside, or was called there. A title that is just the number is no name."""
    number = call.from_number if call.direction is Direction.IN else call.to
    title = call.customer_title if call.customer_title != number else None
    said = _said(call.from_name) if call.direction is Direction.IN else None
    return Party(name=title or said, number=number)


def _said(name: str) -> str | None:
    """What a caller's telephone said of them. "Anonymous" and its like say that they do not want to."""
    withheld = parse_caller(name, country="").kind is CallerKind.WITHHELD
    return None if withheld else name


def _colleague(call: LiveCall, directory: Directory, me: str | None) -> Party:
    """The other one: of several, who has not left."""
    legs = sorted(call.legs, key=lambda leg: leg.state is LegState.ENDED)
    names = [leg.agent for leg in legs if leg.agent not in (None, me)]
    if call.offer is not None and call.offer.agent != me:
        names.append(call.offer.agent)
    if not names:
        return Party(name=call.from_name or None, number=call.to)
    other = names[0] or ""
    person = directory.people.get(other)
    number = person.extension if person is not None else None
    return Party(name=directory.titles.get(other, other), number=number or call.to)
