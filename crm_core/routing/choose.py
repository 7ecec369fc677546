"""Who takes the call: pure, deterministic, and able to say why.

Order of preference: the card's owner, when available (member of the queue or not: knowing the customer
outranks the rota); else the available member with the least load; among equals the longest idle; among
those the first in the office file. Nobody is offered the same call twice in one round. A call that waits
longer is served first: see `assign`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from crm_core.calls.model import TraceLine
from crm_core.calls.trace import Code, line
from crm_core.presence.model import AgentState
from crm_core.queues.model import Overflow, Queue
from crm_core.routing.model import Action, AgentView, Decision, RouteQuestion, WaitingCall

NAMED = 8  # agents the trace names one by one; of a large queue the rest is counted


def decide(question: RouteQuestion, queue: Queue) -> Decision:
    """Answer *question*. The trace says who was considered, in order, with the reason of each."""
    judged = [(agent, obstacle(agent, question)) for agent in _in_order(question)]
    free = [agent for agent, why in judged if why is None]
    owner = next((agent for agent in free if agent.name == question.owner), None)
    trace = _considerations(question, judged)
    if question.owner is None and question.has_card:
        trace.insert(0, line(question.at, Code.OWNER_NONE))
    elif question.owner is not None and all(a.name != question.owner for a in question.agents):
        trace.insert(0, _owner_line(question, "not_a_member"))
    if free and len(question.offered) < queue.max_offers:
        return _dial(question, queue, owner, free, trace)
    return _nobody(question, queue, trace)


def obstacle(agent: AgentView, question: RouteQuestion) -> str | None:
    """Why *agent* cannot be offered this call, as a word of the trace; None when nothing is in the way."""
    # What this call itself did comes first: who has just refused it may still be shown as ringing.
    if agent.name in question.offered:
        return "offered_already"
    if agent.name in question.excluded:
        return "transferred_away"
    if agent.state is not AgentState.AVAILABLE:
        return agent.state.value
    if not agent.reachable:
        return "unreachable"
    if agent.reserved:
        return "reserved"
    if agent.name in question.claimed:
        return "older_call_waits"
    return None


def is_free(agent: AgentView) -> bool:
    """Whether *agent* could take some call now."""
    return agent.state is AgentState.AVAILABLE and agent.reachable and not agent.reserved


def assign(waiting: Iterable[WaitingCall], agents: Mapping[str, AgentView]) -> dict[UUID, str]:
    """Which free agent each waiting call has the right to: call → agent.

    *waiting* is in order of right, oldest first, over all queues. Each call takes its best free agent
    before the next is looked at, so queues that share agents are served in one line. The freed agent's
    caller comes from here, and so does what a newcomer must leave alone.
    """
    free = {name: agent for name, agent in agents.items() if is_free(agent)}
    taken: dict[UUID, str] = {}
    for call in waiting:
        if not free:
            break
        if call.owner in free and call.owner not in call.skip:
            chosen = free[call.owner]
        else:
            candidates = [free[m] for m in call.members if m in free and m not in call.skip]
            if not candidates:
                continue
            chosen = least_loaded(candidates)
        taken[call.call_id] = chosen.name
        del free[chosen.name]
    return taken


def least_loaded(candidates: Sequence[AgentView]) -> AgentView:
    """The least loaded; among equals the longest idle, among those the first. *candidates* is not empty."""
    return min(candidates, key=lambda agent: (agent.load, agent.idle_since))


def _in_order(question: RouteQuestion) -> list[AgentView]:
    """The owner first, then members as the office file has them."""
    if question.owner is None:
        return list(question.agents)
    return sorted(question.agents, key=lambda agent: agent.name != question.owner)


def _dial(
    question: RouteQuestion,
    queue: Queue,
    owner: AgentView | None,
    free: list[AgentView],
    trace: list[TraceLine],
) -> Decision:
    at = question.at
    if owner is not None:
        chosen = owner
        trace.append(line(at, Code.CHOSEN_OWNER, agent=chosen.name))
    else:
        chosen = least_loaded(free)
        trace.append(line(at, Code.CHOSEN_LEAST_LOADED, agent=chosen.name, load=chosen.load))
        if sum(agent.load == chosen.load for agent in free) > 1:
            trace.append(line(at, Code.TIE_LONGEST_IDLE, agent=chosen.name))
    return Decision(
        action=Action.DIAL, agent=chosen.name, dial=chosen.dial, ring_s=queue.ring_s, trace=tuple(trace)
    )


def _nobody(question: RouteQuestion, queue: Queue, trace: list[TraceLine]) -> Decision:
    """Wait while somebody is logged in and the caller has not waited too long; else overflow."""
    if all(agent.state is AgentState.OFFLINE for agent in question.agents):
        trace.append(line(question.at, Code.OVERFLOW_NO_AGENTS, queue=queue.name))
    elif question.waited_s >= queue.max_wait_s:
        seconds = int(question.waited_s)
        trace.append(line(question.at, Code.OVERFLOW_MAX_WAIT, queue=queue.name, seconds=seconds))
    else:
        if len(question.offered) >= queue.max_offers:
            trace.append(line(question.at, Code.ROUND_OVER, count=len(question.offered)))
        else:
            trace.append(line(question.at, Code.WAITS, queue=queue.name))
        return Decision(action=Action.WAIT, trace=tuple(trace))
    action = Action.VOICEMAIL if queue.overflow is Overflow.VOICEMAIL else Action.HANGUP
    return Decision(action=action, trace=tuple(trace))


def _owner_line(question: RouteQuestion, why: str | None) -> TraceLine:
    if why is None:
        return line(question.at, Code.OWNER_AVAILABLE, owner=question.owner)
    return line(question.at, Code.OWNER_NOT_AVAILABLE, owner=question.owner, why=why)


def _considerations(
    question: RouteQuestion, judged: Sequence[tuple[AgentView, str | None]]
) -> list[TraceLine]:
    """Who was considered: all of a small queue; of a large one the owner, those next in line, and a count.

    A trace travels with each event of its call, and nobody reads fifty lines of it.
    """
    named = judged
    if len(judged) > NAMED:
        by_right = {one[0].name for one in sorted(judged, key=lambda one: _right(question, *one))[:NAMED]}
        named = [one for one in judged if one[0].name in by_right]
    trace: list[TraceLine] = []
    for agent, why in named:
        if agent.name == question.owner:
            trace.append(_owner_line(question, why))
        trace.append(_considered(question, agent, why))
    if len(named) < len(judged):
        free = sum(why is None for _, why in judged) - sum(why is None for _, why in named)
        count = len(judged) - len(named)
        trace.append(line(question.at, Code.CONSIDERED_MORE, count=count, free=free))
    return trace


def _right(question: RouteQuestion, agent: AgentView, why: str | None) -> tuple[bool, bool, float, float]:
    """Sorts those nearest to the call first."""
    return agent.name != question.owner, why is not None, agent.load, agent.idle_since


def _considered(question: RouteQuestion, agent: AgentView, why: str | None) -> TraceLine:
    state = why or AgentState.AVAILABLE.value
    return line(question.at, Code.CONSIDERED, agent=agent.name, state=state, load=agent.load)
