"""The plain connections of the call path: a stack of idle ones, and no work at taking or giving back.

asyncpg's own pool makes a task at each release and asks the server to reset a session that nobody changed:
dearer than most of the statements in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any


class HotPool:
    """At most *size* connections, made by *connect* when first needed. Belongs to one event loop."""

    def __init__(self, connect: Callable[[], Awaitable[Any]], size: int) -> None:
        self._connect = connect
        self._room = asyncio.Semaphore(size)
        self._idle: list[Any] = []
        self._closed = False

    async def take(self) -> Any:
        """A connection, the one given back last if any is idle. Raises what *connect* raises."""
        await self._room.acquire()
        try:
            while self._idle:
                connection = self._idle.pop()
                if not connection.is_closed():
                    return connection
            return await self._connect()
        except BaseException:
            self._room.release()
            raise

    def give_back(self, connection: Any, *, sound: bool) -> None:
        """Done with *connection*; one that is not *sound* may be in the middle of something and is cut."""
        if not sound or self._closed or connection.is_in_transaction():
            connection.terminate()
        elif not connection.is_closed():
            self._idle.append(connection)
        self._room.release()

    async def close(self) -> None:
        """Say goodbye on idle connections; those in use are cut when they are given back."""
        self._closed = True
        idle, self._idle = self._idle, []
        await asyncio.gather(*(connection.close() for connection in idle))
