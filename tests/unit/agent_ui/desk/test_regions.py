"""What the desk says of calls to somebody outside that came to nothing, and whom a choice is about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent_ui.desk.regions import chips, choices, focus, panel, pill
from agent_ui.desk.views import UnreachedView
from agent_ui.parties import Party
from crm_core.calls.events import CallChanged
from crm_core.calls.model import Call, CallState, Direction, LegRole, LegState, Outcome
from crm_core.customers.model import CardChoice
from crm_core.ids import new_id
from crm_core.live.projection import LiveState, Seed
from crm_core.presence.events import AgentStateChanged
from crm_core.presence.model import AgentState
from tests.fakes.calls import agent_leg
from tests.fakes.house import DIRECTORY, NOW, call, call_id, reader

pytestmark = pytest.mark.unit

ANNA = reader("anna")
CUSTOMER = "+74955550142"


def called(number: int = 1, cause: int | None = 17, **changes: Any) -> Call:
    """Anna called a customer, who was let go with *cause*."""
    mine = replace(agent_leg("anna", NOW), answered_at=None, state=LegState.ENDED)
    theirs = replace(mine, channel="c", role=LegRole.CUSTOMER, agent=None, cause=cause)
    values = {
        "direction": Direction.OUT,
        "state": CallState.ENDED,
        "outcome": Outcome.FAILED,
        "to": CUSTOMER,
        "agent": "anna",
        "legs": (mine, theirs),
        "version": 1,
    }
    return call(number, **(values | changes))


def shown_as(state: AgentState) -> AgentStateChanged:
    return AgentStateChanged(at=NOW, agent="anna", state=state, reason=None, since=NOW)


def house(*calls: Call) -> LiveState:
    state = LiveState(Seed(directory=DIRECTORY), NOW)
    for each in calls:
        state.apply(CallChanged(at=NOW, call=each))
    return state


@pytest.mark.parametrize(
    ("changes", "why", "given_up"),
    [
        ({"customer_title": "Maria"}, "the line is busy", False),
        ({"customer_title": "Maria", "cause": 19}, "no answer", False),
        ({"customer_title": "Maria", "cause": None}, None, False),
        ({"customer_title": "Maria", "outcome": Outcome.ABANDONED}, "the line is busy", True),
    ],
)
def test_why_a_customer_was_not_reached(changes: dict[str, Any], why: str | None, given_up: bool) -> None:
    shown = panel(house(called(**changes)), ANNA).unreached
    assert shown == UnreachedView(party=Party(name="Maria", number=CUSTOMER), why=why, given_up=given_up)


def test_it_is_said_until_its_result_is_or_something_newer_happened() -> None:
    assert panel(house(called(disposition="callback")), ANNA).unreached is None
    talked = call(2, state=CallState.ENDED, legs=(agent_leg("anna", NOW),), version=1)
    assert panel(house(called(), talked), ANNA).unreached is None
    assert panel(house(called()), reader("boris")).unreached is None


def test_the_desk_is_about_it_and_when_something_else_comes_it_waits_for_its_result() -> None:
    state = house(called())
    assert (focus(state, ANNA).call, chips(state, ANNA).chips) == (call_id(1), ())
    rings = call(2, state=CallState.TALKING, agent="anna", legs=(agent_leg("anna", NOW),), version=1)
    state = house(called(), rings)
    assert focus(state, ANNA).call == call_id(2)
    assert [chip.party.number for chip in chips(state, ANNA).chips] == [CUSTOMER]
    assert focus(house(called(disposition="callback")), ANNA).call is None


def test_a_wrap_up_is_of_the_talk_before_it() -> None:
    talked = call(2, state=CallState.ENDED, legs=(agent_leg("anna", NOW),), version=1)
    state = house(talked, called())
    assert panel(state, ANNA).unreached is not None
    state.apply(shown_as(AgentState.WRAP_UP))
    shown = panel(state, ANNA)
    assert shown.wrap is not None and (shown.wrap.call, shown.unreached) == (call_id(2), None)
    assert focus(state, ANNA).call == call_id(2)


def test_who_handed_a_call_over_stays_with_it_while_it_goes_on() -> None:
    mine = replace(agent_leg("anna", NOW), state=LegState.ENDED)
    handed = call(2, state=CallState.TALKING, agent="boris", legs=(mine, agent_leg("boris", NOW)), version=1)
    assert focus(house(handed), ANNA).call == call_id(2)


def test_who_calls_is_shown_as_calling_until_somebody_answers() -> None:
    rings = called(state=CallState.OFFERED, outcome=None, legs=(agent_leg("anna", NOW),))
    state = house(rings)
    state.apply(shown_as(AgentState.TALKING))
    assert pill(state, ANNA).calling
    assert not pill(state, reader("boris")).calling
    state.apply(CallChanged(at=NOW, call=replace(rings, answered_at=NOW, state=CallState.TALKING, version=2)))
    assert not pill(state, ANNA).calling


def test_of_an_outgoing_call_the_choice_is_about_the_number_called() -> None:
    card = CardChoice(customer_id=new_id(), title="Igor", owner="anna", office="moscow")
    going_on = called(state=CallState.OFFERED, outcome=None, choices=(card,))
    going_on = replace(going_on, legs=(replace(going_on.legs[0], state=LegState.RINGING),))
    shown = choices(house(going_on), ANNA)
    assert (shown.number, shown.outgoing, [one.title for one in shown.cards]) == (CUSTOMER, True, ["Igor"])
