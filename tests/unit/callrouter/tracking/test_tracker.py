"""The tracker as its callers see it: the router's own facts, agents' legs, what it forgets, odd input."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from callrouter.reading import observations as seen
from callrouter.tracking import facts
from callrouter.tracking.shelves import MAX_ENDED
from callrouter.tracking.tracker import CallTracker, Item
from crm_core.calls.model import CallState, HangupBy, LegState, Offer, OfferState, Outcome
from crm_core.calls.settlement import Settlement
from crm_core.calls.trace import Code, line
from crm_core.ids import new_id
from tests.unit.callrouter.tracking.scene import CALL, OFFER, OTHER, UP, Scene, caller, device
from tests.unit.callrouter.tracking.streams import AT, OFFICE, STREAMS, recorded

pytestmark = pytest.mark.unit

CARD = UUID("0191c0de-0000-7000-8000-00000000000c")


def test_agi_may_be_the_first_to_know() -> None:
    scene = Scene()
    assert scene.arrived() == ["CallStarted"]
    call = scene.call
    assert (call.state, call.queue, call.did) == (CallState.ROUTING, "sales", "+74955550100")
    assert [leg.channel for leg in call.legs] == ["x-1.1"]
    assert scene.tell(seen.ChannelSeen(at=scene.tick(), channel=caller())) == ["CallChanged"]
    assert scene.tell(seen.ChannelSeen(at=scene.tick(), channel=caller())) == []
    assert scene.arrived() == []


def test_a_number_the_caller_hid_is_not_taken_from_before_the_dialplan_hid_it() -> None:
    scene = Scene()
    withheld = facts.Arrived(
        at=scene.tick(),
        call_id=CALL,
        uniqueid="x-1.1",
        channel_name="PJSIP/trunk-00000001",
        did="+74955550100",
        queue="sales",
        caller_raw="",
        caller_name="",
        direction="in",
    )
    # Newchannel, told late: the carrier's number is in it, the call id is not.
    scene.tell(withheld, seen.ChannelSeen(at=scene.tick(), channel=caller(call=None, context="cc-in-trunk")))
    assert (scene.call.from_raw, scene.call.legs[0].number) == ("", None)


def test_who_the_caller_is_may_come_late() -> None:
    scene = Scene()
    scene.talking()
    scene.gone(device("anna"), caller())
    known = facts.Identified(
        at=scene.tick(),
        call_id=CALL,
        e164="+79161234567",
        customer_id=CARD,
        title="ООО Ромашка",
        owner="anna",
    )
    assert scene.tell(known) == ["CallIdentified"]
    assert scene.tell(known) == []
    call = scene.call
    assert (call.customer_id, call.customer_title, call.owner, call.state) == (
        CARD,
        "ООО Ромашка",
        "anna",
        CallState.ENDED,
    )


def test_a_waiting_call_says_so_once_and_counts_from_its_start() -> None:
    scene = Scene()
    scene.arrived()
    assert scene.tell(facts.Waits(at=scene.tick(), call_id=CALL)) == ["CallWaiting"]
    assert scene.tell(facts.Waits(at=scene.tick(), call_id=CALL)) == []
    scene.offered()
    assert scene.state() is CallState.OFFERED
    scene.tell(
        facts.OfferMoved(at=scene.tick(), call_id=CALL, offer_id=OFFER, state=OfferState.WITHDRAWN),
        facts.Waits(at=scene.tick(), call_id=CALL),
    )
    assert scene.state() is CallState.WAITING
    assert scene.call.wait_s == 5.0


def test_trace_lines_are_kept_once_and_the_trackers_own_are_not_taken() -> None:
    scene = Scene()
    scene.arrived()
    why = line(AT, Code.CHOSEN_LEAST_LOADED, agent="anna", load=3.0)
    own = line(AT, Code.ANSWERED, agent="anna", seconds=1)
    scene.tell(facts.Traced(at=scene.tick(), call_id=CALL, lines=(why, own)))
    scene.tell(facts.Traced(at=scene.tick(), call_id=CALL, lines=(why,)))
    assert [one.code for one in scene.call.trace] == ["arrived", "chosen_least_loaded"]
    assert scene.tracker.oddities["a trace line that is the tracker's own"] == 1


def test_a_long_trace_keeps_its_beginning_and_its_end() -> None:
    scene = Scene()
    scene.arrived()
    for number in range(1000):
        waits = line(AT, Code.WAITS, queue="sales", n=number)
        scene.tell(facts.Traced(at=scene.tick(), call_id=CALL, lines=(waits,)))
    trace = scene.call.trace
    assert len(trace) == 200
    assert (trace[0].code, trace[1].values["n"], trace[-1].values["n"]) == ("arrived", 0, 999)


def test_facts_about_nobody_make_no_call() -> None:
    scene = Scene()
    scene.tell(facts.Waits(at=scene.tick(), call_id=CALL))
    assert list(scene.tracker.live_calls()) == []
    assert scene.tracker.oddities["a fact about a call we do not know"] == 1


def test_a_foreign_dialplans_channels_are_nobodys() -> None:
    scene = Scene()
    scene.bridged("b", caller(call=None), device("anna", call=None, state=UP))
    scene.gone(caller(call=None))
    assert scene.events == []
    assert not scene.tracker.agent_legs("anna").busy


def test_an_agents_legs_ring_talk_and_hold() -> None:
    scene = Scene()
    scene.arrived()
    anna = device("anna")
    scene.dialled(anna)
    assert scene.tracker.agent_legs("anna").ringing == (CALL,)
    scene.dial_ended(device("anna", state=UP), "ANSWER")
    scene.bridged("b", anna, caller(state=UP))
    assert scene.tracker.agent_legs("anna").talking == (CALL,)
    scene.tell(seen.HoldStarted(at=scene.tick(), channel=anna))
    assert scene.tracker.agent_legs("anna").held == (CALL,)
    own = device("anna", 7, call=OTHER, state=4)
    scene.tell(seen.ChannelSeen(at=scene.tick(), channel=own))
    legs = scene.tracker.agent_legs("anna")
    assert (legs.held, legs.talking) == ((CALL,), (OTHER,))
    scene.gone(anna, own)
    assert not scene.tracker.agent_legs("anna").busy


def test_a_masquerade_renames_a_leg_and_passing_names_are_not_taken() -> None:
    scene = Scene()
    scene.talking()
    for name in ("PJSIP/agent-anna-desk-00000002<MASQ>", "PJSIP/agent-boris-desk-00000009"):
        scene.tell(seen.ChannelRenamed(at=scene.tick(), uniqueid="x-1.2", name=name))
    leg = scene.call.legs[1]
    assert (leg.channel_name, leg.agent) == ("PJSIP/agent-boris-desk-00000009", "boris")


def test_a_blind_transfer_is_said_once_also_when_its_event_was_lost() -> None:
    step = seen.Step(
        at=AT, channel=caller(state=UP), step=seen.StepName.TRANSFERRED, values={"agent": "boris"}
    )
    gave = seen.BlindTransferred(
        at=AT,
        transferer=device("anna", state=UP),
        transferee=caller(state=UP),
        exten="102",
        success=True,
    )
    for items in ((gave, step), (step,), (step, gave), (gave, gave, step, step)):
        scene = Scene()
        scene.talking()
        said = scene.tell(*items)
        assert said.count("CallTransferred") == 1
        assert scene.state() is CallState.ROUTING
        lines = [one for one in scene.call.trace if one.code == "transferred_blind"]
        assert [one.values["target"] for one in lines] == ["boris"]


def test_a_transfer_that_failed_changes_nothing() -> None:
    scene = Scene()
    scene.talking()
    failed = seen.BlindTransferred(
        at=scene.tick(),
        transferer=device("anna", state=UP),
        transferee=None,
        exten="102",
        success=False,
    )
    assert scene.tell(failed) == []
    assert scene.state() is CallState.TALKING


def test_a_transfer_to_a_queue_makes_it_that_queues_call() -> None:
    scene = Scene()
    scene.talking()
    step = seen.Step(
        at=scene.tick(), channel=caller(state=UP), step=seen.StepName.TRANSFERRED, values={"queue": "sales"}
    )
    scene.tell(step)
    assert (scene.call.queue, scene.call.state) == ("sales", CallState.ROUTING)


def settlement(**changes: Any) -> Settlement:
    values: dict[str, Any] = {
        "call_id": CALL,
        "direction": "in",
        "from_raw": "+79161234567",
        "from_name": "",
        "to": None,
        "did": None,
        "queue": None,
        "started_at": AT,
        "answered_at": AT + timedelta(seconds=4),
        "ended_at": AT + timedelta(seconds=64),
        "talk_s": 60.0,
        "agent": "anna",
        "hangup_by": HangupBy.AGENT,
        "recorded_message": False,
        "legs": (),
    }
    return Settlement(**(values | changes))


def test_the_ledger_settles_ends_and_is_said_once() -> None:
    scene = Scene()
    scene.talking()
    word = facts.Settled(at=scene.tick(), call_id=CALL, settlement=settlement())
    assert scene.tell(word) == ["CallEnded", "CallSettled"]
    assert scene.tell(word) == []
    call = scene.call
    assert (call.settled, call.talk_s, call.wait_s, call.hangup_by) == (True, 60.0, 4.0, HangupBy.AGENT)
    assert all(leg.state is LegState.ENDED for leg in call.legs)
    assert not scene.tracker.agent_legs("anna").busy


def test_the_ledger_merges_what_ami_did_not() -> None:
    scene = Scene()
    scene.talking()
    scene.tell(seen.ChannelSeen(at=scene.tick(), channel=device("boris", 5, call=OTHER)))
    said = scene.tell(facts.Settled(at=scene.tick(), call_id=CALL, settlement=settlement(merged=(OTHER,))))
    assert "CallMerged" in said
    assert scene.tracker.call(OTHER) == scene.call


def test_ended_calls_are_dropped_and_late_items_make_no_new_call() -> None:
    scene = Scene()
    scene.talking()
    scene.gone(device("anna"), caller())
    scene.tick(290)
    scene.arrived(OTHER)
    assert scene.tracker.call(CALL) is not None
    scene.tick(301)
    scene.tell(seen.ChannelSeen(at=scene.at, channel=caller(OTHER, number=1)))
    assert scene.tracker.call(CALL) is None
    assert scene.gone(caller()) == []
    assert scene.tell(seen.ChannelSeen(at=scene.tick(), channel=caller(number=9))) == []
    assert scene.tracker.oddities["late for a call that is done"] > 0


def test_only_so_many_ended_calls_are_kept() -> None:
    scene = Scene()
    calls = [new_id() for _ in range(MAX_ENDED + 50)]
    for number, call in enumerate(calls):
        channel = caller(call, number=number + 10)
        scene.tell(seen.ChannelSeen(at=AT, channel=channel))
        scene.tell(seen.ChannelGone(at=AT, channel=channel, cause=16))
    kept = [call for call in calls if scene.tracker.call(call) is not None]
    assert kept == calls[50:]


def test_a_caller_who_gave_up_is_told_from_a_line_that_failed() -> None:
    for cause, outcome in ((127, Outcome.ABANDONED), (38, Outcome.FAILED)):
        scene = Scene()
        scene.arrived()
        scene.gone(caller(), cause=cause)
        assert scene.call.outcome is outcome


def test_an_overflow_the_router_decided_is_one() -> None:
    scene = Scene()
    scene.arrived()
    why = line(AT, Code.OVERFLOW_NO_AGENTS, queue="sales")
    scene.tell(facts.Traced(at=scene.tick(), call_id=CALL, lines=(why,)))
    scene.gone(caller())
    assert scene.call.outcome is Outcome.OVERFLOW


ODD = [item for name in STREAMS for item in recorded(name)][:400]


@st.composite
def odd_items(draw: st.DrawFn) -> Item:
    """A recorded item with its channels exchanged for others, at any time: nothing a switch would say."""
    item = draw(st.sampled_from(ODD))
    channels = [
        value
        for other in draw(st.lists(st.sampled_from(ODD), min_size=3, max_size=3))
        for value in (getattr(other, name) for name in other.__struct_fields__)
        if isinstance(value, seen.ChannelFacts)
    ]
    changes: dict[str, Any] = {
        name: draw(st.sampled_from(channels))
        for name in item.__struct_fields__
        if channels and isinstance(getattr(item, name), seen.ChannelFacts)
    }
    changes["at"] = AT + timedelta(seconds=draw(st.integers(-4000, 4000)))
    return replace(item, **changes)


@settings(max_examples=150, deadline=None)
@given(st.lists(odd_items(), max_size=40))
def test_nonsense_is_survived(items: list[Item]) -> None:
    tracker = CallTracker(OFFICE, "main")
    offer = Offer(id=OFFER, agent="anna", attempt=1, state=OfferState.RESERVED, ring_s=20, reserved_at=AT)
    for item in items:
        for event in tracker.apply(item):
            call = event.call
            assert min(call.wait_s, call.ring_s, call.talk_s) >= 0
            tracker.apply(facts.Offered(at=item.at, call_id=call.id, offer=offer))
    tracker.apply(seen.Snapshot(at=AT + timedelta(days=1), channels=()))
    assert list(tracker.live_calls()) == []
