"""A live feed as an agent's desk has it: every frame with the moment it came, folded into one view."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode

from crm_core.live.view import LiveView


class _Socket(ClientConnection):
    """Notes when each message was read from the socket, as SIP peers do of their datagrams."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.arrivals: deque[float] = deque()

    def process_event(self, event: Any) -> None:
        if getattr(event, "opcode", None) is Opcode.TEXT:
            self.arrivals.append(time.monotonic())
        super().process_event(event)


@dataclass(frozen=True, slots=True)
class Heard:
    """One frame. *at* is when it came, by `time.monotonic()`: the clock of the SIP peers."""

    at: float
    event: str
    data: dict[str, Any]


class Feed:
    """One socket; `frames` keeps all that came, *view* what it amounts to."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token
        self.frames: list[Heard] = []
        self.view = LiveView()
        self._news = asyncio.Condition()
        self._reader: asyncio.Task[None] | None = None
        self._socket: _Socket | None = None

    async def __aenter__(self) -> Self:
        headers = {"Authorization": f"Bearer {self._token}"}
        socket = await connect(self._url, additional_headers=headers, proxy=None, create_connection=_Socket)
        assert isinstance(socket, _Socket)
        self._socket = socket
        self._reader = asyncio.create_task(self._read(socket), name="feed")
        await self.heard("snapshot")
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._socket is not None and self._reader is not None
        await self._socket.close()
        await self._reader

    async def heard(
        self, event: str, fits: Callable[[dict[str, Any]], bool] = lambda data: True, timeout: float = 20.0
    ) -> Heard:
        """The first frame, past or to come, of this event that *fits*. Raises TimeoutError."""
        async with asyncio.timeout(timeout), self._news:
            while True:
                for frame in self.frames:
                    if frame.event == event and fits(frame.data):
                        return frame
                await self._news.wait()

    def picture(self) -> tuple[object, ...]:
        """What is shown now, to be compared with another feed's."""
        view = self.view
        return view.calls, view.agents, view.queues, view.health

    async def _read(self, socket: _Socket) -> None:
        try:
            async for text in socket:
                at = socket.arrivals.popleft()
                self.view.apply(text)
                frame = json.loads(text)
                async with self._news:
                    self.frames.append(Heard(at, frame["event"], frame["data"]))
                    self._news.notify_all()
        except ConnectionClosed:
            pass  # the house went down before the feed was closed: the journey says what it missed
