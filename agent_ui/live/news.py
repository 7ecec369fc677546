"""What some events of the stream were about: enough to tell which parts of a screen they concern."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from crm_core.live.directory import Directory
from crm_core.live.model import (
    Circle,
    LiveAgent,
    LiveCall,
    LiveEvent,
    LiveHealth,
    LiveQueue,
    LiveRecording,
    LiveTouch,
)
from crm_core.live.seats import involved
from crm_core.live.visibility import circles
from crm_core.people.model import Reader
from crm_core.permissions import Action, Scope, scope


class Touches:
    """What pages read again from the database, by the names pages have for it (`missed`, `note-<call>`), and
    who is told of which. A busy moment touches many things and all readers ask: each finds their own at once.
    """

    __slots__ = ("_of",)

    def __init__(self, told: Iterable[tuple[Circle, Collection[str]]]) -> None:
        self._of: dict[Action, _Told] = {}
        for circle, names in told:
            self._of.setdefault(circle.action, _Told()).add(circle, names)

    def of(self, reader: Reader) -> set[str]:
        """The names that *reader* is told."""
        found: set[str] = set()
        for action, names in self._of.items():
            found |= names.of(scope(reader, action))
        return found


class _Told:
    """Names by whom they are told to, of one action."""

    __slots__ = ("_all", "_offices", "_people", "_teams")

    def __init__(self) -> None:
        self._all: set[str] = set()
        self._offices: defaultdict[str | None, set[str]] = defaultdict(set)
        self._people: defaultdict[str | None, set[str]] = defaultdict(set)
        self._teams: defaultdict[str | None, set[str]] = defaultdict(set)

    def add(self, circle: Circle, names: Collection[str]) -> None:
        self._all.update(names)
        for office in circle.offices:
            self._offices[office].update(names)
        for person in circle.agents:
            self._people[person].update(names)
        if circle.team is not None:
            self._teams[circle.team].update(names)

    def of(self, seen: Scope) -> set[str]:
        if seen.all:
            return self._all
        nobody: set[str] = set()
        return (
            self._people.get(seen.person, nobody)
            | self._offices.get(seen.office, nobody)
            | self._teams.get(seen.team, nobody)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """The gist of some events. *people*: agents, and whoever has or had part in a call, by name."""

    calls: frozenset[UUID]
    people: frozenset[str]
    agents: frozenset[str]
    queues: frozenset[str]
    health: bool
    touches: Touches


@dataclass(frozen=True, slots=True, kw_only=True)
class Gist:
    """What one event was about; what it touches, and who is told."""

    call: UUID | None = None
    people: frozenset[str] = frozenset()
    agent: str | None = None
    queue: str | None = None
    health: bool = False
    touched: tuple[str, ...] = ()
    circles: tuple[Circle, ...] = ()


def gist_of(event: LiveEvent, directory: Directory) -> Gist:
    """The gist of *event*."""
    item, touches = event.after, touched(event)
    to = circles(item, directory, event.about) if touches else ()
    if isinstance(item, LiveCall):
        people = involved(item)
        if isinstance(event.before, LiveCall):
            people |= involved(event.before)
        return Gist(call=item.id, people=people, touched=touches, circles=to)
    if isinstance(item, LiveAgent):
        return Gist(agent=item.name, people=frozenset({item.name}))
    if isinstance(item, LiveQueue):
        return Gist(queue=item.name)
    return Gist(health=isinstance(item, LiveHealth), touched=touches, circles=to)


def news_of(gists: Collection[Gist]) -> News:
    """The gist of many events, of those of each."""
    return News(
        calls=frozenset(gist.call for gist in gists if gist.call is not None),
        people=frozenset().union(*(gist.people for gist in gists)),
        agents=frozenset(gist.agent for gist in gists if gist.agent is not None),
        queues=frozenset(gist.queue for gist in gists if gist.queue is not None),
        health=any(gist.health for gist in gists),
        touches=Touches((circle, gist.touched) for gist in gists for circle in gist.circles),
    )


def touched(event: LiveEvent) -> tuple[str, ...]:
    """What *event* makes pages read again. A call or a recording is part of its card's history."""
    item = event.after
    if isinstance(item, LiveTouch):
        return (item.thing if item.id is None else f"{item.thing}-{item.id}",)
    call = event.about if isinstance(item, LiveRecording) else item
    if not isinstance(call, LiveCall):
        return ()
    if isinstance(item, LiveCall) and event.before is not None and _lasting(event.before) == _lasting(item):
        return ()
    return tuple(f"{what}-{id}" for what, id in (("call", call.id), ("history", call.customer_id)) if id)


def _lasting(call: object) -> object:
    """What a history shows of a call."""
    assert isinstance(call, LiveCall)
    return call.over, call.settled, call.disposition, call.customer_id, call.outcome
