"""Calls of agents to customers, as recorded from a real Asterisk: whose they are, and what each moment is."""

from __future__ import annotations

import pytest

from callrouter.reading.observations import (
    BridgeEntered,
    HangupAsked,
    LiveChannel,
    Observation,
    Snapshot,
    Step,
    StepName,
)
from callrouter.tracking.facts import Identified
from callrouter.tracking.tracker import CallTracker
from crm_core.calls.model import Call, CallState, Direction, LegRole, LegState
from crm_core.ids import new_id
from tests.unit.callrouter.tracking.streams import AT, BEAT, OFFICE, STREAMS, recorded
from tests.unit.callrouter.tracking.test_recorded import Told

pytestmark = pytest.mark.unit

CUSTOMER, SHOWN = "+74955550142", "+74955550100"
OUTSIDE = [name for name in STREAMS if name.startswith("walked_out")]


def until(name: str, kind: type[Observation], nth: int = 1) -> tuple[CallTracker, Call]:
    """The tracker, and its call, once it was told everything of *name* before the *nth* of *kind*."""
    items = recorded(name)
    places = [place for place, item in enumerate(items) if isinstance(item, kind)]
    tracker = CallTracker(OFFICE, "main")
    tracker.apply_all(items[: places[nth - 1]])
    (call,) = tracker.live_calls()
    return tracker, call


def test_there_are_streams() -> None:
    assert len(OUTSIDE) == 12


@pytest.mark.parametrize("name", OUTSIDE)
def test_from_whom_to_whom(name: str) -> None:
    call = Told(name).call
    assert (call.direction, call.from_number, call.from_name) == (Direction.OUT, "101", "Anna")
    assert (call.to, call.customer_number, call.did, call.queue) == (CUSTOMER, CUSTOMER, SHOWN, "sales")
    assert (call.legs[0].agent, call.legs[1].role) == ("anna", LegRole.CUSTOMER)


def test_it_rings_at_the_customers_and_is_the_agents_from_the_start() -> None:
    tracker, call = until("walked_out", BridgeEntered)
    assert (call.state, call.agent, call.answered_at) == (CallState.OFFERED, "anna", None)
    assert tracker.agent_legs("anna").talking == (call.id,)


@pytest.mark.parametrize("name", ["walked_out_busy", "walked_out_no_answer", "walked_out_given_up"])
def test_a_call_in_vain_rings_until_its_end(name: str) -> None:
    states = [event.call.state for event in Told(name).events]
    assert list(dict.fromkeys(states)) in (
        [CallState.NEW, CallState.OFFERED, CallState.ENDED],
        [CallState.OFFERED, CallState.ENDED],
    )


def test_it_talks_until_somebody_goes_and_does_not_ring_again_at_the_end() -> None:
    _, call = until("walked_out_customer_hangs_up", HangupAsked)
    assert (call.state, call.agent) == (CallState.TALKING, "anna")
    told = Told("walked_out")
    states = [event.call.state for event in told.events]
    assert states[states.index(CallState.TALKING) :].count(CallState.OFFERED) == 0
    assert told.said(told.call) == ["CallStarted", "CallAnswered", "CallEnded"]


def test_how_long_it_rang_and_talked() -> None:
    call = Told("walked_out").call
    assert call.answered_at is not None and call.talk_s > 0 and 0 < call.ring_s <= call.wait_s
    busy = Told("walked_out_busy").call
    assert busy.answered_at is None and busy.talk_s == 0
    assert [leg.state for leg in busy.legs] == [LegState.ENDED, LegState.ENDED]


def test_the_trace_speaks_of_a_customer_not_of_a_caller() -> None:
    lines = [(line.code, dict(line.values)) for line in Told("walked_out_customer_hangs_up").call.trace]
    assert lines[0] == ("called", {"agent": "anna", "to": CUSTOMER, "did": SHOWN})
    assert lines[1][0] == "reached"
    assert lines[-1] == ("ended_by", {"by": "customer"})


def test_the_card_is_the_customers_and_the_call_stays_from_the_extension() -> None:
    tracker, call = until("walked_out", BridgeEntered)
    card = new_id()
    tracker.apply(
        Identified(at=AT, call_id=call.id, e164=CUSTOMER, customer_id=card, title="Marina", owner="boris")
    )
    known = tracker.call(call.id)
    assert known is not None
    assert (known.customer_id, known.customer_title, known.owner) == (card, "Marina", "boris")
    assert known.from_number == "101"


@pytest.mark.parametrize("name", ["walked_out_blind_queue", "walked_out_blind_agent", "walked_out_attended"])
def test_a_colleague_gets_the_same_call(name: str) -> None:
    told = Told(name)
    transfers = [event for event in told.events if type(event).__name__ == "CallTransferred"]
    assert len(transfers) == 1
    talked = {leg.agent for leg in told.call.legs if leg.agent and leg.talk_s > 0}
    assert talked == {"anna", "boris"}


def test_whose_mark_was_missed_is_known_by_where_the_channel_stands() -> None:
    items = [item for item in recorded("walked_out") if not _is_arrival(item)]
    tracker = CallTracker(OFFICE, "main")
    events = tracker.apply_all(items)
    call = events[-1].call
    assert (call.direction, call.to, call.did, call.agent) == (Direction.OUT, CUSTOMER, SHOWN, "anna")
    assert (call.queue, call.trace[0].code) == ("sales", "called")


def test_a_router_that_was_away_finds_the_call_in_the_snapshot() -> None:
    items = recorded("walked_out")
    entered = [item for item in items if isinstance(item, BridgeEntered)]
    rows = tuple(
        LiveChannel(channel=item.channel, bridge=item.bridge, application="Dial", seconds=3)
        for item in entered
    )
    tracker = CallTracker(OFFICE, "main")
    tracker.apply(Snapshot(at=AT + 50 * BEAT, channels=rows))
    (call,) = tracker.live_calls()
    assert (call.direction, call.to, call.did) == (Direction.OUT, CUSTOMER, SHOWN)
    assert (call.state, call.agent) == (CallState.TALKING, "anna")


def _is_arrival(item: object) -> bool:
    return isinstance(item, Step) and item.step is StepName.ARRIVED
