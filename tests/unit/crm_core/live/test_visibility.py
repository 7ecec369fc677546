"""Who sees what: the matrix of roles and calls, agents, queues, recordings."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crm_core.calls.model import Call, CallState, Direction, Leg, LegRole, LegState, Offer, OfferState
from crm_core.customers.model import CardChoice
from crm_core.health import HealthState
from crm_core.ids import new_id
from crm_core.live.model import LiveHealth
from crm_core.live.projection import LiveState, Seed
from crm_core.live.shown import live_call, live_recording
from crm_core.live.visibility import as_seen, sees
from crm_core.recordings.model import Recording, RecordingKind, RecordingState
from tests.fakes.house import BAKU_DID, DIRECTORY, NOW, READERS, call, call_id

pytestmark = pytest.mark.unit


def who_sees(subject: Call) -> set[str]:
    shown = live_call(subject, NOW)
    return {r.person for r in READERS if sees(r, shown, DIRECTORY)}


def offer(agent: str, state: OfferState) -> Offer:
    return Offer(id=new_id(), agent=agent, attempt=1, state=state, ring_s=20, reserved_at=NOW)


def leg(agent: str, state: LegState) -> Leg:
    return Leg(
        channel="1.1",
        channel_name="PJSIP/x-00000001",
        role=LegRole.AGENT,
        agent=agent,
        endpoint=None,
        number=None,
        state=state,
        started_at=NOW,
    )


@pytest.mark.parametrize(
    ("subject", "seen_by"),
    [
        (call(state=CallState.ROUTING), {"oleg", "root"}),
        (call(state=CallState.WAITING), {"anna", "boris", "oleg", "root"}),
        (call(state=CallState.WAITING, did=BAKU_DID, queue="service"), {"boris", "leyla", "rena", "root"}),
        (
            call(state=CallState.OFFERED, offers=(offer("anna", OfferState.RESERVED),)),
            {"anna", "oleg", "root"},
        ),
        (call(state=CallState.OFFERED, offers=(offer("anna", OfferState.NO_ANSWER),)), {"oleg", "root"}),
        (call(state=CallState.TALKING, agent="leyla"), {"leyla", "oleg", "rena", "root"}),
        (call(state=CallState.TALKING, legs=(leg("boris", LegState.UP),)), {"boris", "oleg", "root"}),
        (call(state=CallState.TALKING, legs=(leg("boris", LegState.ENDED),)), {"oleg", "root"}),
        (
            call(
                state=CallState.TALKING,
                direction=Direction.INTERNAL,
                did=None,
                queue=None,
                legs=(leg("anna", LegState.UP), leg("leyla", LegState.RINGING)),
            ),
            {"anna", "leyla", "oleg", "rena", "root"},
        ),
        (call(state=CallState.WAITING, did=None), {"anna", "boris", "oleg", "root"}),
        (call(state=CallState.TALKING, did=None, queue=None), {"root"}),
    ],
)
def test_calls(subject: Call, seen_by: set[str]) -> None:
    assert who_sees(subject) == seen_by


def test_agents_and_queues_of_a_snapshot() -> None:
    state = LiveState(Seed(directory=DIRECTORY), NOW)
    agents = {r.person: [a.name for a in state.snapshot(r, NOW).agents] for r in READERS}
    queues = {r.person: [q.name for q in state.snapshot(r, NOW).queues] for r in READERS}
    assert agents["anna"] == agents["oleg"] == ["anna", "boris"]
    assert agents["leyla"] == agents["rena"] == ["leyla"]
    assert agents["root"] == ["anna", "boris", "leyla"]
    assert queues == {
        "anna": ["sales", "service"],
        "boris": ["sales", "service"],
        "leyla": ["service"],
        "oleg": ["sales", "service"],
        "rena": ["service"],
        "root": ["sales", "service", "empty"],
    }


def test_a_recording_is_seen_by_whoever_sees_its_call() -> None:
    recording = live_recording(
        Recording(id=new_id(), call_id=call_id(1), kind=RecordingKind.CALL, state=RecordingState.OK)
    )
    ended = live_call(call(state=CallState.ENDED, agent="anna", ended_at=NOW + timedelta(seconds=5)), NOW)
    assert {r.person for r in READERS if sees(r, recording, DIRECTORY, ended)} == {"anna", "oleg", "root"}
    assert {r.person for r in READERS if sees(r, recording, DIRECTORY, None)} == {"root"}


def test_everybody_sees_what_works() -> None:
    part = LiveHealth(name="database", state=HealthState.DOWN, since=NOW)
    assert all(sees(r, part, DIRECTORY) for r in READERS)


def choice(title: str, office: str | None, owner: str | None = None) -> CardChoice:
    return CardChoice(customer_id=new_id(), title=title, owner=owner, office=office)


def test_choices_are_those_of_cards_that_one_may_see() -> None:
    shown = live_call(
        call(choices=(choice("Igor", "moscow"), choice("Olga", "baku", "anna"), choice("Rauf", None))), NOW
    )
    seen = {
        r.person: [card.title for card in as_seen(r, shown, DIRECTORY).choices]
        for r in READERS
        if r.person in ("anna", "boris", "leyla", "root")
    }
    assert seen == {
        "anna": ["Igor", "Olga"],
        "boris": ["Igor"],
        "leyla": ["Olga"],
        "root": ["Igor", "Olga", "Rauf"],
    }
