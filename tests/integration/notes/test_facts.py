"""A card's figures: of the card and of those that became part of it, for whom they are."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from crm_core.customers.model import NewCustomer
from crm_core.errors import NotFound
from crm_core.notes.facts import CardFacts
from crm_core.people.model import Reader
from tests.fakes.calls import missed_call
from tests.integration.notes.conftest import ADMIN, ANNA, AT, RASHID, Desk

pytestmark = pytest.mark.integration


async def facts_for(desk: Desk, reader: Reader, card: UUID) -> CardFacts:
    return (await desk.overviews.overview(reader, card)).facts


async def test_a_card_in_figures(desk: Desk) -> None:
    nothing = await facts_for(desk, ANNA, desk.marina)
    assert (nothing.calls, nothing.first_at, nothing.missed, nothing.step) == (0, None, 0, None)
    assert nothing.last_talk is None
    first, last = await desk.call(1), await desk.call(5)
    late = await desk.steps.add(ANNA, first.id, "Later", AT + timedelta(days=9))
    soon = await desk.steps.add(ANNA, last.id, "Soon", AT + timedelta(days=2))
    for minute in (10, 11):
        missed = missed_call(
            AT + timedelta(minutes=minute), from_number="+74955550142", customer_id=desk.marina
        )
        await desk.write(missed)
    facts = await facts_for(desk, ANNA, desk.marina)
    assert (facts.calls, facts.first_at, facts.missed) == (4, first.started_at, 2)
    assert facts.last_talk is not None, "the calls after it were missed"
    assert (facts.last_talk.at, facts.last_talk.agent) == (last.started_at, last.agent)
    assert facts.step is not None
    assert facts.step.id == soon.id
    await desk.steps.done(ANNA, soon.id)
    after = (await facts_for(desk, ADMIN, desk.marina)).step
    assert after is not None
    assert after.id == late.id
    desk.clock.advance(31 * 86400)  # no work any more
    assert (await facts_for(desk, ANNA, desk.marina)).missed == 0


async def test_figures_of_a_card_that_may_not_be_seen_are_not_there(desk: Desk) -> None:
    with pytest.raises(NotFound):
        await facts_for(desk, RASHID, desk.marina)
    await desk.call(1, agent="rashid")  # met in a call
    assert (await facts_for(desk, RASHID, desk.marina)).calls == 1


async def test_a_shared_numbers_missed_calls_belong_to_the_card_they_name(desk: Desk) -> None:
    other = await desk.customers.create(
        ADMIN, NewCustomer(title="Marina's son", phones=("+74955550142",), shared=True)
    )
    call = missed_call(AT + timedelta(minutes=1), from_number="+74955550142", customer_id=other.id)
    await desk.write(call)
    assert (await facts_for(desk, ADMIN, other.id)).missed == 1
    assert (await facts_for(desk, ADMIN, desk.marina)).missed == 0
