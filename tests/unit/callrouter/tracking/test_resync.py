"""A snapshot is right whatever was thought; a boot ends what was before it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from callrouter.reading.observations import LiveChannel, PbxBooted, Snapshot
from callrouter.tracking.tracker import CallTracker
from crm_core.calls.model import CallState, HangupBy, LegState, OfferState, Outcome
from tests.unit.callrouter.tracking.scene import CALL, OFFER, OTHER, RINGING, UP, Scene, caller, device
from tests.unit.callrouter.tracking.streams import OFFICE, STREAMS, recorded

pytestmark = pytest.mark.unit


def test_channels_that_are_not_in_it_are_gone() -> None:
    scene = Scene()
    scene.talking()
    assert scene.snapshot((caller(state=UP), "b1", "Dial"), (device("anna", state=UP), "b1", "AppDial")) == []
    assert scene.state() is CallState.TALKING
    assert scene.snapshot() == ["CallEnded"]
    assert (scene.call.outcome, scene.call.talk_s > 0) == (Outcome.ANSWERED, True)
    assert not scene.tracker.agent_legs("anna").busy


def test_a_channel_seen_after_it_was_asked_for_is_left_alone() -> None:
    scene = Scene()
    asked = scene.tick()
    scene.arrived()
    assert scene.snapshot(at=asked) == []
    assert scene.state() is not CallState.ENDED


def test_a_new_worker_rebuilds_waiting_ringing_and_talking_calls() -> None:
    scene = Scene()
    scene.tell(
        Snapshot(at=scene.tick(), channels=(), waiting=())  # nothing known, nothing said
    )
    assert scene.events == []
    scene.snapshot((caller(context="cc-wait", state=UP), None, "MusicOnHold"))
    assert (scene.call.state, scene.call.wait_s) == (CallState.WAITING, 5.0)
    scene.snapshot((caller(), None, "Dial"), (device("anna", state=RINGING), None, "AppDial"))
    assert scene.state() is CallState.OFFERED
    assert scene.tracker.agent_legs("anna").ringing == (CALL,)
    scene.snapshot((caller(state=UP), "b", "Dial"), (device("anna", state=UP), "b", "AppDial"))
    assert (scene.call.state, scene.call.agent) == (CallState.TALKING, "anna")
    assert scene.tracker.agent_legs("anna").talking == (CALL,)


def test_callers_in_the_nets_queue_wait_also_without_a_context_that_says_so() -> None:
    scene = Scene()
    row = caller(context="other", state=UP)
    scene.snapshot((row, None, "Queue"))
    assert scene.state() is CallState.ROUTING
    standing = LiveChannel(channel=row, bridge=None, application="Queue", seconds=9)
    scene.tell(Snapshot(at=scene.tick(), channels=(standing,), waiting=(("sales", row.uniqueid),)))
    assert scene.state() is CallState.WAITING


def test_two_calls_in_one_bridge_are_one_after_a_restart() -> None:
    scene = Scene()
    boris = device("boris", 4, call=OTHER, state=UP)
    said = scene.snapshot((caller(state=UP), "b", "Dial"), (boris, "b", "AppDial"))
    assert "CallMerged" in said
    assert (scene.call.agent, scene.call.state) == ("boris", CallState.TALKING)
    assert scene.tracker.call(OTHER) == scene.call


@pytest.mark.parametrize("name", STREAMS)
def test_a_worker_that_restarts_at_any_point_ends_with_the_same_calls(name: str) -> None:
    """What it had written is given back, then the rest of the stream comes."""
    items = recorded(name)
    whole = CallTracker(OFFICE, "main")
    truth = {event.call.id: event.call for item in items for event in whole.apply(item)}
    for cut in range(len(items)):
        first, second = CallTracker(OFFICE, "main"), CallTracker(OFFICE, "main")
        rows = {event.call.id: event.call for item in items[:cut] for event in first.apply(item)}
        live = {call.id for call in rows.values() if call.state is not CallState.ENDED}
        second.restore(call for call in rows.values() if call.id in live or call.merged_into in live)
        for item in items[cut:]:
            rows |= {
                event.call.id: event.call
                for event in second.apply(item)
                if event.call.id not in rows or event.call.version >= rows[event.call.id].version
            }
        for call in truth.values():
            again = rows[call.id]
            assert again.state is CallState.ENDED, cut
            assert again.merged_into == call.merged_into, cut
            if call.merged_into is None:
                assert {leg.channel for leg in again.legs} == {leg.channel for leg in call.legs}, cut
                assert all(leg.state is LegState.ENDED for leg in again.legs)


def test_an_older_boot_ends_what_was_before_it() -> None:
    scene = Scene()
    scene.tell(PbxBooted(at=scene.tick(), uptime_s=500))
    scene.talking()
    assert scene.tell(PbxBooted(at=scene.tick(), uptime_s=900)) == []
    assert "CallEnded" in scene.tell(PbxBooted(at=scene.tick(), uptime_s=1))
    assert (scene.call.outcome, scene.call.hangup_by) == (Outcome.PBX_LOST, HangupBy.SYSTEM)
    assert scene.call.answered_at is not None
    assert [line.code for line in scene.call.trace].count("pbx_lost") == 1


def test_a_stored_call_older_than_the_boot_was_lost_with_the_pbx() -> None:
    scene = Scene()
    scene.talking()
    stored = scene.call
    later = CallTracker(OFFICE, "main")
    later.restore([stored])
    booted = scene.tick() + timedelta(seconds=60)
    later.apply(PbxBooted(at=booted, uptime_s=3))
    ended = later.apply(Snapshot(at=booted, channels=()))
    assert [event.call.outcome for event in ended] == [Outcome.PBX_LOST]


def test_an_offer_whose_dial_never_came_is_withdrawn() -> None:
    scene = Scene()
    scene.arrived()
    scene.offered()
    scene.tick(10)
    scene.snapshot((caller(), None, "AGI"))
    assert scene.call.offers[0].state is OfferState.WITHDRAWN


def _restarted_in_mid_ring() -> Scene:
    """A new worker with the stored call of one that died while anna's phone rang."""
    died = Scene()
    died.arrived()
    died.offered()
    died.dialled(device("anna", offer=OFFER))
    died.rings(device("anna", offer=OFFER))
    scene = Scene()
    scene.tracker.restore([died.call])
    scene.at = died.tick(5)
    return scene


def test_an_offer_that_rings_through_a_restart_ends_as_any_other() -> None:
    scene = _restarted_in_mid_ring()
    ringing = device("anna", offer=OFFER, state=RINGING)
    scene.snapshot((caller(), None, "Dial"), (ringing, None, "AppDial"))
    assert scene.call.offers[0].state is OfferState.ALERTING
    assert "OfferEnded" in scene.dial_ended(ringing, "NOANSWER")
    assert scene.call.offers[0].state is OfferState.NO_ANSWER


def test_an_offer_answered_during_a_restart_is_answered() -> None:
    scene = _restarted_in_mid_ring()
    up = device("anna", offer=OFFER, state=UP)
    scene.snapshot((caller(state=UP), "b", "Dial"), (up, "b", "AppDial"))
    assert scene.call.offers[0].state is OfferState.ANSWERED
    assert (scene.call.state, scene.call.agent) == (CallState.TALKING, "anna")


def test_an_offer_that_ended_during_a_restart_is_over() -> None:
    scene = _restarted_in_mid_ring()
    scene.snapshot((caller(context="cc-wait", state=UP), None, "MusicOnHold"))
    assert scene.call.offers[0].state is OfferState.WITHDRAWN
    assert scene.state() is CallState.WAITING


def test_a_leg_with_the_offer_of_somebody_else_is_not_its_device() -> None:
    scene = _restarted_in_mid_ring()
    scene.snapshot(
        (caller(state=UP), "b", "Dial"), (device("boris", 3, offer=OFFER, state=UP), "b", "AppDial")
    )
    assert scene.call.offers[0].state is OfferState.WITHDRAWN


def test_the_talk_timer_runs_on_through_a_restart() -> None:
    died = Scene()
    died.talking()
    began = died.call.answered_at
    assert began is not None
    scene = Scene()
    scene.tracker.restore([died.call])
    scene.at = died.tick(60)
    up = (caller(state=UP), "b1", "Dial"), (device("anna", state=UP), "b1", "AppDial")
    scene.snapshot(*up)
    scene.tick(30)
    scene.gone(caller(state=UP), device("anna", state=UP))
    assert scene.call.talk_s == pytest.approx((scene.at - began).total_seconds(), abs=2)
    assert [leg.talk_s for leg in scene.call.legs] == pytest.approx([scene.call.talk_s] * 2, abs=2)
