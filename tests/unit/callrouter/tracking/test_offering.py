"""Offers: one agent, several devices, one deadline, and what the end of a Dial says."""

from __future__ import annotations

import pytest

from callrouter.reading.observations import ChannelSeen, HangupAsked
from callrouter.tracking.facts import OfferMoved
from crm_core.calls.model import CallState, OfferState
from tests.unit.callrouter.tracking.scene import CALL, OFFER, UP, Scene, caller, device

pytestmark = pytest.mark.unit


@pytest.fixture
def scene() -> Scene:
    """A call offered to anna, both of whose devices are dialled."""
    scene = Scene()
    scene.arrived()
    assert scene.offered() == ["CallOffered"]
    scene.tell(OfferMoved(at=scene.tick(), call_id=CALL, offer_id=OFFER, state=OfferState.COMMITTED))
    scene.dialled(device("anna", 2, offer=OFFER))
    scene.dialled(device("anna", 3, offer=OFFER))
    return scene


def state(scene: Scene) -> OfferState:
    return scene.call.offers[0].state


def test_it_goes_from_reserved_over_committed_and_dialled_to_alerting(scene: Scene) -> None:
    assert state(scene) is OfferState.DIALLED
    assert "OfferAlerting" in scene.rings(device("anna", 2, offer=OFFER))
    assert scene.call.state is CallState.OFFERED
    assert scene.call.offers[0].alerting_at is not None
    assert "OfferAlerting" not in scene.rings(device("anna", 3, offer=OFFER))


def test_one_device_answers_for_all(scene: Scene) -> None:
    scene.rings(device("anna", 2, offer=OFFER))
    assert "OfferEnded" in scene.dial_ended(device("anna", 3, offer=OFFER, state=UP), "ANSWER")
    scene.dial_ended(device("anna", 2, offer=OFFER), "CANCEL")
    assert state(scene) is OfferState.ANSWERED


@pytest.mark.parametrize(
    ("first", "second", "rang", "expected"),
    [
        ("CHANUNAVAIL", "NOANSWER", True, OfferState.NO_ANSWER),
        ("NOANSWER", "NOANSWER", False, OfferState.UNREACHABLE),
        ("CHANUNAVAIL", "CONGESTION", False, OfferState.UNREACHABLE),
        ("BUSY", "NOANSWER", True, OfferState.REFUSED),
        ("CHANUNAVAIL", "CANCEL", True, OfferState.WITHDRAWN),
        ("CANCEL", "CANCEL", True, OfferState.WITHDRAWN),
        ("BUSY", "BUSY", False, OfferState.REFUSED),
    ],
)
def test_it_ends_when_every_device_has(
    scene: Scene, first: str, second: str, rang: bool, expected: OfferState
) -> None:
    if rang:
        scene.rings(device("anna", 3, offer=OFFER))
    assert "OfferEnded" not in scene.dial_ended(device("anna", 2, offer=OFFER), first)
    assert "OfferEnded" in scene.dial_ended(device("anna", 3, offer=OFFER), second)
    assert state(scene) is expected


def test_a_device_that_hangs_up_itself_while_ringing_refuses(scene: Scene) -> None:
    ringing = device("anna", 3, offer=OFFER)
    scene.dial_ended(device("anna", 2, offer=OFFER), "CHANUNAVAIL")
    scene.rings(ringing)
    scene.tell(HangupAsked(at=scene.tick(), channel=ringing))
    scene.dial_ended(ringing, "NOANSWER")
    assert state(scene) is OfferState.REFUSED


def test_an_agent_who_picked_up_as_the_caller_went_has_missed_nothing(scene: Scene) -> None:
    scene.dial_ended(device("anna", 2, offer=OFFER), "CHANUNAVAIL")
    scene.rings(device("anna", 3, offer=OFFER))
    picked_up = device("anna", 3, offer=OFFER, state=UP)
    scene.tell(ChannelSeen(at=scene.tick(), channel=picked_up))
    scene.dial_ended(picked_up, "NOANSWER")
    assert state(scene) is OfferState.WITHDRAWN


def test_a_lost_dial_end_is_read_from_the_hangup(scene: Scene) -> None:
    scene.rings(device("anna", 2, offer=OFFER))
    scene.gone(device("anna", 2, offer=OFFER), cause=26)
    scene.gone(device("anna", 3, offer=OFFER, state=UP))
    assert state(scene) is OfferState.ANSWERED


def test_a_final_offer_is_never_moved_again(scene: Scene) -> None:
    for state_of in (OfferState.WITHDRAWN, OfferState.UNREACHABLE, OfferState.COMMITTED):
        scene.tell(OfferMoved(at=scene.tick(), call_id=CALL, offer_id=OFFER, state=state_of))
    scene.dial_ended(device("anna", 2, offer=OFFER, state=UP), "ANSWER")
    assert state(scene) is OfferState.WITHDRAWN
    assert scene.tracker.oddities["an offer that could not move"] == 2


def test_what_is_open_at_the_end_of_the_call_is_withdrawn() -> None:
    scene = Scene()
    scene.arrived()
    scene.offered()
    assert scene.gone(caller()) == ["OfferEnded", "CallEnded"]
    assert state(scene) is OfferState.WITHDRAWN
    assert scene.call.offers[0].ended_at == scene.at


def test_an_offer_of_an_earlier_life_is_made_from_its_dial_and_described_later() -> None:
    scene = Scene()
    scene.dialled(device("anna", 2, offer=OFFER))
    assert (state(scene), scene.call.offers[0].ring_s) == (OfferState.DIALLED, 0)
    assert scene.offered() == ["CallChanged"]
    assert (state(scene), scene.call.offers[0].ring_s) == (OfferState.DIALLED, 20)
