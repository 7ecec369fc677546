"""Asks devices that were counted out whether they are there: by OPTIONS, which the switch sends for us.

The switch says nothing of an answer as long as the last one was good, too. What it does keep is how long the
last one took, in microseconds: another figure is another answer. The same one by chance costs a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol

import structlog

from crm_core.errors import CallcardError

log = structlog.get_logger(__name__)

Known = dict[str, int | None]  # address of a device -> microseconds of its last answer; None: it is silent


class Actor(Protocol):
    """The actor's link (callrouter.ami.actions.Actor)."""

    async def contacts(self, endpoint: str) -> tuple[str, ...]: ...
    async def round_trip_us(self, contact: str) -> int | None: ...
    async def qualify(self, endpoint: str) -> bool: ...


class Probes:
    """One task for each device that is asked; it ends with the answer, or when nobody wants to know."""

    def __init__(self, actor: Actor, *, every_s: float = 1.0, limit: int = 100) -> None:
        """*limit*: more devices than that at once are not asked; they get their next try by time alone."""
        self._actor = actor
        self._every_s = every_s
        self._limit = limit
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def begin(self, endpoint: str, answered: Callable[[], None]) -> None:
        """Ask *endpoint* each second until `end`; *answered* is called once, when it has answered.

        One that has no address is not asked: when it registers, the switch says so.
        """
        if endpoint in self._tasks or len(self._tasks) >= self._limit:
            return
        task = asyncio.create_task(self._ask(endpoint, answered), name=f"probe {endpoint}")
        self._tasks[endpoint] = task
        task.add_done_callback(partial(self._ended, endpoint))

    def end(self, endpoint: str) -> None:
        """Ask no more; nothing happens when it was not asked."""
        task = self._tasks.pop(endpoint, None)
        if task is not None:
            task.cancel()

    async def stop(self) -> None:
        """Ask nobody any more."""
        tasks = tuple(self._tasks.values())
        for endpoint in tuple(self._tasks):
            self.end(endpoint)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, endpoint: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(endpoint) is task:
            del self._tasks[endpoint]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("probe died", endpoint=endpoint, error=repr(error))

    async def _ask(self, endpoint: str, answered: Callable[[], None]) -> None:
        before: Known | None = None
        while True:
            try:
                before = await self._known(endpoint) if before is None else before
                if not before:
                    return
                await self._actor.qualify(endpoint)
                await asyncio.sleep(self._every_s)
                now = await self._known(endpoint)
            except CallcardError as error:
                log.info("probe not carried out", endpoint=endpoint, code=error.code)
                await asyncio.sleep(self._every_s)
                continue
            if any(took is not None and took != before.get(contact) for contact, took in now.items()):
                answered()
                return
            before = now

    async def _known(self, endpoint: str) -> Known:
        contacts = await self._actor.contacts(endpoint)
        return {contact: await self._actor.round_trip_us(contact) for contact in contacts}
