"""The reader's side of the feed: frames in, what is happening now out. Used by `callcard watch`."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Raw, Struct

from crm_core.errors import BadInput
from crm_core.i18n import N_
from crm_core.live.model import (
    CallGone,
    Item,
    LiveAgent,
    LiveCall,
    LiveHealth,
    LiveQueue,
    LiveRecording,
    Snapshot,
    Tick,
)


class _RawFrame(Struct, frozen=True, kw_only=True):
    id: str
    event: str
    data: Raw


class LiveView:
    """Folds the frames of one socket. *last_id* is what to reconnect with (`?since=`)."""

    def __init__(self) -> None:
        self.last_id: str | None = None
        self.at: datetime | None = None
        self.calls: dict[UUID, LiveCall] = {}
        self.agents: dict[str, LiveAgent] = {}
        self.queues: dict[str, LiveQueue] = {}
        self.health: dict[str, LiveHealth] = {}

    def apply(self, text: str | bytes) -> tuple[str, Item | None]:
        """Fold one frame in; its event name and, where it is about one thing, that thing.

        Events of a name this version does not know are passed over. Raises BadInput when *text* is not
        a frame.
        """
        try:
            return self._apply(msgspec.json.decode(text, type=_RawFrame))
        except msgspec.MsgspecError as error:
            raise BadInput(N_("This is not a message of the live feed."), field="frame") from error

    def _apply(self, frame: _RawFrame) -> tuple[str, Item | None]:
        item: Item | None = None
        if frame.event == "snapshot":
            self._replace(msgspec.json.decode(frame.data, type=Snapshot))
        elif frame.event == "tick":
            self.at = msgspec.json.decode(frame.data, type=Tick).at
        elif frame.event == "call.gone":
            item = self.calls.pop(msgspec.json.decode(frame.data, type=CallGone).id, None)
        elif frame.event.startswith("call."):
            item = call = msgspec.json.decode(frame.data, type=LiveCall)
            if call.over:
                self.calls.pop(call.id, None)
            else:
                self.calls[call.id] = call
        elif frame.event == "agent.changed":
            item = agent = msgspec.json.decode(frame.data, type=LiveAgent)
            self.agents[agent.name] = agent
        elif frame.event == "queue.changed":
            item = queue = msgspec.json.decode(frame.data, type=LiveQueue)
            self.queues[queue.name] = queue
        elif frame.event == "health.changed":
            item = part = msgspec.json.decode(frame.data, type=LiveHealth)
            self.health[part.name] = part
        elif frame.event == "recording.settled":
            item = msgspec.json.decode(frame.data, type=LiveRecording)
        self.last_id = frame.id
        return frame.event, item

    def _replace(self, snapshot: Snapshot) -> None:
        self.at = snapshot.at
        self.calls = {call.id: call for call in snapshot.calls}
        self.agents = {agent.name: agent for agent in snapshot.agents}
        self.queues = {queue.name: queue for queue in snapshot.queues}
        self.health = {part.name: part for part in snapshot.health}
