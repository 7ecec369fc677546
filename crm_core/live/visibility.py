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
    LiveEvent,
    LiveHealth,
    LiveQueue,
    LiveTouch,
)
from crm_core.people.model import Reader
from crm_core.permissions import Action, may

T = TypeVar("T", bound=Item)


def sees(reader: Reader, item: Item, directory: Directory, about: LiveCall | Circle | None = None) -> bool:
    """Whether *reader* may see *item*; a recording is seen by whoever may read its call's (*about*), a
    touch told to its circle.
    """
    if isinstance(item, LiveHealth):
        return True  # that a part is down concerns everybody, and names nobody
    if isinstance(item, LiveCall):
        return _sees_call(reader, item, directory)
    if isinstance(item, LiveAgent):
        return may(reader, Action.AGENTS_READ, office=item.office, team=item.team, agents=(item.name,))
    if isinstance(item, LiveQueue):
        offices = directory.offices_of_queue(item.name)
        return _may_in(reader, Action.QUEUES_READ, offices, directory.members_of(item.name))
    if isinstance(item, LiveTouch):
        return isinstance(about, Circle) and _in_circle(reader, about)
    if not isinstance(about, LiveCall):
        return may(reader, Action.RECORDINGS_READ)
    return _may_in(reader, Action.RECORDINGS_READ, _offices_of_call(about, directory), about.parties)


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


def seen_change(reader: Reader, event: LiveEvent, directory: Directory) -> tuple[bool, bool]:
    """Whether *reader* saw what *event* changed before it, and sees it after."""
    before = event.before is not None and sees(reader, event.before, directory)
    return before, sees(reader, event.after, directory, event.about)


def _in_circle(reader: Reader, circle: Circle) -> bool:
    return any(
        may(reader, circle.action, office=office, team=circle.team, agents=circle.agents)
        for office in (circle.offices or (None,))
    )


def _sees_call(reader: Reader, call: LiveCall, directory: Directory) -> bool:
    offices = _offices_of_call(call, directory)
    if _may_in(reader, Action.CALLS_READ, offices, call.parties):
        return True
    waits = call.state is CallState.WAITING and call.queue is not None
    return waits and _may_in(reader, Action.CALLS_WAITING, offices, directory.members_of(call.queue))


def _may_in(reader: Reader, action: Action, offices: Collection[str], agents: Collection[str]) -> bool:
    if not offices:
        return may(reader, action, agents=agents)
    return any(may(reader, action, office=office, agents=agents) for office in offices)


def _offices_of_call(call: LiveCall, directory: Directory) -> frozenset[str]:
    """The office whose number was dialled and those of the agents in the call; else the queue's."""
    offices = {directory.office_of(agent) for agent in call.parties}
    offices.add(directory.office_of_number(call.did))
    known = frozenset(office for office in offices if office is not None)
    return known or directory.offices_of_queue(call.queue)
