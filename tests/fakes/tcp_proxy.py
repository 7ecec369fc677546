"""A TCP proxy that can lose a connection in each of the ways a network does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

Address = tuple[str, int]


class TcpProxy:
    """Passes bytes both ways between who connects to *listen* and *target*, until told otherwise.

    `stall()` keeps every connection open and passes nothing more (half-open: packets vanish);
    `refuse()` resets all and every new one at once; `pass_on()` is as at the beginning.
    """

    def __init__(self, listen: Address, target: Address) -> None:
        """Use `open`."""
        self.listen = listen
        self.target = target
        self.accepted = 0  # connections since the beginning, also those that were reset at once
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._refusing = False
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def open(cls, listen: Address, target: Address) -> AsyncIterator[Self]:
        """Listening inside, every connection cut after."""
        self = cls(listen, target)
        server = await asyncio.start_server(self._accept, *listen)
        try:
            yield self
        finally:
            server.close()
            self.reset()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def stall(self) -> None:
        """Pass nothing more in either direction, without closing anything."""
        self._flowing.clear()

    def pass_on(self) -> None:
        """Pass everything again. What was held back while stalled is lost: those connections are reset."""
        if not self._flowing.is_set():
            self.reset()
        self._refusing = False
        self._flowing.set()

    def refuse(self) -> None:
        """Reset every connection, and each new one as soon as it is made."""
        self._refusing = True
        self.reset()

    def reset(self) -> None:
        """Cut every connection now (RST); new ones are taken."""
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self._refusing:
            writer.transport.abort()
            return
        self._open.add(writer)
        try:
            there, back = await asyncio.open_connection(*self.target)
        except OSError:
            writer.transport.abort()
            return
        self._open.add(back)
        if writer.is_closing():  # reset while we connected
            back.transport.abort()
            return
        for source, sink in ((reader, back), (there, writer)):
            task = asyncio.create_task(self._pump(source, sink), name="tcp-proxy")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                await self._flowing.wait()
                sink.write(data)
                await sink.drain()
        except OSError:
            pass  # one side is gone: so is the other, next
        finally:
            sink.transport.abort() if source.exception() else sink.close()
            self._open.discard(sink)
