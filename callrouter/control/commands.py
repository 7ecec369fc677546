"""What we ask the switch to do to live channels: sent at once, believed only when the fact arrives.

A command is pending, then sent; a fact confirms it. Refused is failed; sent without an answer is unknown,
and is never sent again: whoever gave it looks at the facts (a pull that brings nobody ends by its own
deadline). Kept in memory, the newest only: what a command did to a call is in the call's own trace.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import structlog

from crm_core.clock import Clock
from crm_core.errors import CallcardError

log = structlog.get_logger(__name__)

_KEPT = 500


class CommandState(StrEnum):
    """Where a command stands."""

    PENDING = "pending"
    SENT = "sent"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class CommandKind(StrEnum):
    """What is asked for."""

    PULL = "pull"
    HANG_UP = "hang_up"


@dataclass(slots=True)
class Command:
    """One command and what became of it."""

    kind: CommandKind
    channel: str
    at: datetime
    state: CommandState = CommandState.PENDING


class Actor(Protocol):
    """The actor's link (callrouter.ami.actions.Actor)."""

    async def redirect_to_offer(self, channel: str) -> bool: ...
    async def hangup_leg(self, channel: str) -> bool: ...


class Commands:
    """Sends commands side by side, at most *limit* at once: one silent answer must not hold the next."""

    def __init__(
        self,
        actor: Actor,
        clock: Clock,
        *,
        is_up: Callable[[], bool],
        limit: int = 200,
        timeout_s: float = 2.0,
    ) -> None:
        self._actor = actor
        self._clock = clock
        self._is_up = is_up
        self._limit = limit
        self._timeout_s = timeout_s
        self._tasks: set[asyncio.Task[None]] = set()
        self.recent: deque[Command] = deque(maxlen=_KEPT)

    def pull(self, channel: str, refused: Callable[[], None]) -> bool:
        """Redirect a waiting caller to `cc-offer`; *refused* is called when the switch says no."""
        return self._give(CommandKind.PULL, channel, self._actor.redirect_to_offer, refused)

    def hang_up(self, channel: str) -> bool:
        """End one dialled leg; one that is gone already is as good."""
        return self._give(CommandKind.HANG_UP, channel, self._actor.hangup_leg, lambda: None)

    def confirm(self, kind: CommandKind, channel: str) -> None:
        """The fact is there: what was sent, or of unknown outcome, has happened."""
        for command in reversed(self.recent):
            if (command.kind, command.channel) == (kind, channel):
                command.state = CommandState.CONFIRMED
                return

    async def stop(self) -> None:
        """Send nothing more; what is under way is left to the switch."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _give(
        self,
        kind: CommandKind,
        channel: str,
        action: Callable[[str], Awaitable[bool]],
        refused: Callable[[], None],
    ) -> bool:
        if not self._is_up() or len(self._tasks) >= self._limit:
            return False
        command = Command(kind, channel, self._clock.now())
        self.recent.append(command)
        task = asyncio.create_task(self._send(command, action, refused), name=f"{kind.value} {channel}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def _send(
        self, command: Command, action: Callable[[str], Awaitable[bool]], refused: Callable[[], None]
    ) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                done = await action(command.channel)
        except TimeoutError:
            self._became(command, CommandState.UNKNOWN)
        except CallcardError as error:
            unknown = error.code == "outcome_unknown"
            self._became(command, CommandState.UNKNOWN if unknown else CommandState.FAILED)
            log.warning("command not carried out", kind=command.kind.value, code=error.code)
            if not unknown:
                refused()
        else:
            self._became(command, CommandState.SENT if done else CommandState.FAILED)
            if not done:
                refused()

    @staticmethod
    def _became(command: Command, state: CommandState) -> None:
        if command.state is CommandState.PENDING:  # the fact may have come before the answer
            command.state = state
