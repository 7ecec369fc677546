"""The port to whoever makes the demo's callers ring, and how often they may be asked to."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from crm_core.errors import Conflict

PAUSE = timedelta(seconds=2)
WINDOW = timedelta(minutes=1)
MOST = 6  # rings in a WINDOW


class Ringing(StrEnum):
    """Who is to call."""

    KNOWN = "known"
    NEW = "new"
    WITHHELD = "withheld"


class Bell(Protocol):
    """Makes the PBX call itself. *seat*: the person whose phone rings."""

    @property
    def seat(self) -> str: ...

    async def ring(self, who: Ringing) -> None:
        """Return when the call is on its way. Raises Unavailable."""
        ...


class TooSoon(Conflict):
    """The last caller has only just been sent. Try again in a moment."""

    code = "too_soon"
    status = 429


class Patience:
    """Lets a ring through every PAUSE, and at most MOST in a WINDOW."""

    def __init__(self) -> None:
        self._rung: deque[datetime] = deque(maxlen=MOST)

    def spend(self, now: datetime) -> None:
        """Count one ring. Raises TooSoon."""
        if self._rung and now - self._rung[-1] < PAUSE:
            raise TooSoon
        if len(self._rung) == MOST and now - self._rung[0] < WINDOW:
            raise TooSoon
        self._rung.append(now)
