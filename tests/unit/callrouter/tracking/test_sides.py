"""Who has a call, who ended it, which of several is kept."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from callrouter.tracking.channel import Channel
from callrouter.tracking.sides import had_it, precedence, who_answered, who_ended, who_has_it
from crm_core.calls.model import HangupBy, LegRole
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.unit

AT = FakeClock().now()


def leg(number: int, role: LegRole = LegRole.AGENT, agent: str | None = None) -> Channel:
    made = Channel(f"cc-1795000000.{number}", AT)
    made.role, made.agent = role, agent
    return made


CALLER = leg(1, LegRole.CUSTOMER)
ANNA, BORIS = leg(2, agent="anna"), leg(3, agent="boris")


def test_in_an_internal_call_the_one_who_called_did_not_answer() -> None:
    assert who_answered({ANNA, BORIS}, [ANNA, BORIS], ANNA) == {BORIS}
    assert who_answered({ANNA, BORIS}, [CALLER, ANNA, BORIS], CALLER) == {ANNA, BORIS}


def test_the_last_one_made_has_the_call_unless_it_was_handed_over() -> None:
    assert who_has_it([ANNA, BORIS], ()) is BORIS
    assert who_has_it([ANNA, BORIS], {BORIS.uniqueid}) is ANNA
    assert who_has_it([ANNA], {ANNA.uniqueid}) is ANNA, "nobody took it"
    assert who_has_it([], ()) is None


@pytest.mark.parametrize(
    ("channel", "talked", "had"),
    [(CALLER, False, True), (ANNA, True, True), (ANNA, False, False), (BORIS, True, False)],
)
def test_who_had_the_call_at_its_end(channel: Channel, talked: bool, had: bool) -> None:
    assert had_it(channel, origin=CALLER, handed_over=(), agent="anna", talked=talked) is had


def test_whoever_handed_it_over_did_not_have_it() -> None:
    gave = {ANNA.uniqueid}
    assert not had_it(ANNA, origin=CALLER, handed_over=gave, agent="anna", talked=True)


def test_who_asked_first_ended_it() -> None:
    later = AT + timedelta(seconds=1)
    assert who_ended([(later, CALLER), (AT, ANNA)], CALLER, outgoing=False) is HangupBy.AGENT
    assert who_ended([(AT, CALLER), (later, ANNA)], CALLER, outgoing=False) is HangupBy.CALLER
    assert who_ended([(AT, ANNA)], ANNA, outgoing=False) is HangupBy.CALLER, "an agent who called a colleague"
    assert who_ended([], CALLER, outgoing=False) is None


def test_of_an_outgoing_call_the_agent_is_the_agent_and_the_customer_the_other_side() -> None:
    later = AT + timedelta(seconds=1)
    assert who_ended([(AT, ANNA), (later, CALLER)], ANNA, outgoing=True) is HangupBy.AGENT
    assert who_ended([(later, ANNA), (AT, CALLER)], ANNA, outgoing=True) is HangupBy.CALLER
    assert not had_it(CALLER, origin=ANNA, handed_over=(), agent="anna", talked=False), "called in vain"
    assert had_it(CALLER, origin=ANNA, handed_over=(), agent="anna", talked=True)


def test_the_call_with_the_world_outside_is_kept_then_the_older_one() -> None:
    one, other = UUID(int=1), UUID(int=2)
    assert precedence(True, (9, 9), other) < precedence(False, (1, 1), one)
    assert precedence(True, (1, 1), other) < precedence(True, (1, 2), one)
