"""Ended calls: how long they are kept for late items, and which are done for good."""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from callrouter.tracking.record import CallRecord

KEEP = timedelta(minutes=5)  # how long an ended call waits for late items
KEEP_SETTLED = timedelta(seconds=30)  # the same, when the ledger has spoken
MAX_ENDED = 400  # ended calls kept at most; older ones are in the database
MAX_DONE = 4096  # ids whose late items are not taken for a new call


class Shelf(Enum):
    """Where an ended call waits."""

    ENDED = auto()
    SETTLED = auto()


class Shelves:
    """Ids of ended calls in the order in which their time is over, and of calls that are done."""

    def __init__(self) -> None:
        self._ended: deque[tuple[datetime, UUID]] = deque()
        self._settled: deque[tuple[datetime, UUID]] = deque()
        self._done: OrderedDict[UUID, None] = OrderedDict()

    def file(self, record: CallRecord, at: datetime) -> None:
        """Start the time after which an ended call is dropped; a shorter one when it is settled."""
        if record.ended and record.shelf is None:
            record.shelf = Shelf.ENDED
            self._ended.append((at + KEEP, record.id))
        if record.settlement is not None and record.shelf is not Shelf.SETTLED:
            record.shelf = Shelf.SETTLED
            self._settled.append((at + KEEP_SETTLED, record.id))

    def next_due(self, at: datetime) -> UUID | None:
        """Take a call whose time is over, or one too many; None: there is none. It may be dropped already."""
        for shelf in (self._settled, self._ended):
            if shelf and (shelf[0][0] <= at or len(shelf) > MAX_ENDED):
                return shelf.popleft()[1]
        return None

    def done(self, call_id: UUID) -> None:
        """The call is over and done with."""
        self._done[call_id] = None
        if len(self._done) > MAX_DONE:
            self._done.popitem(last=False)

    def is_done(self, call_id: UUID) -> bool:
        """Whether what comes of this call is late, and not a new one."""
        return call_id in self._done
