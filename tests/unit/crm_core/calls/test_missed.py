"""Whose number a call concerns, however it was dialled, and what is open of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from crm_core.calls.missed import MissedCall, matters, numbers_of, spellings, standings
from crm_core.calls.model import CallState, Direction, Outcome
from tests.fakes.calls import answered_call, missed_call

pytestmark = pytest.mark.unit

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
COUNTRIES = ("AZ", "RU")
MOSCOW, BAKU = "+74955550142", "+994125550142"

DIALLED = [
    ("+74955550142", {MOSCOW}),
    ("84955550142", {MOSCOW}),
    ("0074955550142", {MOSCOW}),
    ("0125550142", {BAKU}),
    ("994125550142", {BAKU}),
    ("101", set()),
    ("112", set()),
    ("anna", set()),
    (None, set()),
]


@pytest.mark.parametrize("direction", [Direction.OUT, Direction.INTERNAL])
@pytest.mark.parametrize(("to", "found"), DIALLED)
def test_a_number_is_known_as_dialled(to: str | None, found: set[str], direction: Direction) -> None:
    call = answered_call(AT, to=to, direction=direction)
    read = numbers_of(call, COUNTRIES)
    # Offices of two countries may read one text as two numbers.
    assert found <= read if found else not read
    assert all(to in spellings(number, COUNTRIES) for number in found)


def test_who_rings_is_the_other_side() -> None:
    assert numbers_of(answered_call(AT, to="+74955550100"), COUNTRIES) == {MOSCOW}
    assert numbers_of(answered_call(AT, from_number=None), COUNTRIES) == frozenset()


def test_forms_of_elsewhere_are_none_of_ours() -> None:
    assert "84955550142" not in spellings(MOSCOW, ("AZ",))
    assert spellings("+0", COUNTRIES) == {"+0", "0", "000"}


def test_calls_under_way_decide_nothing() -> None:
    waiting = missed_call(AT, state=CallState.WAITING, outcome=None, ended_at=None)
    assert not matters(waiting)
    assert matters(missed_call(AT)) and matters(answered_call(AT))


def missed(minute: int, **changes: object) -> MissedCall:
    values: dict[str, object] = {
        "call_id": uuid4(),
        "pbx": "main",
        "number": MOSCOW,
        "started_at": AT + timedelta(minutes=minute),
        "outcome": Outcome.ABANDONED,
        "queue": "sales",
        "did": None,
        "customer_id": None,
        "offered": (),
    }
    return MissedCall(**(values | changes))  # type: ignore[arg-type]


def test_a_line_tells_of_all_its_calls() -> None:
    card = uuid4()
    calls = [
        missed(1, offered=("elena",), customer_id=card),
        missed(3, queue=None, outcome=Outcome.FAILED),
        missed(2, queue="support", offered=("anna", "elena")),
    ]
    [line] = standings(calls, {}).values()
    assert (line.calls, line.first_at, line.last_at) == (3, calls[0].started_at, calls[1].started_at)
    assert (line.last_call_id, line.last_outcome) == (calls[1].call_id, Outcome.FAILED)
    assert (line.queue, line.queues) == ("support", ("sales", "support"))
    assert (line.offered, line.customer_id) == (("anna", "elena"), card)


def test_what_is_done_stays_done_up_to_there() -> None:
    calls = [missed(1), missed(2), missed(3), missed(2, pbx="other")]
    lines = standings(calls, {("main", MOSCOW): calls[1].started_at})
    assert {key: line.calls for key, line in lines.items()} == {("main", MOSCOW): 1, ("other", MOSCOW): 1}
    assert standings(calls[:2], {("main", MOSCOW): calls[1].started_at}) == {}
