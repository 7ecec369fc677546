"""What several screens say of the floor: who is there and in which state, and whether that may be old."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crm_core.health import HealthState
from crm_core.live.model import LiveAgent
from crm_core.live.projection import LiveState
from crm_core.live.visibility import sees
from crm_core.people.model import Reader
from crm_core.presence.model import AgentState

# Without these nothing is heard of the PBX.
SWITCH = ("ami.listener", "router")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentView:
    """An agent. *load* as the router weighs it; *unreachable*: why no call would reach them, though at work,
    and until when at the latest.
    """

    name: str
    title: str
    extension: str | None
    state: str
    reason: str | None
    since: datetime
    load: float
    unreachable: str | None
    unreachable_until: datetime | None


def agent_view(shown: LiveAgent) -> AgentView:
    """*shown* as a row."""
    return AgentView(
        name=shown.name,
        title=shown.title,
        extension=shown.extension,
        state=shown.state.value,
        reason=shown.reason,
        since=shown.since,
        load=round(shown.load, 1),
        unreachable=out_of_reach(shown),
        unreachable_until=shown.unreachable_until,
    )


def out_of_reach(shown: LiveAgent) -> str | None:
    """Why no call would reach *shown*; None also for who is offline, of whom nobody expects it."""
    if shown.unreachable is None or shown.state is AgentState.OFFLINE:
        return None
    return shown.unreachable.value


def seen_agents(state: LiveState, reader: Reader) -> list[LiveAgent]:
    """All agents the reader may see, by how they are called."""
    seen = (each for each in state.agents.values() if sees(reader, each, state.directory))
    return sorted(seen, key=lambda each: (each.title, each.name))


def down_since(state: LiveState, *parts: str) -> datetime | None:
    """Since when one of these parts of the house is down; None: all work."""
    found = (state.health[name] for name in parts if name in state.health)
    return min((part.since for part in found if part.state is HealthState.DOWN), default=None)
