"""One agent, live: what was chosen, what rings and talks, which devices can be reached."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from callrouter.acd.activity import Activity
from crm_core.people.model import Device, Person
from crm_core.presence.events import AgentStateChanged
from crm_core.presence.model import NEVER, AgentState, Presence, Unreachable, shown_state
from crm_core.routing.model import AgentView

_LOAD_STEP = 0.5  # minutes; a smaller change of load alone is not worth an event


@dataclass(slots=True)
class LiveDevice:
    """One device: what was seen of it, and whether we count it out."""

    device: Device
    up: bool | None = None  # None: nothing seen yet
    out_until: datetime | None = None  # counted out: it did not ring when dialled
    silences: int = 0  # how often in a row it did not ring, since it last rang or registered
    contacts: set[str] = field(default_factory=set)  # addresses it has been heard to register

    @property
    def reachable(self) -> bool:
        """Whether dialling it can make sense."""
        return self.out_until is None and self.up is not False


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
    talks_since: datetime | None = None  # the talk they have now, as its call says
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
        seen = [device for device in self.devices.values() if device.up is not None or device.out_until]
        return any(device.reachable for device in seen) if seen else None

    def unreachable(self) -> tuple[Unreachable | None, datetime | None]:
        """Why no device can be reached, and until when at the latest, where that is known."""
        if self.reachable:
            return None, None
        out = (device.out_until for device in self.devices.values() if device.up is not False)
        until = min((end for end in out if end is not None), default=None)
        return (Unreachable.NO_PHONE if until is None else Unreachable.DID_NOT_RING), until

    def _since(self, state: AgentState, wall: datetime) -> datetime:
        """When *state*, new to us, began: it may have been there before us."""
        began: datetime | None = None
        if state is AgentState.TALKING:
            began = self.talks_since
        elif self.said is None and state in (AgentState.BREAK, AgentState.OFFLINE):
            began = self.presence.since if self.presence.since > NEVER else None
        return wall if began is None else min(began, wall)

    def news(self, wall: datetime, now: float, pbx: str, *, again: bool) -> AgentStateChanged | None:
        """What the world must hear, remembered as said; None: nothing new, and it need not be said *again*.

        *wall* and *now* are the same moment on both clocks.
        """
        state, said = self.state(wall), self.said
        if state is not self.activity.state:
            self.activity.switch(state, now)
            if state is AgentState.AVAILABLE:
                self.idle_since = now
            self.view = None
        unreachable, unreachable_until = self.unreachable()
        fresh = AgentStateChanged(
            at=wall,
            pbx=pbx,
            agent=self.name,
            state=state,
            reason=self.presence.reason if state is AgentState.BREAK else None,
            since=self._since(state, wall),
            call_id=next(iter(self.legs), None),
            load=self.activity.load(now, self.open_cards),
            devices_up=self.devices_up(),
            until=self.presence.wrap_up_until if state is AgentState.WRAP_UP else None,
            unreachable=unreachable,
            unreachable_until=unreachable_until,
        )
        if said is not None:
            if (said.state, said.call_id) == (fresh.state, fresh.call_id):
                fresh = replace(fresh, since=said.since)
            same = replace(fresh, id=said.id, at=said.at, load=said.load) == said
            if same and not again and abs(said.load - fresh.load) < _LOAD_STEP:
                return None
        self.said = fresh
        return fresh
