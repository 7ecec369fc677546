"""A plain AMI client for tests: what an account is told and what it is answered, nothing interpreted."""

from __future__ import annotations

import asyncio
from typing import Self

Frame = dict[str, str]


class AmiTap:
    """One login. Events are kept in order; `action` returns the response."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.events: list[Frame] = []
        self.raw = bytearray()
        self._responses: dict[str, asyncio.Future[Frame]] = {}
        self._changed = asyncio.Event()
        self._sequence = 0
        self._task = asyncio.create_task(self._read(), name="ami-tap")

    @classmethod
    async def login(cls, port: int, user: str, secret: str) -> Self:
        """Connect and log in. Raises PermissionError."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readline()
        tap = cls(reader, writer)
        answer = await tap.action("Login", Username=user, Secret=secret)
        if answer.get("Response") != "Success":
            await tap.close()
            raise PermissionError(answer.get("Message", ""))
        return tap

    async def action(self, name: str, **fields: str) -> Frame:
        """Send an action, wait for its response."""
        self._sequence += 1
        action_id = f"tap-{self._sequence}"
        future: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._responses[action_id] = future
        lines = [
            f"Action: {name}",
            f"ActionID: {action_id}",
            *(f"{key}: {value}" for key, value in fields.items()),
        ]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        async with asyncio.timeout(20):
            return await future

    async def event(self, timeout: float = 20.0, **wanted: str) -> Frame:
        """The first event, past or to come, whose fields are all as *wanted*. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            while True:
                for frame in self.events:
                    if all(frame.get(key) == value for key, value in wanted.items()):
                        return frame
                self._changed.clear()
                await self._changed.wait()

    def steps(self, step: str) -> list[Frame]:
        """Marks of the dialplan seen so far."""
        return [f for f in self.events if f.get("UserEvent") == "Callcard" and f.get("Step") == step]

    async def close(self) -> None:
        """End the session."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._writer.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def _read(self) -> None:
        while True:
            try:
                raw = await self._reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            self.raw += raw
            frame: Frame = {}
            for line in raw.decode(errors="replace").split("\r\n"):
                key, _, value = line.partition(":")
                if key:
                    frame[key] = value.strip()
            if "Event" in frame:
                self.events.append(frame)
                self._changed.set()
            elif (future := self._responses.pop(frame.get("ActionID", ""), None)) and not future.done():
                future.set_result(frame)
