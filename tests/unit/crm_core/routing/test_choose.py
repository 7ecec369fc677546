"""The choice: examples for each rule, properties for all of them together."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.calls.trace import SENTENCES, Code
from crm_core.presence.model import AgentState
from crm_core.queues.model import Overflow, Queue
from crm_core.routing.choose import NAMED, assign, decide, is_free, obstacle
from crm_core.routing.model import Action, AgentView, Decision, RouteQuestion, WaitingCall

pytestmark = pytest.mark.unit

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CALL = UUID(int=1)
QUEUE = Queue(name="sales", title="Sales", extension="700", members=("anna", "boris", "clara"))


def agent(name: str, **given: object) -> AgentView:
    base = AgentView(
        name=name,
        state=AgentState.AVAILABLE,
        reachable=True,
        reserved=False,
        load=0.0,
        idle_since=0.0,
        dial=f"PJSIP/agent-{name}-desk",
    )
    return replace(base, **given)  # type: ignore[arg-type]


def question(*agents: AgentView, **given: object) -> RouteQuestion:
    return replace(RouteQuestion(call_id=CALL, at=AT, agents=agents), **given)  # type: ignore[arg-type]


def codes(decision: Decision) -> list[str]:
    return [line.code for line in decision.trace]


def test_the_available_owner_takes_the_call_whatever_the_load() -> None:
    decision = decide(question(agent("anna"), agent("boris", load=40.0), owner="boris", has_card=True), QUEUE)
    assert (decision.action, decision.agent, decision.ring_s) == (Action.DIAL, "boris", 20)
    assert decision.dial == "PJSIP/agent-boris-desk"
    assert codes(decision) == ["owner_available", "considered", "considered", "chosen_owner"]


def test_an_owner_who_is_no_member_of_the_queue_counts() -> None:
    decision = decide(question(agent("anna"), agent("zoe"), owner="zoe"), QUEUE)
    assert decision.agent == "zoe"


def test_an_owner_in_wrap_up_gives_way_and_the_trace_says_why() -> None:
    busy = agent("boris", state=AgentState.WRAP_UP)
    decision = decide(question(agent("anna"), busy, owner="boris"), QUEUE)
    assert decision.agent == "anna"
    first = decision.trace[0]
    assert (first.code, first.values["why"]) == (Code.OWNER_NOT_AVAILABLE, "wrap_up")


def test_an_owner_unknown_to_the_installation_is_said_so() -> None:
    decision = decide(question(agent("anna"), owner="gone"), QUEUE)
    assert decision.trace[0].values == {"owner": "gone", "why": "not_a_member"}


def test_the_least_loaded_then_the_longest_idle() -> None:
    decision = decide(
        question(
            agent("anna", load=3.0, idle_since=1.0),
            agent("boris", load=2.0, idle_since=9.0),
            agent("clara", load=2.0, idle_since=5.0),
        ),
        QUEUE,
    )
    assert decision.agent == "clara"
    assert codes(decision)[-2:] == ["chosen_least_loaded", "tie_longest_idle"]


def test_who_was_offered_the_call_is_skipped_in_this_round() -> None:
    decision = decide(question(agent("anna"), agent("boris", load=9.0), offered=("anna",)), QUEUE)
    assert decision.agent == "boris"
    assert decision.trace[0].values["state"] == "offered_already"


def test_who_has_just_refused_is_not_said_to_be_ringing() -> None:
    anna = agent("anna", state=AgentState.RINGING)  # the device is still being hung up
    assert obstacle(anna, question(anna, offered=("anna",))) == "offered_already"
    assert obstacle(anna, question(anna, excluded=frozenset({"anna"}))) == "transferred_away"
    assert obstacle(anna, question(anna)) == "ringing"


def test_max_offers_ends_the_round() -> None:
    queue = replace(QUEUE, max_offers=2)
    decision = decide(question(agent("clara"), offered=("anna", "boris")), queue)
    assert decision.action is Action.WAIT
    assert codes(decision)[-1] == "round_over"


def test_all_busy_waits() -> None:
    decision = decide(question(agent("anna", state=AgentState.TALKING)), QUEUE)
    assert decision.action is Action.WAIT
    assert codes(decision)[-1] == "waits"


@pytest.mark.parametrize(
    ("overflow", "action"), [(Overflow.VOICEMAIL, Action.VOICEMAIL), (Overflow.HANGUP, Action.HANGUP)]
)
def test_nobody_logged_in_overflows_as_the_queue_says(overflow: Overflow, action: Action) -> None:
    decision = decide(question(agent("anna", state=AgentState.OFFLINE)), replace(QUEUE, overflow=overflow))
    assert decision.action is action
    assert codes(decision)[-1] == "overflow_no_agents"


def test_too_long_a_wait_overflows_unless_somebody_is_free() -> None:
    busy = question(agent("anna", state=AgentState.TALKING), waited_s=601.0)
    assert decide(busy, QUEUE).action is Action.VOICEMAIL
    assert codes(decide(busy, QUEUE))[-1] == "overflow_max_wait"
    assert decide(question(agent("anna"), waited_s=601.0), QUEUE).agent == "anna"


def test_who_transferred_the_call_does_not_get_it_back() -> None:
    decision = decide(question(agent("anna"), excluded=frozenset({"anna"})), QUEUE)
    assert decision.action is Action.WAIT


def test_a_newcomer_leaves_the_agent_of_an_older_call_alone() -> None:
    older = WaitingCall(call_id=UUID(int=9), members=("anna",))
    agents = {"anna": agent("anna"), "boris": agent("boris", load=30.0)}
    claimed = frozenset(assign([older], agents).values())
    decision = decide(question(*agents.values(), claimed=claimed), QUEUE)
    assert decision.agent == "boris"


def test_the_oldest_call_gets_the_shared_agent() -> None:
    first = WaitingCall(call_id=UUID(int=1), members=("anna", "boris"), skip=frozenset({"boris"}))
    second = WaitingCall(call_id=UUID(int=2), members=("anna",))
    third = WaitingCall(call_id=UUID(int=3), members=("boris",))
    agents = {"anna": agent("anna"), "boris": agent("boris")}
    assert assign([first, second, third], agents) == {UUID(int=1): "anna", UUID(int=3): "boris"}


def test_a_waiting_call_gets_its_owner_before_the_less_loaded() -> None:
    call = WaitingCall(call_id=CALL, members=("anna",), owner="zoe")
    agents = {"anna": agent("anna"), "zoe": agent("zoe", load=50.0)}
    assert assign([call], agents) == {CALL: "zoe"}


names = st.lists(st.sampled_from([f"agent{i}" for i in range(12)]), unique=True, max_size=12)
views = st.builds(
    AgentView,
    name=st.just(""),
    state=st.sampled_from(AgentState),
    reachable=st.booleans(),
    reserved=st.booleans(),
    load=st.integers(0, 50).map(lambda n: n / 10),
    idle_since=st.integers(0, 9).map(float),
    dial=st.just("PJSIP/x"),
)


@st.composite
def questions(draw: st.DrawFn) -> RouteQuestion:
    agents = tuple(replace(draw(views), name=name) for name in draw(names))
    known = [a.name for a in agents] or ["nobody"]
    some = st.lists(st.sampled_from(known), unique=True, max_size=4)
    return RouteQuestion(
        call_id=CALL,
        at=AT,
        agents=agents,
        owner=draw(st.none() | st.sampled_from([*known, "gone"])),
        has_card=draw(st.booleans()),
        offered=tuple(draw(some)),
        excluded=frozenset(draw(some)),
        claimed=frozenset(draw(some)),
        waited_s=float(draw(st.integers(0, 1200))),
    )


@given(questions(), st.integers(1, 6))
def test_properties_of_every_decision(asked: RouteQuestion, max_offers: int) -> None:
    queue = replace(QUEUE, max_offers=max_offers)
    decision = decide(asked, queue)
    assert decide(asked, queue) == decision, "the same question has the same answer"
    assert all(Code(line.code) in SENTENCES for line in decision.trace)
    considered = [line.values["agent"] for line in decision.trace if line.code == Code.CONSIDERED]
    more = sum(int(one.values["count"] or 0) for one in decision.trace if one.code == Code.CONSIDERED_MORE)
    assert len(set(considered)) == len(considered) == min(NAMED, len(asked.agents))
    assert len(considered) + more == len(asked.agents)
    assert decision.agent is None or decision.agent in considered
    free = [a for a in asked.agents if obstacle(a, asked) is None]
    if not free or len(asked.offered) >= max_offers:
        assert decision.action is not Action.DIAL
        assert decision.agent is None
        return
    assert decision.action is Action.DIAL
    chosen = next(a for a in asked.agents if a.name == decision.agent)
    assert is_free(chosen)
    assert chosen.name not in asked.offered
    assert chosen.name not in asked.excluded | asked.claimed
    owner = next((a for a in free if a.name == asked.owner), None)
    assert (owner is not None) == (chosen.name == asked.owner)
    if owner is None:
        assert chosen.load == min(a.load for a in free)


@given(
    st.lists(views, min_size=1, max_size=8),
    st.lists(st.sets(st.integers(0, 7), min_size=1, max_size=4), max_size=8),
)
def test_properties_of_every_assignment(drawn: list[AgentView], wants: list[set[int]]) -> None:
    agents = {f"a{i}": replace(view, name=f"a{i}") for i, view in enumerate(drawn)}
    waiting = [
        WaitingCall(call_id=UUID(int=n), members=tuple(f"a{i}" for i in sorted(want)))
        for n, want in enumerate(wants)
    ]
    given_to = assign(waiting, agents)
    assert len(set(given_to.values())) == len(given_to), "an agent goes to one call"
    assert all(is_free(agents[name]) for name in given_to.values())
    for position, call in enumerate(waiting):
        if call.call_id in given_to:
            continue
        older = {given_to[c.call_id] for c in waiting[:position] if c.call_id in given_to}
        left = [m for m in call.members if m in agents and is_free(agents[m]) and m not in older]
        assert not left, "a call goes without only when older calls have all its agents"


def test_of_a_large_queue_the_trace_names_those_next_in_line_and_counts_the_rest() -> None:
    members = [agent(f"agent{n}", load=float(50 - n)) for n in range(50)]
    talking = replace(members[49], state=AgentState.TALKING)
    asked = RouteQuestion(
        call_id=CALL, at=AT, agents=(*members[:49], talking), owner="agent0", has_card=True, waited_s=0.0
    )
    decision = decide(asked, QUEUE)
    named = [line.values["agent"] for line in decision.trace if line.code == Code.CONSIDERED]
    assert len(named) == NAMED
    assert named[0] == decision.agent == "agent0"
    assert "agent48" in named and "agent49" not in named
    (more,) = [line for line in decision.trace if line.code == Code.CONSIDERED_MORE]
    assert more.values == {"count": 42, "free": 41}
