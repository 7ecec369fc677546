"""A card as a desk shows it: whose time it is there, who may see it, and how often the database is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from crm_core.calls.merged_cards import CallsOfCards
from crm_core.customers.model import CustomerChange, NewCustomer
from crm_core.customers.service import CustomerService
from crm_core.errors import NotFound
from crm_core.ids import new_id
from crm_core.notes.cards import StepsOfCards
from crm_core.recordings.model import RecordingState
from tests.integration.notes.conftest import ADMIN, ANNA, AT, CHIEF_OF_BAKU, RASHID, VIKTOR, Desk

pytestmark = pytest.mark.integration


@contextmanager
def statements(desk: Desk) -> Iterator[list[str]]:
    """What the database is asked in the block."""
    asked: list[str] = []

    def keep(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    engine = desk.database._engine.sync_engine
    event.listen(engine, "before_cursor_execute", keep)
    yield asked
    event.remove(engine, "before_cursor_execute", keep)


async def test_a_card_is_shown_with_the_customers_time(desk: Desk) -> None:
    card = await desk.customers.get(ANNA, desk.marina)
    shown = (await desk.overviews.overview(ANNA, desk.marina)).details
    assert (shown.card, shown.timezone, shown.of_number) == (card, "Europe/Moscow", True)
    assert shown.local_time == desk.clock.now()
    assert str(shown.local_time.tzinfo) == "Europe/Moscow"
    await desk.customers.update(ADMIN, card.id, CustomerChange(phones=("+79165550142",)))
    await desk.rows("UPDATE customers SET office = 'baku' WHERE id = $1", card.id)
    unsure = (await desk.overviews.overview(CHIEF_OF_BAKU, card.id)).details
    assert (unsure.timezone, unsure.of_number) == ("Asia/Baku", False)
    await desk.rows("UPDATE customers SET office = NULL, owner = 'anna' WHERE id = $1", card.id)
    assert (await desk.overviews.overview(ADMIN, card.id)).details.timezone == "Europe/Moscow", "the reader's"


async def test_who_may_see_a_card_or_a_call_of_it_gets_it(desk: Desk) -> None:
    for reader in (ANNA, VIKTOR, ADMIN):
        assert (await desk.overviews.overview(reader, desk.marina)).details.card.id == desk.marina
    for reader in (RASHID, CHIEF_OF_BAKU):
        with pytest.raises(NotFound):
            await desk.overviews.overview(reader, desk.marina)
    # Their call is on the desk already, and not in the database yet.
    assert (await desk.overviews.overview(RASHID, desk.marina, met=True)).facts.calls == 0
    await desk.call(agent="rashid")
    for reader in (RASHID, CHIEF_OF_BAKU):
        assert (await desk.overviews.overview(reader, desk.marina)).facts.calls == 1
    for met in (False, True):
        with pytest.raises(NotFound):
            await desk.overviews.overview(ADMIN, new_id(), met=met)


async def test_a_call_that_became_part_of_another_shows_nobody_the_card(desk: Desk) -> None:
    kept, part = await desk.call(customer_id=None), await desk.call(agent="rashid")
    await desk.write(replace(part, merged_into=kept.id, outcome=None, legs=(), version=1))
    with pytest.raises(NotFound):
        await desk.overviews.overview(RASHID, desk.marina)


async def test_a_merged_cards_address_leads_to_all_of_the_kept_one(desk: Desk) -> None:
    cards = CustomerService(desk.database, desk.clock, followers=(CallsOfCards(), StepsOfCards()))
    double = await cards.create(ADMIN, NewCustomer(title="Marina again", phones=("+74955550190",)))
    await desk.call()
    await cards.merge(ADMIN, desk.marina, double.id)
    await desk.call(7, customer_id=double.id)  # comes late
    shown = await desk.overviews.overview(ANNA, double.id, history=50)
    assert (shown.details.card.id, shown.facts.calls) == (desk.marina, 2)
    phones = [point.value for point in shown.details.card.contact_points]
    assert phones == sorted(phones) and "+74955550190" in phones
    items, older = await desk.timelines.timeline(ANNA, desk.marina, limit=50)
    assert (shown.history, shown.older) == (items, older)


async def test_it_is_read_in_seven_statements_however_much_there_is(desk: Desk) -> None:
    for minute in range(5):
        call = await desk.call(minute)
        await desk.notes.save_note(ANNA, call.id, "Red kitchen", 0)
        await desk.steps.add(ANNA, call.id, "next", AT + timedelta(days=1))
        expected = await desk.recordings.expect(call)
        assert expected is not None
        await desk.recordings.settle(replace(expected, state=RecordingState.OK, path="a.wav"), call)
    with statements(desk) as asked:
        shown = await desk.overviews.overview(ANNA, desk.marina, history=20)
    assert len(asked) == 7 and len(shown.history) >= 10
    with statements(desk) as again:
        some = await desk.overviews.overview(ANNA, desk.marina, history=8)
    assert again == asked, "one text for any number of items: prepared once"
    assert (len(some.history), some.history) == (8, shown.history[:8]) and some.older is not None
    with statements(desk) as few:
        assert (await desk.overviews.overview(ANNA, desk.marina)).history == ()
    assert len(few) == 2
