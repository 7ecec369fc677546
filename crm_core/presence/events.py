"""What happened to agents' states."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from crm_core.bus.event import Event, register
from crm_core.presence.model import AgentState, Presence, Unreachable


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStateChosen(Event):
    """A person chose a state (by API, dialled code or device). The router folds it into the shown one."""

    presence: Presence
    by: str


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStateChanged(Event):
    """The shown state of an agent changed; said by the router only."""

    agent: str
    state: AgentState
    reason: str | None
    since: datetime
    call_id: UUID | None = None
    load: float = 0.0
    devices_up: bool | None = None  # None: no device has been seen yet
    until: datetime | None = None  # when a wrap-up ends
    unreachable: Unreachable | None = None
    unreachable_until: datetime | None = None  # at the latest; None: until a phone is heard of
