"""Calls recorded from a real Asterisk end as what they were."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

import pytest

from callrouter.reading.observations import HangupAsked
from callrouter.tracking.tracker import CallTracker
from crm_core.calls.events import CallEvent
from crm_core.calls.model import Call, CallState, HangupBy, LegState, OfferState, Outcome
from tests.unit.callrouter.tracking.streams import OFFICE, STREAMS, recorded

pytestmark = pytest.mark.unit


class Told:
    """A tracker that was told one recorded stream, and what it said."""

    def __init__(self, name: str) -> None:
        self.tracker = CallTracker(OFFICE, "main")
        self.events: list[CallEvent] = []
        for item in recorded(name):
            self.events.extend(self.tracker.apply(item))
        self.calls: dict[UUID, Call] = {event.call.id: event.call for event in self.events}

    @property
    def call(self) -> Call:
        """The one call that is not part of another."""
        (call,) = (call for call in self.calls.values() if call.merged_into is None)
        return call

    def said(self, call: Call) -> list[str]:
        names = [type(event).__name__ for event in self.events if event.call.id == call.id]
        return [name for name in names if name != "CallChanged"]


@pytest.mark.parametrize("name", STREAMS)
def test_every_call_ends_with_all_its_legs_and_nobody_stays_busy(name: str) -> None:
    told = Told(name)
    for call in told.calls.values():
        assert call.state is CallState.ENDED
        assert all(leg.state is LegState.ENDED for leg in call.legs)
        assert all(offer.ended_at is not None for offer in call.offers)
    assert told.tracker.oddities == Counter()
    assert not any(told.tracker.agent_legs(agent).busy for agent in ("anna", "boris", "vera"))
    assert list(told.tracker.live_calls()) == []


@pytest.mark.parametrize("name", STREAMS)
def test_versions_grow_by_call_and_events_of_one_item_agree(name: str) -> None:
    versions: dict[UUID, int] = {}
    for event in Told(name).events:
        assert event.call.version >= versions.get(event.call.id, 1)
        versions[event.call.id] = event.call.version


@pytest.mark.parametrize(
    ("name", "outcome", "agent", "side"),
    [
        ("plain_call", Outcome.ANSWERED, "anna", HangupBy.CALLER),
        ("agent_hangs_up", Outcome.ANSWERED, "anna", HangupBy.AGENT),
        ("no_answer_next_agent", Outcome.ANSWERED, "boris", HangupBy.CALLER),
        ("busy_next_agent", Outcome.ANSWERED, "boris", HangupBy.CALLER),
        ("waiting_redirect", Outcome.ANSWERED, "vera", HangupBy.CALLER),
        ("abandoned_ringing", Outcome.ABANDONED, None, HangupBy.CALLER),
        ("hold", Outcome.ANSWERED, "anna", HangupBy.CALLER),
        ("blind_transfer", Outcome.ANSWERED, "boris", HangupBy.CALLER),
        ("attended_transfer", Outcome.ANSWERED, "boris", HangupBy.CALLER),
        ("attended_while_ringing", Outcome.ANSWERED, "boris", HangupBy.CALLER),
        ("internal_call", Outcome.ANSWERED, "boris", HangupBy.CALLER),
        ("net_queue", Outcome.ANSWERED, "vera", HangupBy.CALLER),
        ("walked_declined", Outcome.ANSWERED, "boris", HangupBy.CALLER),
        ("walked_unreachable", Outcome.ANSWERED, "boris", HangupBy.CALLER),
        ("walked_redirect", Outcome.ANSWERED, "clara", HangupBy.CALLER),
        ("walked_wait_then_agent", Outcome.ANSWERED, "clara", HangupBy.AGENT),
        ("walked_abandoned_waiting", Outcome.ABANDONED, None, HangupBy.CALLER),
        ("walked_blind_agent", Outcome.ANSWERED, "boris", HangupBy.AGENT),
        ("walked_blind_queue", Outcome.ANSWERED, "boris", HangupBy.CALLER),
        ("walked_blind_untaken", Outcome.ANSWERED, "clara", HangupBy.CALLER),
        ("walked_attended", Outcome.ANSWERED, "boris", HangupBy.CALLER),
        ("walked_attended_at_once", Outcome.ANSWERED, "boris", HangupBy.CALLER),
        ("walked_attended_ringing", Outcome.ANSWERED, "boris", HangupBy.AGENT),
        ("walked_attended_ringing_untaken", Outcome.ANSWERED, "clara", HangupBy.CALLER),
        ("walked_internal", Outcome.ANSWERED, "boris", HangupBy.AGENT),
        ("walked_internal_busy", Outcome.FAILED, None, HangupBy.SYSTEM),
        ("walked_internal_queue", Outcome.ANSWERED, "boris", HangupBy.CALLER),
        ("walked_net", Outcome.ANSWERED, "clara", HangupBy.CALLER),
        ("walked_voicemail", Outcome.VOICEMAIL, None, HangupBy.CALLER),
        ("walked_overflow", Outcome.OVERFLOW, None, HangupBy.SYSTEM),
        ("walked_out", Outcome.ANSWERED, "anna", HangupBy.AGENT),
        ("walked_out_customer_hangs_up", Outcome.ANSWERED, "anna", HangupBy.CALLER),
        ("walked_out_hold", Outcome.ANSWERED, "anna", HangupBy.CALLER),
        ("walked_out_busy", Outcome.FAILED, "anna", HangupBy.SYSTEM),
        ("walked_out_declined", Outcome.FAILED, "anna", HangupBy.SYSTEM),
        ("walked_out_unknown", Outcome.FAILED, "anna", HangupBy.SYSTEM),
        ("walked_out_no_answer", Outcome.FAILED, "anna", HangupBy.SYSTEM),
        ("walked_out_given_up", Outcome.ABANDONED, "anna", HangupBy.AGENT),
        ("walked_out_blind_agent", Outcome.ANSWERED, "boris", HangupBy.AGENT),
        ("walked_out_blind_queue", Outcome.ANSWERED, "boris", HangupBy.CALLER),
        ("walked_out_attended", Outcome.ANSWERED, "boris", HangupBy.CALLER),
        ("walked_out_joined", Outcome.ANSWERED, "anna", HangupBy.CALLER),
    ],
)
def test_outcome_agent_and_side(name: str, outcome: Outcome, agent: str | None, side: HangupBy) -> None:
    call = Told(name).call
    assert (call.outcome, call.agent, call.hangup_by) == (outcome, agent, side)


def test_a_plain_call_says_each_step_once() -> None:
    told = Told("plain_call")
    assert told.said(told.call) == ["CallStarted", "OfferAlerting", "OfferEnded", "CallAnswered", "CallEnded"]
    assert told.call.from_raw == "+74955550142"
    assert (told.call.queue, told.call.talk_s > 0, told.call.ring_s > 0) == ("sales", True, True)


def test_who_did_not_answer_and_who_was_busy_are_told_apart() -> None:
    for name, state in (
        ("no_answer_next_agent", OfferState.NO_ANSWER),
        ("busy_next_agent", OfferState.REFUSED),
        ("abandoned_ringing", OfferState.WITHDRAWN),
        ("walked_declined", OfferState.REFUSED),  # SIP 603, which DialEnd calls NOANSWER
        ("walked_unreachable", OfferState.UNREACHABLE),
    ):
        assert Told(name).call.offers[0].state is state, name


def test_hold_is_seen_and_ends() -> None:
    told = Told("hold")
    assert [name for name in told.said(told.call) if name in ("CallHeld", "CallResumed")] == [
        "CallHeld",
        "CallResumed",
    ]


@pytest.mark.parametrize("name", ["attended_transfer", "attended_while_ringing"])
def test_a_consult_call_becomes_part_of_the_customers(name: str) -> None:
    told = Told(name)
    (consult,) = (call for call in told.calls.values() if call.merged_into is not None)
    assert consult.merged_into == told.call.id
    assert (consult.outcome, consult.legs) == (None, ())
    assert [leg.agent for leg in told.call.legs] == [None, "anna", "anna", "boris"]
    transfers = [event for event in told.events if type(event).__name__ == "CallTransferred"]
    assert [(event.kind, event.target) for event in transfers] == [("attended", "boris")]  # type: ignore[attr-defined]
    assert told.tracker.call(consult.id) == told.tracker.call(told.call.id)


def test_whoever_takes_a_place_by_masquerade_talks_though_nothing_says_so() -> None:
    items = recorded("walked_attended_at_once")
    tracker = CallTracker(OFFICE, "main")
    hangs_up = max(n for n, item in enumerate(items) if isinstance(item, HangupAsked) and not item.soft)
    tracker.apply_all(items[:hangs_up])
    (call,) = tracker.live_calls()
    assert (call.state, call.agent) == (CallState.TALKING, "boris")
    assert tracker.agent_legs("boris").talking == (call.id,)
    assert not tracker.agent_legs("anna").busy


def test_a_call_in_the_net_waits_then_talks_across_local_channels() -> None:
    told = Told("net_queue")
    assert told.said(told.call) == ["CallStarted", "CallWaiting", "CallAnswered", "CallEnded"]
    assert [leg.agent for leg in told.call.legs] == [None, "vera"]  # Local halves are nobody's legs
