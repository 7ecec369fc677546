"""What several screens say of the floor: who is there and in which state, and whether that may be old."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crm_core.health import HealthState
from crm_core.live.model import LiveAgent
from crm_core.live.projection import LiveState
from crm_core.live.visibility import sees
from crm_core.people.model import Reader

# Without these nothing is heard of the PBX.
SWITCH = ("ami.listener", "router")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentView:
    """An agent. *load* as the router weighs it; *reachable*: a phone of theirs is on."""

    name: str
    title: str
    extension: str | None
    state: str
    reason: str | None
    since: datetime
    load: float
    reachable: bool


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
        reachable=shown.devices_up is not False,
    )


def seen_agents(state: LiveState, reader: Reader) -> list[LiveAgent]:
    """All agents the reader may see, by how they are called."""
    seen = (each for each in state.agents.values() if sees(reader, each, state.directory))
    return sorted(seen, key=lambda each: (each.title, each.name))


def down_since(state: LiveState, *parts: str) -> datetime | None:
    """Since when one of these parts of the house is down; None: all work."""
    found = (state.health[name] for name in parts if name in state.health)
    return min((part.since for part in found if part.state is HealthState.DOWN), default=None)
