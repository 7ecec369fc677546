"""What concerns one agent: calls under way, calls left, how many there were today."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from crm_core.calls.model import CallState, Direction, Leg, LegRole, LegState
from crm_core.live.model import LiveCall
from crm_core.live.seats import LEFT_CALLS, Seats, Talk, involved
from crm_core.live.shown import live_call
from tests.fakes.house import DIRECTORY, NOW, call, call_id

pytestmark = pytest.mark.unit


def leg(agent: str, state: LegState = LegState.UP, answered_at: datetime | None = NOW) -> Leg:
    return Leg(
        channel=f"{agent}{state}",
        channel_name="PJSIP/x-00000001",
        role=LegRole.AGENT,
        agent=agent,
        endpoint=None,
        number=None,
        state=state,
        started_at=NOW,
        answered_at=answered_at,
    )


def shown(number: int = 1, *legs: Leg, **changes: Any) -> LiveCall:
    return live_call(call(number, legs=legs, **{"state": CallState.TALKING, **changes}), NOW)


def ids(calls: tuple[LiveCall, ...]) -> list[int]:
    return [each.id.int & 0xFF for each in calls]


def test_a_call_is_under_way_for_its_parties_and_then_left() -> None:
    seats = Seats(DIRECTORY, NOW)
    talking = shown(1, leg("anna"))
    assert seats.follow(None, talking) == {"anna"}
    assert (ids(seats.calls("anna")), seats.talks("anna"), seats.left("anna")) == ([1], 1, ())
    over = shown(1, leg("anna", LegState.ENDED), state=CallState.ENDED)
    assert seats.follow(talking, over) == frozenset()
    assert (seats.calls("anna"), ids(seats.left("anna")), seats.talks("anna")) == ((), [1], 1)


def test_who_handed_a_call_over_has_left_it_while_it_goes_on() -> None:
    seats = Seats(DIRECTORY, NOW)
    handed = shown(1, leg("anna", LegState.ENDED), leg("boris"), agent="boris")
    seats.follow(None, handed)
    assert (ids(seats.left("anna")), ids(seats.calls("boris"))) == ([1], [1])
    assert involved(handed) == {"anna", "boris"}


def test_who_called_somebody_outside_in_vain_has_left_it_too() -> None:
    """What was tried is to be written down as well."""
    seats = Seats(DIRECTORY, NOW)
    mine = leg("anna", LegState.ENDED, answered_at=None)
    seats.follow(None, shown(1, mine, state=CallState.ENDED, direction=Direction.OUT))
    seats.follow(None, shown(2, mine, state=CallState.ENDED, direction=Direction.INTERNAL))
    assert (ids(seats.left("anna")), seats.talks("anna")) == ([1], 0)


def test_a_talk_with_somebody_outside_begins_when_they_answer() -> None:
    """The agent's own phone may have been rung first, and be up before."""
    seats = Seats(DIRECTORY, NOW)
    mine = replace(leg("anna", LegState.ENDED), ended_at=NOW + timedelta(seconds=40))
    values: dict[str, Any] = {"state": CallState.ENDED, "direction": Direction.OUT}
    seats.follow(None, shown(1, mine, **values))
    assert (ids(seats.left("anna")), seats.talks("anna")) == ([1], 0)
    seats.follow(None, shown(2, mine, **values, answered_at=NOW + timedelta(seconds=10)))
    assert (seats.talks("anna"), seats.mean_talk_s("anna")) == (1, 30.0)


def test_what_rang_and_was_not_answered_leaves_nothing() -> None:
    seats = Seats(DIRECTORY, NOW)
    ringing = shown(1, leg("anna", LegState.RINGING, None), state=CallState.OFFERED)
    seats.follow(None, ringing)
    assert ids(seats.calls("anna")) == [1]
    seats.follow(ringing, shown(1, leg("anna", LegState.ENDED, None), state=CallState.ENDED))
    assert (seats.calls("anna"), seats.left("anna"), seats.talks("anna")) == ((), (), 0)


def test_a_consult_call_that_became_part_of_another_is_none_of_its_own() -> None:
    seats = Seats(DIRECTORY, NOW)
    consult = shown(2, leg("anna"))
    seats.follow(None, consult)
    merged = shown(2, leg("anna", LegState.ENDED), merged_into=call_id(1))
    assert seats.follow(consult, merged) == {"anna"}
    assert (seats.talks("anna"), seats.left("anna")) == (0, ())


def test_only_the_last_calls_are_kept_and_news_of_one_keeps_its_place() -> None:
    seats = Seats(DIRECTORY, NOW)
    for number in range(1, LEFT_CALLS + 3):
        seats.follow(None, shown(number, leg("anna", LegState.ENDED), state=CallState.ENDED))
    assert ids(seats.left("anna")) == [6, 5, 4, 3]
    settled = shown(4, leg("anna", LegState.ENDED), state=CallState.ENDED, settled=True)
    seats.follow(settled, settled)
    assert ids(seats.left("anna")) == [6, 5, 4, 3]


def test_the_count_begins_anew_at_midnight_of_the_agents_office() -> None:
    seats = Seats(DIRECTORY, NOW)
    yesterday = NOW - timedelta(hours=13)
    talks = [
        Talk(call_id=call_id(1), agent="anna", at=NOW),
        Talk(call_id=call_id(1), agent="anna", at=NOW),
        Talk(call_id=call_id(2), agent="anna", at=yesterday),
        Talk(call_id=call_id(3), agent="nobody", at=NOW),
    ]
    seats.seed(talks)
    assert (seats.talks("anna"), seats.talks("nobody")) == (1, 0)
    moscow_midnight = NOW.replace(hour=21, minute=0)
    assert seats.roll(moscow_midnight - timedelta(seconds=1)) == frozenset()
    assert seats.roll(moscow_midnight) == {"anna"}
    assert seats.talks("anna") == 0
    assert seats.roll(moscow_midnight) == frozenset()


def test_of_somebody_without_a_seat_there_is_nothing() -> None:
    seats = Seats(DIRECTORY, NOW)
    assert seats.follow(None, shown(1, leg("oleg"))) == frozenset()
    assert (seats.calls("oleg"), seats.left("oleg"), seats.talks("oleg")) == ((), (), 0)


def test_the_mean_is_that_of_talks_that_are_over() -> None:
    seats = Seats(DIRECTORY, NOW)
    assert seats.mean_talk_s("anna") is None
    seats.seed([Talk(call_id=call_id(9), agent="anna", at=NOW, talk_s=30.0)])
    talking = shown(1, leg("anna"))
    seats.follow(None, talking)
    assert (seats.talks("anna"), seats.mean_talk_s("anna")) == (2, 30.0)
    ended = replace(leg("anna", LegState.ENDED), ended_at=NOW + timedelta(seconds=60))
    over = shown(1, ended, state=CallState.ENDED)
    assert seats.follow(talking, over) == {"anna"}
    assert seats.mean_talk_s("anna") == 45.0
    assert seats.follow(over, over) == frozenset()
    assert seats.roll(NOW + timedelta(days=1)) == {"anna"}
    assert seats.mean_talk_s("anna") is None
