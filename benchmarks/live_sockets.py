"""Agents' live sockets read at the moment that matters: what has the kernel when the phone's INVITE is here?

A WebSocket client in the loop of the phones would be asked in that loop's own order. These are plain
sockets: whoever has an INVITE in hand first takes from the agent's socket what lies there already.
"""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import time
from dataclasses import dataclass
from datetime import datetime

import msgspec

from callcard.settings import Listen

_PING, _PONG = 0x9, 0x8A  # section 5.5; the pong with its FIN bit


@dataclass(frozen=True, slots=True)
class SeenOffer:
    """An offer as it was read. Both moments are seconds since the epoch."""

    call: str
    reserved_at: float
    read_at: float

    @property
    def delay(self) -> float:
        """Seconds from the decision until it was read."""
        return self.read_at - self.reserved_at


class AgentSocket:
    """The live feed of one agent. *offers*: by the caller's number."""

    def __init__(self, connection: socket.socket) -> None:
        self.offers: dict[str, SeenOffer] = {}
        self._connection = connection
        self._unread = b""
        connection.setblocking(False)
        asyncio.get_running_loop().add_reader(connection, self.read)

    @classmethod
    async def open(cls, address: Listen, token: str) -> AgentSocket:
        """Connected, the answer to the handshake read (RFC 6455 section 4.1)."""
        connection = await asyncio.to_thread(_shake_hands, address, token)
        return cls(connection)

    def read(self) -> None:
        """Take what has arrived."""
        try:
            while data := self._connection.recv(1 << 16):
                self._unread += data
        except BlockingIOError:
            pass
        while (frame := self._frame()) is not None:
            self._take(*frame)

    def close(self) -> None:
        """Hang up."""
        asyncio.get_running_loop().remove_reader(self._connection)
        self._connection.close()

    def _frame(self) -> tuple[int, bytes] | None:
        """The next whole message with its opcode: a server's frames are unmasked and here never split
        (section 5.2).
        """
        if len(self._unread) < 2:
            return None
        size, begin = self._unread[1], 2
        if size >= 126:
            begin += 2 if size == 126 else 8
            size = int.from_bytes(self._unread[2:begin])
        if len(self._unread) < begin + size:
            return None
        opcode, frame = self._unread[0] & 0x0F, self._unread[begin : begin + size]
        self._unread = self._unread[begin + size :]
        return opcode, frame

    def _take(self, opcode: int, frame: bytes) -> None:
        if opcode == _PING:  # who does not answer is taken for gone
            self._connection.sendall(bytes((_PONG, 0x80 | len(frame))) + bytes(4) + frame)  # masked by zeros
            return
        if b'"call.offered"' not in frame[:100]:
            return
        call = msgspec.json.decode(frame)["data"]
        reserved = datetime.fromisoformat(call["offer"]["reserved_at"]).timestamp()
        self.offers.setdefault(call["from"], SeenOffer(call["id"], reserved, time.time()))


def _shake_hands(address: Listen, token: str) -> socket.socket:
    connection = socket.create_connection((address.host, address.port), timeout=5)
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall(
        f"GET /live HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        f"Authorization: Bearer {token}\r\n\r\n".encode()
    )
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte:
            raise ConnectionError(head.decode(errors="replace"))
        head += byte
    if b" 101 " not in head:
        raise ConnectionError(head.decode(errors="replace"))
    return connection
