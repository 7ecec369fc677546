"""The lists beside the call: missed calls, next steps, what the search found."""

from __future__ import annotations

from agent_ui.desk.calls import has_browser_phone
from agent_ui.desk.card_views import (
    FoundCard,
    FoundView,
    MissedListView,
    MissedView,
    TodoListView,
    TodoView,
)
from agent_ui.desk.reading import Asking
from agent_ui.desk.views import Party
from crm_core.calls.missed import MissedLine, Whose
from crm_core.customers.model import ContactKind, Customer

LONGEST_LIST = 30
LONGEST_ASKED = 100  # characters of what is looked for


async def missed_list(asking: Asking) -> MissedListView:
    """Missed calls that are still to be rung back."""
    services, reader = asking.services, asking.reader
    mine = await services.missed.missed(reader, Whose.MINE, limit=LONGEST_LIST)
    shared = await services.missed.missed(reader, Whose.SHARED, limit=LONGEST_LIST)
    return MissedListView(
        mine=tuple(_missed(line, asking) for line in mine),
        shared=tuple(_missed(line, asking) for line in shared),
    )


def _missed(line: MissedLine, asking: Asking) -> MissedView:
    me, titles = asking.reader.person, asking.titles
    return MissedView(
        id=line.id,
        party=Party(
            name=line.customer_title if line.customer_title != line.number else None, number=line.number
        ),
        card=line.customer_id,
        calls=line.calls,
        last_at=line.last_at,
        outcome=line.last_outcome.value,
        queue=titles.get(line.queue, line.queue) if line.queue is not None else None,
        owner=titles.get(line.owner, line.owner) if line.owner not in (None, me) else None,
        mine=me in line.offered,
        browser=has_browser_phone(asking.directory, me),
    )


async def todo_list(asking: Asking) -> TodoListView:
    """Next steps of the reader, the most urgent first."""
    me, now = asking.reader.person, asking.services.clock.now()
    steps = await asking.services.steps.list_open(asking.reader, me, limit=LONGEST_LIST)
    return TodoListView(
        steps=tuple(
            TodoView(
                id=step.id,
                text=step.text,
                due_at=step.due_at,
                late=step.due_at < now,
                card=step.customer_id,
            )
            for step in steps
        )
    )


async def found(asking: Asking, text: str) -> FoundView:
    """Cards for what was typed so far."""
    text = text.strip()[:LONGEST_ASKED]
    if not text:
        return FoundView(cards=(), asked=False)
    cards = await asking.services.customers.search(asking.reader, text)
    return FoundView(cards=tuple(_found(card, asking) for card in cards), asked=True)


def _found(card: Customer, asking: Asking) -> FoundCard:
    phones = [p.value for p in card.contact_points if p.kind is ContactKind.PHONE]
    me = asking.reader.person
    return FoundCard(
        id=card.id,
        title=card.title if card.title not in phones else None,
        number=phones[0] if phones else None,
        owner=asking.titles.get(card.owner, card.owner) if card.owner not in (None, me) else None,
        mine=card.owner == me,
    )
