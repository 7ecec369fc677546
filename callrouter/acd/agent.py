"""One agent, live: what was chosen, what rings and talks, which devices can be reached."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from callrouter.acd.activity import Activity
from crm_core.people.model import Device, Person
from crm_core.presence.events import AgentStateChanged
from crm_core.presence.model import AgentState, Presence, shown_state
from crm_core.routing.model import AgentView


@dataclass(slots=True)
class LiveDevice:
    """One device: what was seen of it, and whether we count it out."""

    device: Device
    up: bool | None = None  # None: nothing seen yet
    out: bool = False  # it did not ring when dialled; until seen again
    contacts: set[str] = field(default_factory=set)  # addresses it has been heard to register

    @property
    def reachable(self) -> bool:
        """Whether dialling it can make sense."""
        return not self.out and self.up is not False


@dataclass(slots=True)
class LiveAgent:
    """One agent. *legs* are calls with a live leg: True is talking or holding, False is ringing."""

    person: Person
    presence: Presence
    devices: dict[str, LiveDevice]
    idle_since: float
    legs: dict[UUID, bool] = field(default_factory=dict)
    activity: Activity = field(default_factory=Activity)
    open_cards: int = 0
    reserved: bool = False
    said: AgentStateChanged | None = None
    view: AgentView | None = None  # as last made; None: something has changed
    view_until: float = 0.0  # monotonic

    @property
    def name(self) -> str:
        """The agent's name (slug)."""
        return self.person.name

    @property
    def reachable(self) -> bool:
        """At least one device is not known to be out."""
        return any(device.reachable for device in self.devices.values())

    @property
    def dial(self) -> str:
        """What Dial() gets: every device that is not known to be out."""
        return "&".join(f"PJSIP/{name}" for name, device in self.devices.items() if device.reachable)

    def state(self, now: datetime) -> AgentState:
        """The shown state."""
        talking = any(self.legs.values())
        return shown_state(self.presence, ringing=bool(self.legs) and not talking, talking=talking, now=now)

    def devices_up(self) -> bool | None:
        """Whether a device is up; None when none has been seen."""
        seen = [device for device in self.devices.values() if device.up is not None or device.out]
        return any(device.reachable for device in seen) if seen else None
