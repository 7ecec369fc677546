"""Asterisk's side of FastAGI: asks a question as `AGI()` does, and can misbehave on request.

Behaviour copied from Asterisk 22: the order of the environment, answers of SET VARIABLE, several lines
for a usage error, `HANGUP` twice and out of band, 511 on a dead channel.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

_SET = re.compile(r'SET VARIABLE (\w+) "((?:[^"\\]|\\.)*)"')

UNIQUEID = "cc-7d0f3b9a-1795287447.33"


def environment(
    script: str,
    *args: str,
    uniqueid: str = UNIQUEID,
    callerid: bytes = b"+74955550142",
    name: bytes = b"Ivan",
) -> bytes:
    """The environment Asterisk writes for a PJSIP channel that asks *script*."""
    lines = [
        b"agi_network: yes",
        b"agi_network_script: " + script.encode(),
        b"agi_request: agi://127.0.0.1/" + script.encode(),
        b"agi_channel: PJSIP/city-0000000a",
        b"agi_language: en",
        b"agi_type: PJSIP",
        b"agi_uniqueid: " + uniqueid.encode(),
        b"agi_version: 22.10.1",
        b"agi_callerid: " + callerid,
        b"agi_calleridname: " + name,
        b"agi_callingpres: 0",
        b"agi_dnid: 74955550100",
        b"agi_rdnis: unknown",
        b"agi_context: cc-route",
        b"agi_extension: s",
        b"agi_priority: 6",
        b"agi_enhanced: 0.0",
        b"agi_accountcode: 1db60a3c-fe87-4472-88c2-a714c809a6b2",
        b"agi_threadid: 1",
    ]
    lines += [b"agi_arg_%d: %s" % (n, arg.encode()) for n, arg in enumerate(args, 1)]
    return b"\n".join([*lines, b"", b""])


class AgiCall:
    """One connection. *variables* are the channel's, as the router left them; *commands* what it sent.

    *replies*: an answer of the test's own by command line; it may return None for the usual one.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.variables: dict[str, str] = {}
        self.commands: list[str] = []
        self.replies: Callable[[str], bytes | None] = lambda _line: None
        self.closed = asyncio.Event()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def connect(self) -> None:
        """Open the connection and say nothing yet."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)

    def write(self, data: bytes) -> None:
        """Send raw bytes."""
        assert self._writer is not None
        self._writer.write(data)

    async def ask(self, data: bytes) -> dict[str, str]:
        """Send the environment and answer commands until the router closes; the variables it left."""
        if self._writer is None:
            await self.connect()
        self.write(data)
        async with asyncio.timeout(20):
            await self.serve()
        return self.variables

    async def serve(self) -> None:
        """Answer commands until the router closes the connection, or its half of it; then close ours."""
        assert self._reader is not None and self._writer is not None
        try:
            while line := await self._reader.readline():
                command = line.decode().rstrip("\n")
                self.commands.append(command)
                reply = self.replies(command)
                self._writer.write(self._usual(command) if reply is None else reply)
        except ConnectionError:
            pass  # cut off: as good as closed
        self._writer.close()
        self.closed.set()

    def close(self) -> None:
        """Hang up the connection itself."""
        assert self._writer is not None
        self._writer.transport.abort()
        self.closed.set()

    def _usual(self, command: str) -> bytes:
        if found := _SET.fullmatch(command):
            self.variables[found[1]] = re.sub(r"\\(.)", r"\1", found[2])
            return b"200 result=1\n"
        return b"510 Invalid or unknown command\n"
