"""Who may see what of the live feed: the matrix of `crm_core.permissions`, asked about live things.

A call belongs to the office whose number was dialled and to those of the agents in it. An agent sees
the calls they have part in now, calls that wait in their queues, agents and queues of their office.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

from msgspec.structs import replace

from crm_core.calls.model import CallState
from crm_core.live.directory import Directory
from crm_core.live.model import (
    Circle,
    Item,
    LiveAgent,
    LiveCall,
    LiveHealth,
    LiveQueue,
    LiveTouch,
)
from crm_core.people.model import Reader
from crm_core.permissions import Action, may, scope

T = TypeVar("T", bound=Item)


def sees(reader: Reader, item: Item, directory: Directory, about: LiveCall | Circle | None = None) -> bool:
    """Whether *reader* may see *item*; a recording is seen by whoever may read its call's (*about*), a
    touch told to its circle.
    """
    # That a part is down concerns everybody, and names nobody.
    return isinstance(item, LiveHealth) or belongs(reader, circles(item, directory, about))


def circles(item: Item, directory: Directory, about: LiveCall | Circle | None = None) -> tuple[Circle, ...]:
    """Who may see *item*: whoever belongs to any of these. Found once, it can be asked for many readers."""
    if isinstance(item, LiveCall):
        return _of_call(item, directory)
    if isinstance(item, LiveAgent):
        offices, agents = frozenset({item.office}), frozenset({item.name})
        return (Circle(action=Action.AGENTS_READ, offices=offices, agents=agents, team=item.team),)
    if isinstance(item, LiveQueue):
        offices = directory.offices_of_queue(item.name)
        members = frozenset(directory.members_of(item.name))
        return (Circle(action=Action.QUEUES_READ, offices=offices, agents=members),)
    if isinstance(item, LiveTouch):
        return (about,) if isinstance(about, Circle) else ()
    if not isinstance(about, LiveCall):
        return (Circle(action=Action.RECORDINGS_READ),)
    offices = _offices_of_call(about, directory)
    return (Circle(action=Action.RECORDINGS_READ, offices=offices, agents=about.parties),)


def belongs(reader: Reader, to: Collection[Circle]) -> bool:
    """Whether *reader* is in one of these circles."""
    return any(_in_circle(reader, circle) for circle in to)


def as_seen(reader: Reader, item: T, directory: Directory) -> T:
    """*item*, which *reader* may see, without the choices of cards that are not theirs to know."""
    if not isinstance(item, LiveCall) or not item.choices:
        return item
    seen = tuple(c for c in item.choices if sees_card(reader, c.office, c.owner, directory))
    return item if len(seen) == len(item.choices) else replace(item, choices=seen)


def sees_card(reader: Reader, office: str | None, owner: str | None, directory: Directory) -> bool:
    """Whether *reader* may see a card of *office* and *owner*."""
    person = directory.people.get(owner or "")
    team = person.team if person is not None else None
    owners = () if owner is None else (owner,)
    return may(reader, Action.CUSTOMERS_READ, office=office, team=team, agents=owners)


def _in_circle(reader: Reader, circle: Circle) -> bool:
    seen = scope(reader, circle.action)
    return (
        seen.all
        or seen.office in circle.offices
        or (seen.team is not None and seen.team == circle.team)
        or seen.person in circle.agents
    )


def _of_call(call: LiveCall, directory: Directory) -> tuple[Circle, ...]:
    offices = _offices_of_call(call, directory)
    found = (Circle(action=Action.CALLS_READ, offices=offices, agents=call.parties),)
    if call.state is not CallState.WAITING or call.queue is None:
        return found
    members = frozenset(directory.members_of(call.queue))
    return (*found, Circle(action=Action.CALLS_WAITING, offices=offices, agents=members))


def _offices_of_call(call: LiveCall, directory: Directory) -> frozenset[str]:
    """The office whose number was dialled and those of the agents in the call; else the queue's."""
    offices = {directory.office_of(agent) for agent in call.parties}
    offices.add(directory.office_of_number(call.did))
    known = frozenset(office for office in offices if office is not None)
    return known or directory.offices_of_queue(call.queue)
