"""The live regions of the board: a tile for each queue, a row for each agent, the calls that go on."""

from __future__ import annotations

from agent_ui.board.views import BoardCall, BoardCallsView, TileView
from agent_ui.desk.regions import agent, house
from agent_ui.live.screens import Own, Screen, Shared, about_calls, about_health
from crm_core.calls.model import CallState, Direction
from crm_core.live.directory import Directory
from crm_core.live.model import LiveCall
from crm_core.live.projection import LiveState
from crm_core.live.visibility import sees
from crm_core.people.model import Reader
from crm_core.presence.model import AgentState

SHOWN_CALLS = 60


def tile(state: LiveState, name: str) -> TileView:
    """One queue's tile."""
    queue = state.queues[name]
    return TileView(
        name=queue.name,
        title=queue.title,
        waiting=queue.waiting,
        oldest_at=queue.oldest_waiting_at,
        free=queue.agents.get(AgentState.AVAILABLE, 0),
        agents=sum(count for each, count in queue.agents.items() if each is not AgentState.OFFLINE),
        offered=queue.offered,
        answered=queue.answered,
        abandoned=queue.abandoned,
        service_level=queue.service_level,
        service_level_s=queue.service_level_s,
    )


def calls(state: LiveState, reader: Reader) -> BoardCallsView:
    """The calls the reader may see."""
    seen = [call for call in state.calls.values() if sees(reader, call, state.directory)]
    seen.sort(key=lambda call: (call.state is not CallState.WAITING, call.started_at, call.id))
    shown = tuple(_call(call, state.directory) for call in seen[:SHOWN_CALLS])
    return BoardCallsView(calls=shown, more=len(seen) - len(shown))


def _call(call: LiveCall, directory: Directory) -> BoardCall:
    agent = call.agent or (call.offer.agent if call.offer is not None else None)
    number = call.to if call.direction is Direction.OUT else call.from_number
    return BoardCall(
        id=call.id,
        state=call.state.value,
        since=call.state_since,
        number=number,
        name=call.customer_title if call.customer_title != number else None,
        queue=directory.titles.get(call.queue, call.queue) if call.queue is not None else None,
        agent=directory.titles.get(agent, agent) if agent is not None else None,
        direction=call.direction.value,
    )


BOARD = Screen(
    name="board",
    own=(
        Own(id="house", template="desk/house.html", view=house, concerns=about_health),
        Own(id="calls", template="board/calls.html", view=calls, concerns=about_calls),
    ),
    agent=Shared(prefix="agent-", template="desk/agent.html", view=agent),
    queue=Shared(prefix="queue-", template="board/tile.html", view=tile),
)
