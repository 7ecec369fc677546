"""Asterisk's WebSocket as the proxy meets it: asks everybody for a password, does what a test says."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from aiohttp import WSMsgType, web

from tests.fakes.sip.message import Request, parse, reply


class WsSwitch:
    """`async with WsSwitch() as switch`. Listens on 127.0.0.1; every message is kept."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.silent = False  # as while it starts: sockets are taken, SIP is not answered
        self.address = ""
        app = web.Application()
        app.router.add_get("/ws", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}/ws"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.end()
        await self._runner.cleanup()

    async def end(self) -> None:
        """End every connection, as when the switch is stopped."""
        await asyncio.gather(*(ws.close(code=1001) for ws in self.sockets))

    async def say(self, text: str) -> None:
        """Send *text* to the newest phone."""
        await self.sockets[-1].send_str(text)

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(protocols=("sip",), timeout=0.2)
        await ws.prepare(request)
        assert ws.ws_protocol == "sip"
        self.sockets.append(ws)
        async for frame in ws:
            if frame.type is not WSMsgType.TEXT or self.silent:
                continue
            message = parse(frame.data.encode())
            if isinstance(message, Request) and message.uri == "sip:pbx.invalid":
                await ws.send_str(reply(message, 401, tag="switch").to_bytes().decode())
            else:
                self.heard.append(frame.data)
        self.sockets.remove(ws)
        return ws
