"""The timeline of a card: everything once, newest first, for those who may see the card, by index."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event

from crm_core.calls.merged_cards import CallsOfCards
from crm_core.calls.missed import Whose
from crm_core.calls.missed_service import MissedService
from crm_core.calls.model import CallState, Outcome
from crm_core.customers.model import CustomerChange, NewCustomer
from crm_core.customers.service import CustomerService
from crm_core.errors import BadInput, NotFound
from crm_core.ids import new_id
from crm_core.notes.cards import StepsOfCards
from crm_core.notes.model import TimelineCall, TimelineChange, TimelineItem, TimelineKind, TimelineStep
from crm_core.people.model import Reader
from crm_core.recordings.model import RecordingState
from tests.fakes.calls import missed_call
from tests.integration.notes.conftest import ADMIN, ANNA, AT, CHIEF_OF_BAKU, ELENA, RASHID, VIKTOR, Desk

pytestmark = pytest.mark.integration


async def whole(
    desk: Desk, reader: Reader = ANNA, kinds: Sequence[TimelineKind] = (), *, limit: int = 200
) -> list[TimelineItem]:
    """All pieces, one after the other."""
    seen: list[TimelineItem] = []
    cursor: str | None = None
    while True:
        piece, cursor = await desk.timelines.timeline(reader, desk.marina, kinds, limit=limit, cursor=cursor)
        seen += piece
        if cursor is None:
            return seen
        assert len(piece) == limit


async def test_it_tells_of_calls_changes_and_steps(desk: Desk) -> None:
    call = await desk.call(1, agent="elena", queue="sales", talk_s=42.0)
    missed = missed_call(AT + timedelta(minutes=5), customer_id=desk.marina)
    await desk.write(missed)
    await desk.notes.save_note(ELENA, call.id, "Red kitchen", 0)
    await desk.notes.save_note(VIKTOR, call.id, "", 0)
    await desk.calls.set_disposition(ELENA, call.id, "thinking")
    step = await desk.steps.add(ELENA, call.id, "send the offer", AT + timedelta(days=1))
    desk.clock.advance(60)
    await desk.customers.update(ANNA, desk.marina, CustomerChange(title="Marina V."))
    change, planned, newer, older, made = await whole(desk)
    assert isinstance(change, TimelineChange)
    assert (change.actor, change.action, change.at) == ("anna", "customer.updated", desk.clock.now())
    assert (change.before, change.after) == ({"title": "Marina Volkova"}, {"title": "Marina V."})
    assert isinstance(planned, TimelineStep) and planned.step == step
    assert isinstance(newer, TimelineCall) and isinstance(older, TimelineCall)
    assert (newer.id, newer.outcome, newer.agent, newer.notes) == (missed.id, Outcome.ABANDONED, None, ())
    assert (older.id, older.outcome, older.agent, older.talk_s, older.state, older.disposition) == (
        call.id,
        Outcome.ANSWERED,
        "elena",
        42.0,
        CallState.ENDED,
        "thinking",
    )
    assert [(note.author, note.text, note.final) for note in older.notes] == [("elena", "Red kitchen", True)]
    assert isinstance(made, TimelineChange) and made.action == "customer.created"


async def test_pieces_are_whole_and_without_repeats_whatever_their_size(desk: Desk) -> None:
    dice = random.Random(3)
    for _ in range(12):
        call = await desk.call(dice.randrange(4))  # several at the same moment
        if dice.random() < 0.5:
            await desk.steps.add(ANNA, call.id, "next", AT)
        await desk.customers.update(ANNA, desk.marina, CustomerChange(title=f"Marina {dice.random()}"))
    everything = await whole(desk)
    keys = [(item.at, item.id) for item in everything]
    assert keys == sorted(set(keys), reverse=True)
    kinds = [type(item) for item in everything]
    assert kinds.count(TimelineCall) == 12 and kinds.count(TimelineChange) >= 12
    assert kinds.count(TimelineStep) == len(await desk.rows("SELECT id FROM next_steps"))
    for limit in (1, 2, 3, 7, len(everything)):
        assert await whole(desk, limit=limit) == everything


async def test_new_things_do_not_shift_the_pieces(desk: Desk) -> None:
    for minute in range(6):
        await desk.call(minute)
    first, cursor = await desk.timelines.timeline(ANNA, desk.marina, [TimelineKind.CALL], limit=3)
    await desk.call(10)
    rest, end = await desk.timelines.timeline(ANNA, desk.marina, [TimelineKind.CALL], limit=3, cursor=cursor)
    assert len({item.id for item in (*first, *rest)}) == 6 and end is None


async def test_it_is_narrowed_to_kinds(desk: Desk) -> None:
    call = await desk.call()
    await desk.steps.add(ANNA, call.id, "next", AT)
    await desk.customers.update(ANNA, desk.marina, CustomerChange(title="Marina V."))
    wanted = {
        TimelineKind.CALL: TimelineCall,
        TimelineKind.CHANGE: TimelineChange,
        TimelineKind.STEP: TimelineStep,
    }
    for kind, shape in wanted.items():
        assert {type(item) for item in await whole(desk, kinds=[kind])} == {shape}
    both = await whole(desk, kinds=[TimelineKind.CALL, TimelineKind.STEP])
    assert {type(item) for item in both} == {TimelineCall, TimelineStep}


async def recorded(desk: Desk, **changes: object) -> UUID:
    call = await desk.call(**changes)  # type: ignore[arg-type]
    expected = await desk.recordings.expect(call)
    assert expected is not None
    await desk.recordings.settle(replace(expected, state=RecordingState.OK, path="a.wav"), call)
    return call.id


async def test_who_sees_the_card_sees_that_colleagues_called_but_not_their_recordings(desk: Desk) -> None:
    mine, hers = await recorded(desk), await recorded(desk, minute=5, agent="elena")
    for reader, readable in ((ANNA, {mine}), (ELENA, {hers}), (VIKTOR, {mine, hers}), (ADMIN, {mine, hers})):
        shown = [item for item in await whole(desk, reader) if isinstance(item, TimelineCall)]
        assert {item.id for item in shown} == {mine, hers}
        assert {item.id for item in shown if item.readable} == readable
        assert {item.id for item in shown if item.recordings} == readable
    for stranger in (RASHID, CHIEF_OF_BAKU):
        with pytest.raises(NotFound):
            await whole(desk, stranger)
    with pytest.raises(NotFound):
        await desk.timelines.timeline(ADMIN, new_id())


async def test_who_answered_for_another_office_sees_the_card(desk: Desk) -> None:
    call = await desk.call(agent="rashid")
    [shown] = await whole(desk, RASHID, [TimelineKind.CALL])
    assert isinstance(shown, TimelineCall) and (shown.id, shown.readable) == (call.id, True)


async def test_a_foreign_cursor_is_refused(desk: Desk) -> None:
    with pytest.raises(BadInput):
        await desk.timelines.timeline(ANNA, desk.marina, cursor="rubbish")


async def test_a_call_that_became_part_of_another_is_not_shown_but_its_notes_are(desk: Desk) -> None:
    kept, part = await desk.call(), await desk.call()
    await desk.notes.save_note(ANNA, part.id, "of the question", 0)
    await desk.write(replace(part, merged_into=kept.id, outcome=None, legs=(), version=1))
    [shown] = await whole(desk, kinds=[TimelineKind.CALL])
    assert isinstance(shown, TimelineCall) and shown.id == kept.id
    assert [note.text for note in shown.notes] == ["of the question"]


async def test_of_cards_that_became_one_it_tells_both_stories(desk: Desk) -> None:
    cards = CustomerService(desk.database, desk.clock, followers=(CallsOfCards(), StepsOfCards()))
    double = await cards.create(ADMIN, NewCustomer(title="Marina again", phones=("+74955550190",)))
    mine, hers = await desk.call(), await desk.call(5, customer_id=double.id)
    step = await desk.steps.add(ANNA, hers.id, "next", AT)
    missed = missed_call(AT + timedelta(minutes=9), from_number="+74955550190", customer_id=double.id)
    await desk.write(missed)
    desk.clock.advance(60)
    await cards.merge(ADMIN, desk.marina, double.id)
    late = await desk.call(7, customer_id=double.id)
    items = await whole(desk)
    assert {item.id for item in items if isinstance(item, TimelineCall)} == {
        mine.id,
        hers.id,
        missed.id,
        late.id,
    }
    assert [item.step.customer_id for item in items if isinstance(item, TimelineStep)] == [desk.marina]
    told = {item.action for item in items if isinstance(item, TimelineChange)}
    assert told == {"customer.created", "customer.merged", "customer.dropped"}
    of_double, _ = await desk.timelines.timeline(ANNA, double.id, limit=200)
    assert list(of_double) == items
    [line] = await MissedService(desk.database, desk.clock).missed(ANNA, Whose.MINE)
    assert (line.customer_id, line.owner) == (desk.marina, "anna")
    assert (await desk.steps.of_call(ANNA, hers.id))[0].id == step.id


FILL = """
WITH made AS (
    SELECT n, CASE WHEN n % 400 = 0 THEN $1::uuid ELSE md5((n % 400)::text)::uuid END AS card
    FROM generate_series(1, 20000) AS n
), call AS (
    INSERT INTO calls (id, pbx, direction, state, from_raw, from_name, agents, customer_id, started_at,
        wait_s, ring_s, talk_s, trace, settled, version)
    SELECT gen_random_uuid(), 'main', 'in', 'ended', '', '', '{anna}', card,
        timestamptz '2026-01-01' + n * interval '1 minute', 0, 0, 0, '[]', true, 1 FROM made
    RETURNING id, started_at
), note AS (
    INSERT INTO notes (call_id, author, text, version, created_at, saved_at, corrected)
    SELECT id, 'anna', 'x', 1, started_at, started_at, false FROM call
), deed AS (
    INSERT INTO audit (id, at, actor, action, subject_kind, subject_id)
    SELECT gen_random_uuid(), now(), 'anna', 'customer.updated', 'customer', card::text FROM made
)
INSERT INTO next_steps (id, customer_id, call_id, agent, text, due_at, created_at, version)
SELECT gen_random_uuid(), card, gen_random_uuid(), 'anna', 'x', now(), now(), 1 FROM made"""
LARGE = ("calls", "notes", "audit", "next_steps")


async def test_a_piece_is_read_by_index(desk: Desk) -> None:
    """No statement of a card or its timeline reads a table as a whole, however many cards there are."""
    statements: list[tuple[str, tuple[Any, ...]]] = []

    def keep(_c: Any, _cursor: Any, statement: str, parameters: tuple[Any, ...], *_: Any) -> None:
        statements.append((statement, parameters))

    async with desk.database.hot(timeout_s=20) as connection:
        await connection.execute(FILL, desk.marina)
        await connection.execute(f"ANALYZE {', '.join(LARGE)}")
    event.listen(desk.database._engine.sync_engine, "before_cursor_execute", keep)
    first, cursor = await desk.timelines.timeline(ANNA, desk.marina, limit=20)
    await desk.timelines.timeline(ANNA, desk.marina, limit=20, cursor=cursor)
    calls, _ = await desk.timelines.timeline(ANNA, desk.marina, [TimelineKind.CALL], limit=20)
    assert (await desk.overviews.overview(ANNA, desk.marina)).facts.calls == 50
    assert len(first) == 20 and {type(item) for item in first} >= {TimelineChange}
    assert len(calls) == 20 and len(statements) == 14
    async with desk.database.hot(timeout_s=20) as connection:
        for statement, parameters in statements:
            plan = [row[0] for row in await connection.fetch(f"EXPLAIN {statement}", *parameters)]
            read_whole = [line for line in plan for name in LARGE if f"Seq Scan on {name}" in line]
            assert not read_whole, (statement, plan)
