"""Who may see what of the live feed. Deny by default: what no rule names is not shown.

Admins see everything. A supervisor sees the calls, agents and queues of the own office. An agent sees
the calls they have part in, calls that wait in their queues, and all agents of the own office.
"""

from __future__ import annotations

from crm_core.calls.model import CallState
from crm_core.live.directory import Directory
from crm_core.live.model import Item, LiveAgent, LiveCall, LiveEvent, LiveHealth, LiveQueue
from crm_core.people.model import Reader, Role


def sees(reader: Reader, item: Item, directory: Directory, about: LiveCall | None = None) -> bool:
    """Whether *reader* may see *item*; a recording is seen by whoever sees its call (*about*)."""
    if reader.role is Role.ADMIN or isinstance(item, LiveHealth):
        return True
    if isinstance(item, LiveCall):
        return _sees_call(reader, item, directory)
    if isinstance(item, LiveAgent):
        return item.name == reader.person or item.office == reader.office
    if isinstance(item, LiveQueue):
        if reader.role is Role.SUPERVISOR:
            return reader.office in directory.offices_of_queue(item.name)
        return item.name in directory.queues_of(reader.person)
    return about is not None and _sees_call(reader, about, directory)


def seen_change(reader: Reader, event: LiveEvent, directory: Directory) -> tuple[bool, bool]:
    """Whether *reader* saw what *event* changed before it, and sees it after."""
    before = event.before is not None and sees(reader, event.before, directory)
    return before, sees(reader, event.after, directory, event.about)


def _sees_call(reader: Reader, call: LiveCall, directory: Directory) -> bool:
    if reader.person in call.parties:
        return True
    if reader.role is Role.SUPERVISOR:
        return reader.office in _offices_of_call(call, directory)
    waits = call.state is CallState.WAITING and call.queue is not None
    return waits and call.queue in directory.queues_of(reader.person)


def _offices_of_call(call: LiveCall, directory: Directory) -> frozenset[str | None]:
    """The office whose number was dialled and those of the agents in the call; else the queue's."""
    offices = {directory.office_of(agent) for agent in call.parties}
    offices.add(directory.office_of_number(call.did))
    offices.discard(None)
    return frozenset(offices) or frozenset(directory.offices_of_queue(call.queue))
