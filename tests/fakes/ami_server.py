"""An AMI peer that speaks the wire, and misbehaves on request: for tests and benchmarks.

Behaviour copied from Asterisk 22: the banner, `FullyBooted` after login without SystemName, pushed events
with it, list replies with `EventList` marks and `ListItems`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
SYSTEM = "cc-7d0f3b9a"
Headers = dict[str, str]
Answer = Callable[[Headers], bytes | None]


def frame(*lines: str) -> bytes:
    """Lines as one AMI frame."""
    return "\r\n".join([*lines, "", ""]).encode()


def event(name: str, *lines: str, systemname: str = SYSTEM) -> bytes:
    """A pushed event as Asterisk writes it."""
    return frame(f"Event: {name}", "Privilege: call,all", f"SystemName: {systemname}", *lines)


def channel(number: int, name: str = "PJSIP/city-0000000a", *, prefix: str = "", **changes: str) -> list[str]:
    """The channel block of channel *number*; *changes* by header name, as Asterisk spells it."""
    headers = {
        "Channel": name,
        "ChannelState": "6",
        "ChannelStateDesc": "Up",
        "CallerIDNum": "+74955550142",
        "CallerIDName": "Ivan Primer",
        "ConnectedLineNum": "<unknown>",
        "ConnectedLineName": "<unknown>",
        "Language": "en",
        "AccountCode": "",
        "Context": "cc-route",
        "Exten": "s",
        "Priority": "1",
        "Uniqueid": f"{SYSTEM}-1795287447.{number}",
        "Linkedid": f"{SYSTEM}-1795287447.{number}",
    }
    headers.update(changes)
    variables = [f"{prefix}ChanVariable: {name}=" for name in ("CC_CALL", "CC_OFFER", "CC_AGENT")]
    return [f"{prefix}{header}: {value}" for header, value in headers.items()] + variables


class AmiServer:
    """Set the attributes before a client connects, or while it is connected.

    *secret*: the right one. *refusal*: (Response, Message) for every login, if set. *booted*: send
    FullyBooted after login. *silent*: read, but answer and send nothing (half-open). *rows*: list action →
    its row frames, each without ActionID. *answers*: action → reply bytes (None: no reply).
    """

    def __init__(self, secret: str = "s3cret", systemname: str = SYSTEM) -> None:
        self.secret = secret
        self.systemname = systemname
        self.refusal: tuple[str, str] | None = None
        self.booted = True
        self.silent = False
        self.uptime = 100
        self.rows: dict[str, list[list[str]]] = {
            "CoreShowChannels": [],
            "QueueStatus": [],
            "DeviceStateList": [],
        }
        self.answers: dict[str, Answer] = {}
        self.received: list[Headers] = []
        self.logins = 0
        self.port = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> AmiServer:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen on a free loopback port, or on the same one as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and every session."""
        if self._server is not None:
            self._server.close()
        await self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def cut(self) -> None:
        """End every session as a killed Asterisk would."""
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0)

    def push(self, data: bytes) -> None:
        """Send raw bytes to every session that logged in, unless silent."""
        if not self.silent:
            for writer in self._writers:
                writer.write(data)

    def named(self, action: str) -> list[Headers]:
        """The actions of that name received so far."""
        return [headers for headers in self.received if headers.get("Action") == action]

    async def wait_for(self, action: str, count: int = 1) -> list[Headers]:
        """Wait until *count* actions of that name came in."""
        async with self._changed, asyncio.timeout(20):
            await self._changed.wait_for(lambda: len(self.named(action)) >= count)
        return self.named(action)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        writer.write(BANNER)
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handle: Callable[[Headers, asyncio.StreamWriter], Awaitable[bool]] = self._login
        while True:
            raw = await reader.readuntil(b"\r\n\r\n")
            lines = raw.decode().strip().split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines if ": " in line)
            self.received.append(headers)
            async with self._changed:
                self._changed.notify_all()
            if self.silent:
                continue
            if not await handle(headers, writer):
                return
            handle = self._answer
            await writer.drain()

    async def _login(self, headers: Headers, writer: asyncio.StreamWriter) -> bool:
        self.logins += 1
        own = f"ActionID: {headers['ActionID']}"
        refusal = self.refusal
        if refusal is None and headers.get("Secret") != self.secret:
            refusal = ("Error", "Authentication failed")
        if refusal is not None:
            writer.write(frame(f"Response: {refusal[0]}", own, f"Message: {refusal[1]}"))
            await writer.drain()
            return False
        writer.write(frame("Response: Success", own, "Message: Authentication accepted"))
        if self.booted and headers.get("Events") == "on":
            writer.write(
                frame(
                    "Event: FullyBooted", "Privilege: system,all", f"Uptime: {self.uptime}", "LastReload: 1"
                )
            )
        self._writers.add(writer)
        return True

    async def _answer(self, headers: Headers, writer: asyncio.StreamWriter) -> bool:
        name, action_id = headers["Action"], f"ActionID: {headers['ActionID']}"
        if name in self.answers:
            reply = self.answers[name](headers)
            if reply is not None:
                writer.write(reply)
        elif name in self.rows:
            writer.write(frame("Response: Success", action_id, "EventList: start", "Message: follows"))
            for first, *rest in self.rows[name]:
                writer.write(frame(first, action_id, *rest))
            items = len(self.rows[name])
            writer.write(
                frame(f"Event: {name}Complete", action_id, "EventList: Complete", f"ListItems: {items}")
            )
        else:
            writer.write(frame("Response: Success", action_id, f"Message: {name} done"))
        return True


def live_channel(number: int, name: str = "PJSIP/city-0000000a", **changes: str) -> list[str]:
    """A CoreShowChannels row."""
    tail = ["Application: Dial", "ApplicationData: x", "Duration: 00:01:05", "BridgeId: "]
    return ["Event: CoreShowChannel", *channel(number, name, **changes), *tail]
