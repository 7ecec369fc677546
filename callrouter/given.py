"""What the router is given by the wiring: where the PBX is, and the services it stands on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from callrouter.acd import cards
from callrouter.acd.core import Limits
from callrouter.acd.ports import PresenceKeeper
from crm_core.calls.events import CallEvent
from crm_core.calls.model import Call
from crm_core.errors import Unavailable
from crm_core.presence.model import Presence

T = TypeVar("T")

_LOAD_S = 3.0  # for what a start reads from the database; then the local copy does


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterSettings:
    """Where the PBX is and how it is spoken to. *systemname* is the PBX's secret token, None: none."""

    pbx: str
    ami_host: str
    ami_port: int
    listener_user: str
    listener_secret: str = field(repr=False)
    actor_user: str
    actor_secret: str = field(repr=False)
    systemname: str | None = None
    agi_host: str = "127.0.0.1"
    agi_port: int = 4573
    agi_token: str = field(repr=False)
    presence_cache: Path | None = None
    limits: Limits = field(default_factory=Limits)


class Presences(PresenceKeeper, Protocol):
    """What is used of crm_core.presence.service.PresenceService."""

    async def load_all(self) -> dict[str, Presence]: ...


class Customers(cards.CustomerService, Protocol):
    """What is used of crm_core.customers.service.CustomerService."""

    async def count_provisional(self) -> dict[str, int]: ...


class Journal(Protocol):
    """What is used of crm_core.calls: where calls are kept."""

    async def record(self, events: Sequence[CallEvent], *, heard: bool = False) -> None:
        """Keep what happened, in the database or the spool. Raises Unavailable when neither can."""
        ...

    async def open_calls(self) -> Sequence[Call]:
        """Calls that had not ended when this process began. Raises Unavailable."""
        ...

    async def owing_calls(self) -> Sequence[Call]:
        """Finished calls whose card, or whose card's owner, may be owed. Raises Unavailable."""
        ...

    async def spooled_calls(self) -> Sequence[Call]:
        """Of those, what is known without the database. Raises Unavailable."""
        ...


async def in_time(reading: Awaitable[T]) -> T | None:
    """What is read from the database at a start; None while it is away."""
    try:
        async with asyncio.timeout(_LOAD_S):
            return await reading
    except (TimeoutError, Unavailable):
        return None
