"""What the desk says of calls to somebody outside that came to nothing, and whom a choice is about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent_ui.desk.regions import chips, choices, panel
from agent_ui.desk.views import UnreachedView
from agent_ui.parties import Party
from crm_core.calls.events import CallChanged
from crm_core.calls.model import Call, CallState, Direction, LegRole, LegState, Outcome
from crm_core.customers.model import CardChoice
from crm_core.ids import new_id
from crm_core.live.projection import LiveState, Seed
from tests.fakes.calls import agent_leg
from tests.fakes.house import DIRECTORY, NOW, call, reader

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


def house(*calls: Call) -> LiveState:
    state = LiveState(Seed(directory=DIRECTORY), NOW)
    for each in calls:
        state.apply(CallChanged(at=NOW, call=each))
    return state


@pytest.mark.parametrize(
    ("changes", "why", "given_up"),
    [
        ({"customer_title": "Maria"}, "busy", False),
        ({"customer_title": "Maria", "cause": 19}, "no answer", False),
        ({"customer_title": "Maria", "cause": None}, None, False),
        ({"customer_title": "Maria", "outcome": Outcome.ABANDONED}, "busy", True),
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


def test_its_result_can_be_said_like_that_of_any_call() -> None:
    assert [chip.party.number for chip in chips(house(called()), ANNA).chips] == [CUSTOMER]


def test_of_an_outgoing_call_the_choice_is_about_the_number_called() -> None:
    card = CardChoice(customer_id=new_id(), title="Igor", owner="anna", office="moscow")
    going_on = called(state=CallState.OFFERED, outcome=None, choices=(card,))
    going_on = replace(going_on, legs=(replace(going_on.legs[0], state=LegState.RINGING),))
    shown = choices(house(going_on), ANNA)
    assert (shown.number, shown.outgoing, [one.title for one in shown.cards]) == (CUSTOMER, True, ["Igor"])
