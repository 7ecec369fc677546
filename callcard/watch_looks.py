"""The colours and marks of `callcard watch`: those of the desk and the board; a word stands beside each."""

from __future__ import annotations

from crm_core.calls.model import CallState
from crm_core.live.model import LiveAgent
from crm_core.presence.model import AgentState

BLUE, AMBER, GREEN, VIOLET, GREY, RED = "#4c8dff", "#f0a020", "#35b558", "#b06bf0", "#8a929c", "#e5484d"
AGENT_STYLES = {
    AgentState.AVAILABLE: ("●", BLUE),
    AgentState.RINGING: ("◉", AMBER),
    AgentState.TALKING: ("●", GREEN),
    AgentState.WRAP_UP: ("◐", VIOLET),
    AgentState.BREAK: ("●", GREY),
    AgentState.NOT_ANSWERING: ("✕", RED),
    AgentState.OFFLINE: ("○", GREY),
}
CALL_STYLES = {
    CallState.NEW: ("·", GREY),
    CallState.ROUTING: ("·", GREY),
    CallState.WAITING: ("◌", RED),
    CallState.OFFERED: ("◉", AMBER),
    CallState.TALKING: ("●", GREEN),
    CallState.HELD: ("‖", VIOLET),
    CallState.ENDED: ("✓", GREY),
}


def agent_style(agent: LiveAgent) -> tuple[str, str]:
    """Mark and colour of an agent: one whom no call would reach is not shown as free."""
    state = agent.state
    if state is AgentState.AVAILABLE and not agent.free:
        state = AgentState.NOT_ANSWERING
    return AGENT_STYLES[state]
