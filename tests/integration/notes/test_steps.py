"""Next steps: one open line for each call and agent, seen by those it concerns."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from crm_core.errors import BadInput, Conflict, NotFound
from crm_core.ids import new_id
from crm_core.notes.events import NextStepChanged
from tests.integration.notes.conftest import ADMIN, ANNA, AT, CHIEF_OF_BAKU, ELENA, RASHID, VIKTOR, Desk

pytestmark = pytest.mark.integration

TOMORROW = AT + timedelta(days=1)


async def test_a_step_is_planned_changed_and_done(desk: Desk) -> None:
    call = await desk.call()
    step = await desk.steps.add(ANNA, call.id, " send the\ncatalogue ", TOMORROW)
    assert (step.text, step.due_at, step.agent, step.customer_id, step.version) == (
        "send the catalogue",
        TOMORROW,
        "anna",
        desk.marina,
        1,
    )
    assert await desk.steps.add(ANNA, call.id, "send the catalogue", TOMORROW) == step
    later = TOMORROW + timedelta(hours=1)
    changed = await desk.steps.change(ANNA, step.id, "send two catalogues", later, 1)
    assert (changed.text, changed.due_at, changed.version) == ("send two catalogues", later, 2)
    assert await desk.steps.list_open(ANNA, "anna") == (changed,)
    desk.clock.advance(60)
    done = await desk.steps.done(ANNA, step.id)
    assert (done.done_at, done.version) == (desk.clock.now(), 3)
    desk.clock.advance(60)
    assert await desk.steps.done(ANNA, step.id) == done
    assert await desk.steps.list_open(ANNA, "anna") == ()
    assert await desk.steps.of_call(ANNA, call.id) == (done,)
    said = await desk.events(NextStepChanged)
    assert [(event.step_id, event.version, event.done) for event in said] == [
        (step.id, 1, False),
        (step.id, 2, False),
        (step.id, 3, True),
    ]
    assert await desk.rows("SELECT 1 FROM outbox WHERE body::text LIKE '%catalogue%'") == []


async def test_one_is_open_for_each_call_and_agent(desk: Desk) -> None:
    call = await desk.call()
    first, second = await asyncio.gather(
        desk.steps.add(ANNA, call.id, "one", TOMORROW),
        desk.steps.add(ANNA, call.id, "other", TOMORROW),
        return_exceptions=True,
    )
    assert [type(one).__name__ for one in sorted((first, second), key=lambda one: type(one).__name__)] == [
        "Conflict",
        "NextStep",
    ]
    [step] = await desk.steps.list_open(ANNA, "anna")
    with pytest.raises(Conflict) as refused:
        await desk.steps.add(ANNA, call.id, "a third", TOMORROW)
    assert refused.value.code == "step_open"
    await desk.steps.add(VIKTOR, call.id, "ask Anna", TOMORROW)
    await desk.steps.done(ANNA, step.id)
    await desk.steps.add(ANNA, call.id, "a third", TOMORROW)


async def test_what_was_changed_elsewhere_is_not_written_over(desk: Desk) -> None:
    call = await desk.call()
    step = await desk.steps.add(ANNA, call.id, "send the catalogue", TOMORROW)
    mine = await desk.steps.change(ANNA, step.id, "send two", TOMORROW, step.version)
    with pytest.raises(Conflict):
        await desk.steps.change(ANNA, step.id, "send three", TOMORROW, step.version)
    assert await desk.steps.change(ANNA, step.id, "send two", TOMORROW, step.version) == mine
    await desk.steps.done(ANNA, step.id)
    with pytest.raises(Conflict):
        await desk.steps.change(ANNA, step.id, "send three", TOMORROW, 3)


async def test_bad_steps_are_refused(desk: Desk) -> None:
    call = await desk.call()
    bad = [("", TOMORROW), ("x" * 201, TOMORROW), ("a\0", TOMORROW), ("ok", datetime(2026, 3, 3))]  # noqa: DTZ001
    for text, due_at in bad:
        with pytest.raises(BadInput):
            await desk.steps.add(ANNA, call.id, text, due_at)
    assert await desk.rows("SELECT count(*) FROM next_steps") == [(0,)]


async def test_whose_steps_are_seen_and_changed(desk: Desk) -> None:
    call = await desk.call()
    step = await desk.steps.add(ANNA, call.id, "send the catalogue", TOMORROW)
    for reader in (ANNA, VIKTOR, ADMIN):
        assert await desk.steps.list_open(reader, "anna") == (step,)
        assert await desk.steps.of_call(reader, call.id) == (step,)
    for stranger in (ELENA, RASHID, CHIEF_OF_BAKU):
        assert await desk.steps.list_open(stranger, "anna") == ()
        assert await desk.steps.of_call(stranger, call.id) == ()
        with pytest.raises(NotFound):
            await desk.steps.add(stranger, call.id, "mine?", TOMORROW)
        with pytest.raises(NotFound):
            await desk.steps.change(stranger, step.id, "mine?", TOMORROW, 1)
        with pytest.raises(NotFound):
            await desk.steps.done(stranger, step.id)
    with pytest.raises(NotFound):
        await desk.steps.done(ADMIN, new_id())
    assert (await desk.steps.change(VIKTOR, step.id, "send it", TOMORROW, 1)).agent == "anna"


async def test_the_most_urgent_comes_first(desk: Desk) -> None:
    for hours in (5, 1, 3):
        call = await desk.call(hours)
        await desk.steps.add(ANNA, call.id, f"in {hours}", AT + timedelta(hours=hours))
    assert [step.text for step in await desk.steps.list_open(ANNA, "anna")] == ["in 1", "in 3", "in 5"]
    assert [step.text for step in await desk.steps.list_open(ANNA, "anna", limit=1)] == ["in 1"]
