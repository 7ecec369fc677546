"""The board's pieces: what they count, what turns pale, and what agents are not shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from agent_ui.board.regions import VERY_LATE, agent_row, agents, tile, tiles, totals, waiting
from crm_core.calls.events import CallAnswered, CallChanged, CallEnded, CallWaiting
from crm_core.calls.model import Call, CallState, Direction, Outcome
from crm_core.health import HealthState, PartHealth
from crm_core.live.projection import LiveState, Seed
from crm_core.people.model import Role
from crm_core.presence.events import AgentStateChanged
from crm_core.presence.model import AgentState, Unreachable
from tests.fakes.calls import agent_leg
from tests.fakes.house import BAKU_DID, DIRECTORY, NOW, call, reader

pytestmark = pytest.mark.unit


@pytest.fixture
def state() -> LiveState:
    return LiveState(Seed(directory=DIRECTORY), NOW)


def waits(state: LiveState, number: int, ago: int, **changes: object) -> Call:
    made = call(number, state=CallState.WAITING, started_at=NOW - timedelta(seconds=ago), **changes)
    state.apply(CallWaiting(at=NOW, pbx="main", call=made))
    return made


def is_now(state: LiveState, agent: str, shown: AgentState, cut_off: Unreachable | None = None) -> None:
    until = NOW + timedelta(minutes=1)
    state.apply(
        AgentStateChanged(
            at=NOW,
            agent=agent,
            state=shown,
            reason=None,
            since=NOW,
            unreachable=cut_off,
            unreachable_until=until if cut_off else None,
        )
    )


def test_a_tile_says_who_waits_longest_and_when_that_is_too_long(state: LiveState) -> None:
    waits(state, 1, 5)
    waits(state, 2, 70)
    is_now(state, "boris", AgentState.AVAILABLE)
    view = tile(state, "sales", Role.SUPERVISOR)
    assert (view.waiting, view.oldest_at, view.free, view.agents) == (2, NOW - timedelta(seconds=70), 1, 1)
    assert (view.late_s, view.very_late_s) == (20, 20 * VERY_LATE)
    assert (view.tone, view.lost) == (None, None)
    assert tile(state, "service", Role.SUPERVISOR).late_s == 10


def test_whom_no_call_would_reach_is_not_free_and_the_row_says_why(state: LiveState) -> None:
    is_now(state, "anna", AgentState.AVAILABLE)
    is_now(state, "boris", AgentState.AVAILABLE, Unreachable.DID_NOT_RING)
    assert (tile(state, "sales", Role.SUPERVISOR).free, totals(state, reader("root")).free) == (1, 1)
    row = agent_row(state, "boris", Role.SUPERVISOR).agent
    assert (row.unreachable, row.unreachable_until) == ("did_not_ring", NOW + timedelta(minutes=1))
    is_now(state, "boris", AgentState.OFFLINE, Unreachable.NO_PHONE)
    assert agent_row(state, "boris", Role.SUPERVISOR).agent.unreachable is None, "nobody expects it"


def test_whom_an_agent_calls_is_told_from_who_called_them(state: LiveState) -> None:
    values = {"state": CallState.OFFERED, "legs": (agent_leg("anna", NOW),), "agent": "anna"}
    rings = call(1, direction=Direction.OUT, to="+994125550177", version=1, **values)
    state.apply(CallChanged(at=NOW, call=rings))
    shown = agent_row(state, "anna", Role.SUPERVISOR).company
    assert shown is not None and shown.party.number == "+994125550177"
    assert (shown.outgoing, shown.calling) == (True, True)
    state.apply(CallChanged(at=NOW, call=replace(rings, answered_at=NOW, version=2)))
    shown = agent_row(state, "anna", Role.SUPERVISOR).company
    assert shown is not None and (shown.outgoing, shown.calling) == (True, False)


def test_a_level_below_the_goal_colours_the_frame(state: LiveState) -> None:
    for number in range(1, 5):
        state.apply(CallAnswered(at=NOW, pbx="main", agent="anna", call=call(number, answered_at=NOW)))
    state.apply(CallEnded(at=NOW, pbx="main", call=call(5, outcome=Outcome.ABANDONED)))
    assert tile(state, "sales", Role.AGENT).tone is None  # 80 %: the goal is reached
    state.apply(CallEnded(at=NOW, pbx="main", call=call(6, outcome=Outcome.ABANDONED)))
    assert tile(state, "sales", Role.AGENT).tone == "warning"


@pytest.mark.parametrize("part", ["ami.listener", "router"])
def test_what_may_be_old_says_since_when_and_of_which_pbx(state: LiveState, part: str) -> None:
    state.apply_health(PartHealth(part, HealthState.DOWN, "", NOW))
    state.apply_health(PartHealth("database", HealthState.DOWN, "", NOW - timedelta(hours=1)))
    lost = tile(state, "sales", Role.ADMIN).lost
    assert lost is not None and (lost.pbx, lost.since) == ("main", NOW)
    assert agent_row(state, "anna", Role.ADMIN).lost
    assert totals(state, reader("root")).lost == lost
    state.apply_health(PartHealth(part, HealthState.UP, "", NOW))
    assert tile(state, "sales", Role.ADMIN).lost is None


def test_only_those_who_lead_see_who_talks_with_whom(state: LiveState) -> None:
    talk = call(
        1, state=CallState.TALKING, agent="anna", customer_title="Maria", legs=(agent_leg("anna", NOW),)
    )
    state.apply(CallAnswered(at=NOW, pbx="main", agent="anna", call=talk))
    is_now(state, "anna", AgentState.TALKING)
    seen = agent_row(state, "anna", Role.SUPERVISOR).company
    assert seen is not None and (seen.call, seen.party.name, seen.queue) == (talk.id, "Maria", "Sales")
    assert agent_row(state, "anna", Role.AGENT).company is None
    assert [row.leads for row in agents(state, reader("boris")).agents] == [False, False]
    assert agent_row(state, "anna", Role.AGENT).talks == 1


def test_a_colleague_is_called_by_name(state: LiveState) -> None:
    legs = (agent_leg("anna", NOW), agent_leg("boris", NOW))
    inside = call(1, direction=Direction.INTERNAL, state=CallState.TALKING, to="102", legs=legs, queue=None)
    state.apply(CallAnswered(at=NOW, pbx="main", agent="boris", call=inside))
    names = [agent_row(state, name, Role.ADMIN).company for name in ("anna", "boris")]
    assert [company and company.party.name for company in names] == ["Boris", "Anna"]


def test_the_longest_waiting_comes_first_and_others_are_not_shown(state: LiveState) -> None:
    later, first = waits(state, 1, 5), waits(state, 2, 50, customer_title="Maria", owner="anna")
    baku = waits(state, 3, 500, did=BAKU_DID, queue="service")
    assert [caller.id for caller in waiting(state, reader("oleg")).callers] == [first.id, later.id]
    assert [caller.id for caller in waiting(state, reader("root")).callers] == [baku.id, first.id, later.id]
    seen = waiting(state, reader("anna")).callers
    assert [(caller.party.name, caller.owner) for caller in seen] == [("Maria", "Anna"), (None, None)]


def test_the_floor_in_a_line(state: LiveState) -> None:
    assert totals(state, reader("root")).busy is None
    is_now(state, "anna", AgentState.TALKING)
    is_now(state, "boris", AgentState.AVAILABLE)
    is_now(state, "leyla", AgentState.BREAK)
    waits(state, 1, 5)
    view = totals(state, reader("root"))
    assert (view.talking, view.free, view.waiting, view.busy) == (1, 1, 1, 0.5)
    assert totals(state, reader("rena")).talking == 0


def test_each_reader_has_the_rows_and_tiles_they_may_see(state: LiveState) -> None:
    rows = {
        who: [row.agent.name for row in agents(state, reader(who)).agents] for who in ("oleg", "rena", "root")
    }
    assert rows == {"oleg": ["anna", "boris"], "rena": ["leyla"], "root": ["anna", "boris", "leyla"]}
    seen = {who: [each.name for each in tiles(state, reader(who)).tiles] for who in ("anna", "rena")}
    assert seen == {"anna": ["sales", "service"], "rena": ["service"]}
