"""Which state is shown for an agent when the projection starts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crm_core.calls.model import Leg, LegRole, LegState
from crm_core.live.seeding import known_agents
from crm_core.presence.model import AgentState, ChosenState, Presence
from tests.fakes.house import NOW, call, call_id

pytestmark = pytest.mark.unit


def presence(agent: str, chosen: ChosenState, reason: str | None = None, **rest: object) -> Presence:
    return Presence(agent=agent, chosen=chosen, reason=reason, since=NOW, **rest)  # type: ignore[arg-type]


def leg(agent: str, state: LegState, seconds: int) -> Leg:
    at = NOW + timedelta(seconds=seconds)
    return Leg(
        channel=f"{agent}.{seconds}",
        channel_name="PJSIP/x-00000001",
        role=LegRole.AGENT,
        agent=agent,
        endpoint=None,
        number=None,
        state=state,
        started_at=NOW,
        ringing_at=at,
        answered_at=None if state is LegState.RINGING else at,
    )


def test_rows_and_open_legs_make_the_state() -> None:
    rows = [
        presence("anna", ChosenState.AVAILABLE),
        presence("boris", ChosenState.BREAK, "lunch"),
        presence("leyla", ChosenState.AVAILABLE, wrap_up_until=NOW + timedelta(seconds=5)),
        presence("oleg", ChosenState.AVAILABLE, wrap_up_until=NOW),
        presence("rena", ChosenState.BREAK, "rest"),
    ]
    calls = [
        call(1, legs=(leg("anna", LegState.RINGING, 1), leg("rena", LegState.UP, 2))),
        call(2, legs=(leg("rena", LegState.RINGING, 3), leg("boris", LegState.ENDED, 4))),
    ]
    known = {k.name: k for k in known_agents({r.agent: r for r in rows}, calls, NOW)}
    assert {name: k.state for name, k in known.items()} == {
        "anna": AgentState.RINGING,
        "boris": AgentState.BREAK,
        "leyla": AgentState.WRAP_UP,
        "oleg": AgentState.AVAILABLE,
        "rena": AgentState.TALKING,
    }
    assert known["boris"].reason == "lunch" and known["boris"].call_id is None
    assert known["rena"].reason is None and known["rena"].call_id == call_id(1)
    assert known["rena"].since == NOW + timedelta(seconds=2)


def test_who_talks_is_shown_without_a_row_too() -> None:
    [known] = known_agents({}, [call(1, legs=(leg("anna", LegState.HELD, 0),))], NOW)
    assert (known.name, known.state) == ("anna", AgentState.TALKING)
