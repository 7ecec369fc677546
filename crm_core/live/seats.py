"""What concerns one agent: the calls they have part in, those they left last, their talks of the day.

Kept beside the projection, so that a person's own screen is made without looking at everybody's calls.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from crm_core.calls.model import Direction
from crm_core.live.directory import Directory
from crm_core.live.model import LiveCall

_NONE = object()
LEFT_CALLS = 4  # of each agent: the one just ended, and earlier ones whose note may still be open


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """*agent* talked in a call, first *at* that moment: what the day's counts start from.

    *talk_s*: from the answer to the end, in seconds; None while it goes on.
    """

    call_id: UUID
    agent: str
    at: datetime
    talk_s: float | None = None


class Seat:
    """One agent's part of what happens."""

    __slots__ = ("calls", "day", "left", "talks")

    def __init__(self, day: date) -> None:
        self.calls: dict[UUID, LiveCall] = {}  # under way, oldest part first
        self.left: dict[UUID, LiveCall] = {}  # had a part in and left, the last one at the end
        self.talks: dict[UUID, float | None] = {}  # of *day*, with their seconds once they are over
        self.day = day


class Seats:
    """Seats of all agents of a directory. Every call is told to `follow` as it stands after each change."""

    def __init__(self, directory: Directory, now: datetime) -> None:
        self._directory = directory
        self._seats = {agent.name: Seat(directory.day_at(agent.office, now)) for agent in directory.agents}

    def calls(self, agent: str) -> tuple[LiveCall, ...]:
        """Calls that *agent* talks in, or is rung or offered for, in the order they came."""
        seat = self._seats.get(agent)
        return tuple(seat.calls.values()) if seat is not None else ()

    def left(self, agent: str) -> tuple[LiveCall, ...]:
        """The last calls that *agent* talked in, or made to the outside, and has left; the latest first."""
        seat = self._seats.get(agent)
        return tuple(reversed(seat.left.values())) if seat is not None else ()

    def talks(self, agent: str) -> int:
        """How many calls *agent* talked in since midnight of their office."""
        seat = self._seats.get(agent)
        return len(seat.talks) if seat is not None else 0

    def mean_talk_s(self, agent: str) -> float | None:
        """How long today's talks of *agent* were that are over; None before the first."""
        seat = self._seats.get(agent)
        lengths = [length for length in seat.talks.values() if length is not None] if seat is not None else []
        return round(sum(lengths) / len(lengths), 1) if lengths else None

    def seed(self, talks: Iterable[Talk]) -> None:
        """Count what was talked before the projection began."""
        for talk in talks:
            self._count(talk.agent, talk.call_id, talk, merged=False)

    def follow(self, before: LiveCall | None, after: LiveCall) -> frozenset[str]:
        """Take a change of a call; agents whose talks of the day are other ones now."""
        changed = set()
        for agent in involved(after) | (involved(before) if before is not None else frozenset()):
            seat = self._seats.get(agent)
            if seat is None:
                continue
            self._place(seat, agent, after)
            talk = _talk(after, agent)
            merged = after.merged_into is not None
            if (talk is not None or merged) and self._count(agent, after.id, talk, merged):
                changed.add(agent)
        return frozenset(changed)

    def roll(self, now: datetime) -> frozenset[str]:
        """Begin a new day where midnight of the office has passed; agents who had talked in the old one."""
        changed = set()
        for agent, seat in self._seats.items():
            today = self._day(agent, now)
            if today > seat.day:
                if seat.talks:
                    changed.add(agent)
                seat.day, seat.talks = today, {}
        return frozenset(changed)

    def _place(self, seat: Seat, agent: str, call: LiveCall) -> None:
        """Put *call* where it belongs on this seat: under way, left, or neither."""
        if agent in call.parties and not call.over:
            seat.calls[call.id] = call
            seat.left.pop(call.id, None)
            return
        seat.calls.pop(call.id, None)
        talked = any(leg.agent == agent and leg.answered_at for leg in call.legs)
        called = call.direction is Direction.OUT and call.begun_by == agent
        if not (talked or called) or call.merged_into is not None:
            seat.left.pop(call.id, None)
            return
        seat.left[call.id] = call  # one that was there keeps its place: being settled is no news of the seat
        if len(seat.left) > LEFT_CALLS:
            del seat.left[next(iter(seat.left))]

    def _count(self, agent: str, call_id: UUID, talk: Talk | None, merged: bool) -> bool:
        """Whether anything changed. A consult call that became part of another is none of its own."""
        seat = self._seats.get(agent)
        if seat is None:
            return False
        if merged:
            return seat.talks.pop(call_id, _NONE) is not _NONE
        if talk is None or self._day(agent, talk.at) != seat.day:
            return False
        before = seat.talks.get(call_id, _NONE)
        seat.talks[call_id] = talk.talk_s
        return before != talk.talk_s

    def _day(self, agent: str, moment: datetime) -> date:
        return self._directory.day_at(self._directory.office_of(agent), moment)


def _talk(call: LiveCall, agent: str) -> Talk | None:
    """What *agent* talked in *call*, over all their legs; None when they did not.

    Of a call to the outside a talk begins when the customer answers, however early the agent's phone was up.
    """
    outgoing = call.direction is Direction.OUT
    if outgoing and call.answered_at is None:
        return None
    first = call.answered_at if outgoing else None
    spans = [
        (max(leg.answered_at, first) if first is not None else leg.answered_at, leg.ended_at)
        for leg in call.legs
        if leg.agent == agent and leg.answered_at
    ]
    if not spans:
        return None
    lengths = [(end - begin).total_seconds() for begin, end in spans if end is not None]
    over = len(lengths) == len(spans)
    begun = min(begin for begin, _ in spans)
    return Talk(call_id=call.id, agent=agent, at=begun, talk_s=round(sum(lengths), 3) if over else None)


def involved(call: LiveCall) -> frozenset[str]:
    """Agents who have or had anything to do with *call*: their screens may show it differently now."""
    names = {leg.agent for leg in call.legs}
    names.add(call.agent)
    if call.offer is not None:
        names.add(call.offer.agent)
    return frozenset(name for name in names if name is not None)
