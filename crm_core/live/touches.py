"""Which changes of what only the database has are told to screens, and to whom: ids, never the thing."""

from __future__ import annotations

from collections.abc import Iterable

from crm_core.bus.event import Event
from crm_core.calls.events import MissedChanged
from crm_core.customers.events import CustomerCreated, CustomerEvent, CustomerMerged
from crm_core.live.directory import Directory
from crm_core.live.model import Circle, LiveEvent, LiveTouch
from crm_core.notes.events import NextStepChanged, NoteSaved
from crm_core.permissions import Action


def touches(event: Event, directory: Directory) -> tuple[LiveEvent, ...]:
    """What screens read again because of *event*."""
    if isinstance(event, MissedChanged):
        mine = Circle(action=Action.CALLS_WAITING, agents=frozenset(event.agents))
        everybody = _missed(event, directory)
        # A whole queue hears of most lines; its screens take their time over these. The call itself was told
        # of before its line was written: a card that is open counted too few.
        return (
            _touched(LiveTouch(thing="missed"), mine),
            _touched(LiveTouch(thing="missed-shared"), everybody),
            *(_touched(LiveTouch(thing="history", id=card), everybody) for card in event.cards),
        )
    if isinstance(event, NoteSaved):
        # Of a card's history the words of others are read again when their call changes, not as they type.
        mine = Circle(action=Action.CALLS_WRITE, agents=frozenset({event.author}))
        return (_touched(LiveTouch(thing="note", id=event.call_id), mine),)
    if isinstance(event, NextStepChanged):
        mine = Circle(action=Action.CALLS_WRITE, agents=frozenset({event.agent}))
        told = [LiveTouch(thing="steps"), LiveTouch(thing="steps", id=event.call_id)]
        if event.customer_id is not None:
            told.append(LiveTouch(thing="history", id=event.customer_id))
        return tuple(_touched(touch, mine) for touch in told)
    if isinstance(event, CustomerEvent) and not isinstance(event, CustomerCreated):
        cards = [event.customer.id, *([event.dropped] if isinstance(event, CustomerMerged) else ())]
        circle = _card(event, directory)
        return tuple(_touched(LiveTouch(thing="card", id=card), circle) for card in cards)
    return ()


def _touched(touch: LiveTouch, circle: Circle) -> LiveEvent:
    return LiveEvent(name="touched", before=None, after=touch, about=circle)


def _missed(event: MissedChanged, directory: Directory) -> Circle:
    agents = frozenset(event.agents).union(*(directory.members_of(queue) for queue in event.queues))
    offices = _known((*event.offices, *map(directory.office_of, event.agents)))
    return Circle(action=Action.CALLS_WAITING, offices=offices, agents=agents)


def _card(event: CustomerEvent, directory: Directory) -> Circle:
    card = event.customer
    owner = directory.people.get(card.owner or "")
    return Circle(
        action=Action.CUSTOMERS_READ,
        offices=_known((card.office,)),
        agents=_known((card.owner,)),
        team=owner.team if owner is not None else None,
    )


def _known(names: Iterable[str | None]) -> frozenset[str]:
    return frozenset(name for name in names if name is not None)
