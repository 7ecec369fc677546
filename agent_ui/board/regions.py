"""The live regions of the board: a tile for each queue, a row for each agent, who waits, the floor in a line.

Agents look too, at their own office: they see states and figures, not who talks with whom.
"""

from __future__ import annotations

from collections import Counter

from agent_ui.board.views import (
    AgentRowView,
    AgentsView,
    Caller,
    Company,
    LostLink,
    TilesView,
    TileView,
    TotalsView,
    WaitingView,
)
from agent_ui.live.floor import SWITCH, agent_view, down_since, seen_agents
from agent_ui.live.news import News
from agent_ui.live.screens import (
    Own,
    Screen,
    Shared,
    about_calls,
    about_health,
    never,
    of_agents_and_calls,
    of_queues_and_health,
)
from agent_ui.parties import party_of
from crm_core.calls.model import CallState, Direction
from crm_core.live.directory import Directory
from crm_core.live.model import LiveAgent, LiveCall
from crm_core.live.projection import LiveState
from crm_core.live.visibility import sees
from crm_core.people.model import Reader, Role
from crm_core.presence.model import AgentState

SHOWN_CALLERS = 30
VERY_LATE = 3  # times the queue's own goal: with the usual 20 s, a minute
GOAL = 0.8  # of the service level
FULL_LOAD = 10.0
BUSY = frozenset({AgentState.RINGING, AgentState.TALKING, AgentState.WRAP_UP})
LEADERS = frozenset({Role.SUPERVISOR, Role.ADMIN})


def lost_link(state: LiveState) -> LostLink | None:
    """The link to the PBX, when it is lost."""
    since = down_since(state, *SWITCH)
    return LostLink(pbx=state.directory.pbx, since=since) if since is not None else None


def tile(state: LiveState, name: str, _role: Role) -> TileView:
    """One queue's tile."""
    queue = state.queues[name]
    below = queue.service_level is not None and queue.service_level < GOAL
    return TileView(
        name=queue.name,
        title=queue.title,
        waiting=queue.waiting,
        oldest_at=queue.oldest_waiting_at,
        free=queue.free,
        agents=sum(count for each, count in queue.agents.items() if each is not AgentState.OFFLINE),
        answered=queue.answered,
        abandoned=queue.abandoned,
        service_level=queue.service_level,
        service_level_s=queue.service_level_s,
        late_s=queue.service_level_s,
        very_late_s=queue.service_level_s * VERY_LATE,
        tone="warning" if below else None,
        lost=lost_link(state),
    )


def tiles(state: LiveState, reader: Reader) -> TilesView:
    """The tiles of all queues the reader may see."""
    seen = [queue for queue in state.queues.values() if sees(reader, queue, state.directory)]
    return TilesView(tiles=tuple(tile(state, queue.name, reader.role) for queue in seen))


def agent_row(state: LiveState, name: str, role: Role) -> AgentRowView:
    """One agent's row."""
    shown, leads = state.agents[name], role in LEADERS
    return AgentRowView(
        agent=agent_view(shown),
        company=_company(state, shown) if leads else None,
        queues=tuple(state.directory.titles.get(queue, queue) for queue in shown.queues),
        full_load=FULL_LOAD,
        talks=shown.talks_today,
        mean_talk_s=shown.mean_talk_s,
        leads=leads,
        lost=lost_link(state) is not None,
    )


def agents(state: LiveState, reader: Reader) -> AgentsView:
    """The rows of all agents the reader may see."""
    return AgentsView(
        agents=tuple(agent_row(state, each.name, reader.role) for each in seen_agents(state, reader)),
        leads=reader.role in LEADERS,
    )


def waiting(state: LiveState, reader: Reader) -> WaitingView:
    """Calls that wait and that the reader may see."""
    seen = [
        call
        for call in state.calls.values()
        if call.state is CallState.WAITING and sees(reader, call, state.directory)
    ]
    seen.sort(key=lambda call: (call.started_at, call.id))
    shown = tuple(_caller(call, state.directory, reader.role) for call in seen[:SHOWN_CALLERS])
    return WaitingView(callers=shown, more=len(seen) - len(shown))


def totals(state: LiveState, reader: Reader) -> TotalsView:
    """The floor that the reader may see, in one line."""
    agents = seen_agents(state, reader)
    states = Counter(agent.state for agent in agents)
    busy = sum(states[each] for each in BUSY)
    at_hand = busy + states[AgentState.AVAILABLE] + states[AgentState.NOT_ANSWERING]
    queues = (queue for queue in state.queues.values() if sees(reader, queue, state.directory))
    return TotalsView(
        talking=states[AgentState.TALKING],
        waiting=sum(queue.waiting for queue in queues),
        free=sum(agent.free for agent in agents),
        busy=round(busy / at_hand, 2) if at_hand else None,
        lost=lost_link(state),
    )


def about_the_floor(news: News, _state: LiveState, _reader: Reader) -> bool:
    """Anybody's state, any queue, or a part of the house changed."""
    return bool(news.agents or news.queues) or news.health


def _company(state: LiveState, agent: LiveAgent) -> Company | None:
    """The other side of the call *agent* talks in, else of the one that rings."""
    calls = state.seats.calls(agent.name)
    if not calls:
        return None
    call = next((call for call in calls if call.id == agent.call_id), calls[0])
    queue = state.directory.titles.get(call.queue, call.queue) if call.queue is not None else None
    outgoing = call.direction is Direction.OUT
    return Company(
        call=call.id,
        party=party_of(call, state.directory, agent.name),
        queue=queue,
        outgoing=outgoing,
        calling=outgoing and call.answered_at is None,
    )


def _caller(call: LiveCall, directory: Directory, role: Role) -> Caller:
    queue = directory.queues.get(call.queue or "")
    goal = queue.service_level_s if queue is not None else 20
    return Caller(
        id=call.id,
        since=call.started_at,
        party=party_of(call, directory),
        queue=directory.titles.get(call.queue or "", call.queue or ""),
        owner=directory.titles.get(call.owner, call.owner) if call.owner is not None else None,
        late_s=goal,
        very_late_s=goal * VERY_LATE,
        readable=role in LEADERS,
    )


BOARD = Screen(
    name="board",
    own=(
        Own(id="totals", template="board/totals.html", view=totals, concerns=about_the_floor),
        Own(id="tiles", template="board/tiles.html", view=tiles, concerns=never),
        Own(id="agents", template="board/agents.html", view=agents, concerns=about_health),
        Own(id="waiting", template="board/waiting.html", view=waiting, concerns=about_calls),
    ),
    agent=Shared(prefix="agent-", template="board/agent.html", view=agent_row, concerns=of_agents_and_calls),
    queue=Shared(prefix="queue-", template="board/tile.html", view=tile, concerns=of_queues_and_health),
)
