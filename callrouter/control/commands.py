"""What we ask the switch to do to live channels: sent at once, believed only when the fact arrives.

What was sent without an answer may have happened, and is never sent again: whoever gave the command looks
at the facts (a pull that brings nobody ends by its own deadline).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from crm_core.errors import CallcardError

log = structlog.get_logger(__name__)

_UNKNOWN = "outcome_unknown"

Action = Callable[[str], Awaitable[bool]]  # of a channel's name; False: the switch says no


class Actor(Protocol):
    """The actor's link (callrouter.ami.actions.Actor)."""

    async def redirect_to_offer(self, channel: str) -> bool: ...
    async def hangup_leg(self, channel: str) -> bool: ...


class Commands:
    """Sends commands side by side, at most *limit* at once: one silent answer must not hold the next."""

    def __init__(
        self, actor: Actor, *, is_up: Callable[[], bool], limit: int = 200, timeout_s: float = 2.0
    ) -> None:
        self._actor = actor
        self._is_up = is_up
        self._limit = limit
        self._timeout_s = timeout_s
        self._tasks: set[asyncio.Task[None]] = set()

    def pull(self, channel: str, refused: Callable[[], None]) -> bool:
        """Redirect a waiting caller to `cc-offer`; *refused* is called when the switch says no."""
        return self._give("pull", channel, self._actor.redirect_to_offer, refused)

    def hang_up(self, channel: str) -> bool:
        """End one dialled leg; one that is gone already is as good."""
        return self._give("hang up", channel, self._actor.hangup_leg, lambda: None)

    async def stop(self) -> None:
        """Send nothing more; what is under way is left to the switch."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _give(self, kind: str, channel: str, action: Action, refused: Callable[[], None]) -> bool:
        if not self._is_up() or len(self._tasks) >= self._limit:
            return False
        task = asyncio.create_task(self._send(kind, channel, action, refused), name=f"{kind} {channel}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def _send(self, kind: str, channel: str, action: Action, refused: Callable[[], None]) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                done = await action(channel)
        except TimeoutError:
            log.warning("command not carried out", kind=kind, code=_UNKNOWN)
            return
        except CallcardError as error:
            log.warning("command not carried out", kind=kind, code=error.code)
            done = error.code == _UNKNOWN  # for all we know
        if not done:
            refused()
