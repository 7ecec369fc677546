"""What some events of the stream were about: enough to tell which parts of a screen they concern."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from crm_core.live.model import (
    LiveAgent,
    LiveCall,
    LiveEvent,
    LiveHealth,
    LiveQueue,
    LiveRecording,
    LiveTouch,
)
from crm_core.live.seats import involved
from crm_core.live.stream import NumberedEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """A thing that pages read again from the database, by the name pages call it: `missed`, `note-<call>`."""

    name: str
    number: int
    by: NumberedEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """The gist of some events. *people*: agents, and whoever has or had part in a call, by name."""

    calls: frozenset[UUID]
    people: frozenset[str]
    agents: frozenset[str]
    queues: frozenset[str]
    health: bool
    touches: tuple[Touch, ...]


def news_of(events: Iterable[NumberedEvent]) -> News:
    """The gist of *events*."""
    calls, people, agents, queues = set[UUID](), set[str](), set[str](), set[str]()
    health, touches = False, list[Touch]()
    for numbered in events:
        event, item = numbered.event, numbered.event.after
        if isinstance(item, LiveCall):
            calls.add(item.id)
            people |= involved(item)
            if isinstance(event.before, LiveCall):
                people |= involved(event.before)
        elif isinstance(item, LiveAgent):
            agents.add(item.name)
        elif isinstance(item, LiveQueue):
            queues.add(item.name)
        elif isinstance(item, LiveHealth):
            health = True
        number = int(numbered.id.rpartition("-")[2])
        touches += (Touch(name=name, number=number, by=numbered) for name in touched(event))
    return News(
        calls=frozenset(calls),
        people=frozenset(people | agents),
        agents=frozenset(agents),
        queues=frozenset(queues),
        health=health,
        touches=tuple(touches),
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
