"""Numbering: ids `<boot>-<n>`, a bounded memory for `?since=`, and what each reader is sent of an event.

A client that comes back within the memory gets what it missed; any other id (another boot, too old,
nonsense) gets a snapshot. Ids have gaps for a reader: what they may not see is numbered too.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Iterable, Iterator

import msgspec

from crm_core.live.directory import Directory
from crm_core.live.model import CallGone, Circle, Frame, LiveCall, LiveEvent, LiveHealth
from crm_core.live.visibility import as_seen, belongs, circles, sees
from crm_core.people.model import Reader

KEPT_EVENTS = 2000

_encode = msgspec.json.Encoder().encode


class LiveStream:
    """The numbered events of this boot, the last *kept* of them in memory."""

    def __init__(self, *, kept: int = KEPT_EVENTS, boot: str | None = None) -> None:
        self.boot = boot or secrets.token_hex(4)
        self._events: deque[NumberedEvent] = deque(maxlen=kept)
        self._last = 0

    @property
    def last(self) -> int:
        """Number of the newest event, 0 before the first."""
        return self._last

    @property
    def last_id(self) -> str:
        """Id of the newest event: what a snapshot taken now is numbered with."""
        return self.id_of(self._last)

    def id_of(self, number: int) -> str:
        """Id of the event of *number*."""
        return f"{self.boot}-{number}"

    def add(self, events: Iterable[LiveEvent]) -> list[NumberedEvent]:
        """Number *events* and remember them."""
        numbered = []
        for event in events:
            self._last += 1
            numbered.append(NumberedEvent(self.id_of(self._last), event))
        self._events.extend(numbered)
        return numbered

    def forget(self) -> None:
        """Drop the memory: the office changed, so what was kept cannot be judged by today's rules."""
        self._events.clear()
        self._last += 1

    def after(self, number: int, until: int | None = None) -> list[NumberedEvent] | None:
        """Events after the one of *number*, up to that of *until* or all; None when those are no longer (or
        not yet) known.
        """
        missed = self._last - number
        if not 0 <= missed <= len(self._events):
            return None
        later = 0 if until is None else max(0, self._last - until)
        return [self._events[index] for index in range(-missed, -later)]

    def number(self, id_: str) -> int | None:
        """The number in an id of this boot; None for any other text."""
        boot, _, number = id_.rpartition("-")
        if boot != self.boot or not (number.isascii() and number.isdigit()) or len(number) > 18:
            return None
        return int(number)


class NumberedEvent:
    """One event with its id; the bytes most readers get are made once, at the first who needs them."""

    __slots__ = ("_circles", "_gone", "_shown", "event", "id")

    def __init__(self, id_: str, event: LiveEvent) -> None:
        self.id = id_
        self.event = event
        self._shown: bytes | None = None
        self._gone: bytes | None = None
        self._circles: tuple[Circle, ...] | None = None

    def shown_to(self, reader: Reader, directory: Directory) -> bool:
        """Whether *reader* may see what the event left."""
        after = self.event.after
        if isinstance(after, LiveHealth):
            return sees(reader, after, directory)
        if self._circles is None:
            self._circles = circles(after, directory, self.event.about)
        return belongs(reader, self._circles)

    def for_reader(self, reader: Reader, directory: Directory) -> bytes | None:
        """The frame *reader* gets, None when the event is not theirs to know."""
        if self.shown_to(reader, directory):
            after = as_seen(reader, self.event.after, directory)
            if after is not self.event.after:
                return frame(self.id, self.event.name, after)
            if self._shown is None:
                self._shown = frame(self.id, self.event.name, self.event.after)
            return self._shown
        before = self.event.before
        if isinstance(self.event.after, LiveCall) and before is not None and sees(reader, before, directory):
            if self._gone is None:
                self._gone = frame(self.id, "call.gone", CallGone(id=self.event.after.id))
            return self._gone
        return None

    def release(self) -> None:
        """Let the bytes go once everybody present has them; a late asker has them made again."""
        self._shown = self._gone = None


def frame(id_: str, event: str, data: object) -> bytes:
    """One message of the feed: JSON in UTF-8."""
    return _encode(Frame(id=id_, event=event, data=data))


def frames_for(events: Iterable[NumberedEvent], reader: Reader, directory: Directory) -> Iterator[bytes]:
    """What *reader* gets of *events*."""
    for event in events:
        made = event.for_reader(reader, directory)
        if made is not None:
            yield made
