"""RTP (RFC 3550) as cheap as Python allows: one ticker per event loop sends and drains every stream."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import ClassVar
from weakref import WeakKeyDictionary

from tests.fakes.sip import tone
from tests.fakes.sip.message import Address
from tests.fakes.sip.sdp import Codec

PERIOD = 0.02
_PHASES = 4  # streams are spread over the period, so that SIP never waits behind all of them
_CATCH_UP = 10  # frames sent at once after a stall; more are skipped, as a phone does
_HEARD_FRAMES = 25  # half a second is kept for tone detection
_EVENTS = 101  # the payload type that our SDP gives to telephone-event
_DIGITS = "0123456789*#"


class RtpStream:
    """One end of one audio stream: sends a tone, counts and keeps the last half second heard."""

    def __init__(self, host: str, *, codec: Codec, frequency: int) -> None:
        self.codec = codec
        self.frequency = frequency
        self.sending = False
        self.sent = 0
        self.received = 0
        self.first_received_at: float | None = None
        self.last_received_at: float | None = None
        self.digits = ""  # keys that were pressed (RFC 4733)
        self._digit_stamp = b""
        self.on_sound: Callable[[bytes], None] | None = None  # each payload, as it is taken
        self._remote: Address | None = None
        self._heard: deque[bytes] = deque(maxlen=_HEARD_FRAMES)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((host, 0))
        self._ssrc = random.getrandbits(32)
        self.sequence = random.getrandbits(15)  # of the packet before; random at first (RFC 3550 5.1)
        self._started: float | None = None
        self._ticks = 0
        self._ticker: RtpTicker | None = None

    @property
    def address(self) -> Address:
        """Where we want RTP."""
        host, port = self._socket.getsockname()
        return str(host), int(port)

    def connect(self, remote: Address, codec: Codec, *, sending: bool) -> None:
        """Send to *remote* from the next tick on (nothing, when not *sending*) and listen."""
        self._remote, self.codec, self.sending = remote, codec, sending
        if self._ticker is None:
            self._ticker = RtpTicker.of_loop()
            self._ticker.add(self)

    def heard(self, candidates: Iterable[int]) -> int | None:
        """Which of the *candidates* (Hz) the last half second carries; None: none, or silence."""
        return tone.loudest(tone.decode(self.codec, b"".join(self._heard)), candidates)

    def strengths(self, candidates: Iterable[int]) -> dict[int, float]:
        """Share of the energy of the last half second at each of the *candidates* (Hz)."""
        samples = tone.decode(self.codec, b"".join(self._heard))
        return {frequency: round(tone.power(samples, frequency), 2) for frequency in candidates}

    def forget(self) -> None:
        """Drop what was heard, so that `heard` speaks of what comes now."""
        self._heard.clear()

    def close(self) -> None:
        """Stop and free the port."""
        if self._ticker is not None:
            self._ticker.remove(self)
        self._socket.close()

    def tick(self, now: float) -> None:
        """Send what is due and take what came."""
        if self._started is None:
            self._started = now
        due = int((now - self._started) / PERIOD) + 1
        if due - self._ticks > _CATCH_UP:
            self._ticks = due - 1
        while self._ticks < due:
            if self.sending:
                self._send()
            self._ticks += 1
        self._drain(now)

    def _send(self) -> None:
        payload = tone.frames(self.codec, self.frequency)[self._ticks % 50]
        self.sequence = (self.sequence + 1) & 0xFFFF
        stamp = self._ticks * tone.FRAME & 0xFFFFFFFF
        head = struct.pack("!BBHII", 0x80, int(self.codec), self.sequence, stamp, self._ssrc)
        assert self._remote is not None
        try:
            self._socket.sendto(head + payload, self._remote)
            self.sent += 1
        except OSError:
            pass  # the send buffer is full: a network would have lost the packet too

    def _drain(self, now: float) -> None:
        while True:
            try:
                packet = self._socket.recv(2048)
            except BlockingIOError:
                return
            if len(packet) >= 16 and packet[1] & 0x7F == _EVENTS:
                self._press(packet)
            if len(packet) <= 12 or packet[1] & 0x7F != self.codec:
                continue  # comfort noise, DTMF events
            self.received += 1
            self.last_received_at = now
            if self.first_received_at is None:
                self.first_received_at = now
            self._heard.append(packet[12:])
            if self.on_sound is not None:
                self.on_sound(packet[12:])

    def _press(self, packet: bytes) -> None:
        """A key's last packet, which comes three times with one timestamp."""
        stamp, event, ends = packet[4:8], packet[12], packet[13] & 0x80
        if ends and stamp != self._digit_stamp and event < len(_DIGITS):
            self._digit_stamp = stamp
            self.digits += _DIGITS[event]


class RtpTicker:
    """The one timer of an event loop. Its task lives while there are streams."""

    _by_loop: ClassVar[WeakKeyDictionary[asyncio.AbstractEventLoop, RtpTicker]] = WeakKeyDictionary()

    def __init__(self) -> None:
        self._phases: list[dict[RtpStream, None]] = [{} for _ in range(_PHASES)]
        self._task: asyncio.Task[None] | None = None

    @classmethod
    def of_loop(cls) -> RtpTicker:
        """The ticker of the running loop."""
        return cls._by_loop.setdefault(asyncio.get_running_loop(), cls())

    def add(self, stream: RtpStream) -> None:
        """Serve *stream* from now on."""
        min(self._phases, key=len)[stream] = None
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run(), name="rtp-ticker")

    def remove(self, stream: RtpStream) -> None:
        """Forget *stream*; the last one ends the task."""
        for phase in self._phases:
            phase.pop(stream, None)
        if self._task is not None and not any(self._phases):
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        step, due = 0, time.monotonic()
        while True:
            now = time.monotonic()
            for stream in tuple(self._phases[step % _PHASES]):
                stream.tick(now)
            step += 1
            due = max(due + PERIOD / _PHASES, now - PERIOD)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
