"""The leader's term: raised at the switch, so that answers of an older leader are refused there.

The actor's account lets one login in at a time. So whoever is logged in leads, and each login raises the
term: also after a restart of the PBX, which forgets it.
"""

from __future__ import annotations

from typing import Protocol

import structlog

from callrouter.acd.dispatcher import Dispatcher

log = structlog.get_logger(__name__)

TERM = "CC_TERM"
_HIGHEST = 2**31 - 1


class Globals(Protocol):
    """Global variables of the dialplan (callrouter.ami.actions.Actor)."""

    async def get_global(self, name: str) -> str | None: ...
    async def set_global(self, name: str, value: str) -> None: ...


class Leading:
    """Says to the dispatcher from when on its answers count."""

    def __init__(self, dispatcher: Dispatcher, switch: Globals) -> None:
        self._dispatcher = dispatcher
        self._switch = switch
        self._term: int | None = None
        self._in_the_picture = False

    @property
    def leads(self) -> bool:
        """Whether the dialplan is answered."""
        return self._dispatcher.term is not None

    async def raise_term(self) -> int:
        """Become the leader at the switch. Raises Unavailable."""
        stored = await self._switch.get_global(TERM)
        known = int(stored) if stored and stored.isdecimal() else 0
        term = max(known, self._term or 0) % _HIGHEST + 1
        await self._switch.set_global(TERM, str(term))
        self._term = term
        log.info("leading", term=term)
        self._tell()
        return term

    def in_the_picture(self) -> None:
        """Snapshot and presence are applied: from here decisions rest on what is."""
        self._in_the_picture = True
        self._tell()

    def resign(self) -> None:
        """At the end: say nothing more."""
        self._in_the_picture = False
        self._tell()

    def _tell(self) -> None:
        self._dispatcher.term = self._term if self._in_the_picture else None
        self._dispatcher.settle()
