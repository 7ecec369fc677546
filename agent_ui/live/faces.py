"""How one socket is told of what happens: as data (this module) or as pieces of a screen (`html`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from crm_core.live.projection import LiveState
from crm_core.live.stream import NumberedEvent, frame, frames_for
from crm_core.people.model import Reader


class Face(Protocol):
    """*steady*: what happens may be gathered for a moment and told at once (`rounds.PACE_S`). *pops*: its
    page shows the reader's own offers, and says when it does (`crm_core.showing`).
    """

    @property
    def steady(self) -> bool: ...
    @property
    def pops(self) -> bool: ...

    def snapshot(self, state: LiveState, reader: Reader, id_: str, at: datetime) -> bytes:
        """All that *reader* may see, as the event *id_* left it."""
        ...

    def changes(self, events: Sequence[NumberedEvent], state: LiveState, reader: Reader) -> Iterable[bytes]:
        """What *reader* gets of *events*, the next after those told before; *state* is as they, or later ones
        that are told next, left it.
        """
        ...


class JsonFace:
    """Each event as it is: `{id, event, data}`, for programs."""

    steady = pops = False

    def snapshot(self, state: LiveState, reader: Reader, id_: str, at: datetime) -> bytes:
        """The whole view as data."""
        return frame(id_, "snapshot", state.snapshot(reader, at))

    def changes(self, events: Sequence[NumberedEvent], state: LiveState, reader: Reader) -> Iterable[bytes]:
        """One frame for each event that *reader* may know of."""
        return frames_for(events, reader, state.directory)


JSON = JsonFace()
