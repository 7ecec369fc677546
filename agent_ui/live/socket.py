"""One reader's WebSocket, written to without waiting.

Frames go straight to the transport: when its buffer is empty, asyncio hands the bytes to the kernel
within the call, so an event is on its way before the caller goes on. The transport's buffer is the
socket's only queue, and bounded: a reader who leaves more than `LIMIT` bytes unread is cut and
resyncs. Neither order nor the pace of others ever depends on a slow reader.
"""

from __future__ import annotations

import asyncio
from enum import IntEnum

from agent_ui.live.faces import JSON, Face
from crm_core.people.model import Reader

LIMIT = 1 << 20  # bytes


class Close(IntEnum):
    """Close codes (RFC 6455 section 7.4; 4000 and up are ours)."""

    GOING_AWAY = 1001
    POLICY = 1008
    INTERNAL = 1011
    NOT_SIGNED_IN = 4401
    TOO_SLOW = 4408


class LiveSocket:
    """The sending half of one WebSocket. *ended* resolves when the house wants it closed; *told* is the
    number of the last event of the stream that this reader has been told, or was not to be told, *ticks* how
    many signs of life the house had given by the last that it sent here; *face* puts what is told into the
    form this reader asked for.
    """

    def __init__(
        self, transport: asyncio.Transport, reader: Reader, face: Face = JSON, *, limit: int = LIMIT
    ) -> None:
        self.reader = reader
        self.face = face
        self.told = 0
        self.ticks = 0
        self.ended: asyncio.Future[Close] = asyncio.get_running_loop().create_future()
        self._transport = transport
        self._limit = limit

    def send(self, payload: bytes) -> bool:
        """Hand one text message to the transport; False when the socket is (now) at its end."""
        if self.ended.done() or self._transport.is_closing():
            return False
        if self._transport.get_write_buffer_size() > self._limit:
            self.end(Close.TOO_SLOW)
            return False
        self._transport.write(text_frame(payload))
        return True

    def end(self, code: Close) -> None:
        """Ask for the socket to be closed; the first reason stays."""
        if not self.ended.done():
            self.ended.set_result(code)

    def abort(self) -> None:
        """Drop the connection and whatever is still unsent."""
        self._transport.abort()


def text_frame(payload: bytes) -> bytes:
    """An unmasked, unfragmented text frame of a server (RFC 6455 section 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 1 << 16:
        return b"\x81\x7e" + size.to_bytes(2) + payload
    return b"\x81\x7f" + size.to_bytes(8) + payload
