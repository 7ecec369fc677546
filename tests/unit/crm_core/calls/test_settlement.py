"""What the ledger says is laid over what was seen live, and never takes away what only that side knows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from crm_core.calls.model import (
    Call,
    CallState,
    Direction,
    HangupBy,
    Leg,
    LegRole,
    LegState,
    Offer,
    OfferState,
    Outcome,
)
from crm_core.calls.settlement import Settlement, settle, settled_outcome
from crm_core.ids import new_id

pytestmark = pytest.mark.unit

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def leg(channel: str, agent: str | None, **changes: object) -> Leg:
    made = Leg(
        channel=channel,
        channel_name=f"PJSIP/{channel}",
        role=LegRole.AGENT if agent else LegRole.CUSTOMER,
        agent=agent,
        endpoint=None,
        number=None,
        state=LegState.ENDED,
        started_at=AT,
        ended_at=after(60),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


WORD = Settlement(
    call_id=new_id(),
    direction=Direction.IN,
    from_raw="+79161234567",
    from_name="",
    to="+74955550100",
    did="+74955550100",
    queue="sales",
    started_at=AT,
    answered_at=after(7.5),
    ended_at=after(60),
    talk_s=52.5,
    agent="anna",
    hangup_by=HangupBy.CALLER,
    recorded_message=False,
    legs=(leg("1", None), leg("2", "anna", talk_s=52.5)),
)
LIVE = Call(
    id=WORD.call_id,
    pbx="main",
    direction=Direction.IN,
    state=CallState.TALKING,
    from_number="+79161234567",
    from_raw="+79161234567",
    from_name="Пётр",
    to="+74955550100",
    did="+74955550100",
    queue="service",
    started_at=after(0.1),
    outcome=None,
    agent="boris",
    customer_title="ООО Ромашка",
    legs=(leg("2", "anna", ringing_at=after(2), cause=16, state=LegState.UP, ended_at=None),),
    offers=(
        Offer(id=new_id(), agent="anna", attempt=1, state=OfferState.ALERTING, ring_s=20, reserved_at=AT),
    ),
    version=9,
)


def test_times_talk_side_and_agent_are_the_ledgers() -> None:
    call = settle(LIVE, WORD, "main")
    assert (call.state, call.outcome, call.settled) == (CallState.ENDED, Outcome.ANSWERED, True)
    assert (call.started_at, call.answered_at, call.ended_at) == (AT, after(7.5), after(60))
    assert (call.wait_s, call.talk_s, call.agent, call.hangup_by) == (7.5, 52.5, "anna", HangupBy.CALLER)


def test_who_the_caller_is_where_it_went_and_what_rang_stay_the_live_sides() -> None:
    call = settle(LIVE, WORD, "main")
    assert (call.customer_title, call.from_name, call.queue) == ("ООО Ромашка", "Пётр", "service")
    assert [one.channel for one in call.legs] == ["1", "2"]
    assert (call.legs[1].ringing_at, call.legs[1].cause, call.legs[1].state) == (
        after(2),
        16,
        LegState.ENDED,
    )
    assert (call.offers[0].state, call.offers[0].ended_at) == (OfferState.WITHDRAWN, after(60))


def test_settling_twice_changes_nothing() -> None:
    once = settle(LIVE, WORD, "main")
    assert settle(once, WORD, "main") == once


def test_a_call_ami_never_showed_is_whole() -> None:
    call = settle(None, WORD, "main")
    assert (call.id, call.pbx, call.from_raw, call.queue) == (WORD.call_id, "main", "+79161234567", "sales")
    assert (call.outcome, len(call.legs), call.version) == (Outcome.ANSWERED, 2, 0)


def test_a_leg_only_ami_showed_is_kept_and_ended() -> None:
    seen = replace(LIVE, legs=(leg("3", "boris", state=LegState.RINGING, ended_at=None),))
    call = settle(seen, WORD, "main")
    lost = next(one for one in call.legs if one.channel == "3")
    assert (lost.state, lost.ended_at) == (LegState.ENDED, after(60))


UNANSWERED = replace(WORD, answered_at=None, talk_s=0.0)


@pytest.mark.parametrize(
    ("seen", "word", "outcome"),
    [
        (Outcome.ABANDONED, WORD, Outcome.ANSWERED),
        (Outcome.ANSWERED, UNANSWERED, Outcome.ABANDONED),
        (Outcome.PBX_LOST, WORD, Outcome.PBX_LOST),
        (Outcome.OVERFLOW, UNANSWERED, Outcome.OVERFLOW),
        (Outcome.BLOCKED, UNANSWERED, Outcome.BLOCKED),
        (None, replace(UNANSWERED, turned_away=True), Outcome.OVERFLOW),
        (None, replace(UNANSWERED, recorded_message=True), Outcome.VOICEMAIL),
        (Outcome.VOICEMAIL, UNANSWERED, Outcome.ABANDONED),
        (None, replace(UNANSWERED, hangup_by=HangupBy.SYSTEM), Outcome.FAILED),
    ],
)
def test_outcomes(seen: Outcome | None, word: Settlement, outcome: Outcome) -> None:
    assert settled_outcome(seen, word) is outcome
