"""Writes recordings as Asterisk's MixMonitor does: sizes 0 until closed, 32 KiB at a time, deaf to errors."""

from __future__ import annotations

import struct
from pathlib import Path
from uuid import UUID

from recordings.naming import Part, spooled_name
from recordings.wav import make_header
from tests.fakes.wav_files import silence, tone

BUFFER = 32 << 10
CALL_PARTS = (Part.MIX, Part.CUSTOMER, Part.AGENT)


class MixMonitor:
    """The recording of one call. What cannot be written is lost without a word, as measured."""

    def __init__(self, root: Path, call_id: UUID) -> None:
        self._paths = {part: root / spooled_name(call_id, part) for part in CALL_PARTS}
        self._buffers = {part: bytearray() for part in CALL_PARTS}
        self._header = bytearray(make_header(8000, 1, 0))
        struct.pack_into("<I", self._header, 4, 0)
        for part in CALL_PARTS:
            self._append(part, bytes(self._header))

    def talk(self, seconds: float, *, customer: bool = True, agent: bool = True) -> None:
        """*seconds* of sound from those who speak; nobody: no packets, so nothing to write."""
        if not customer and not agent:
            return
        said = {
            Part.CUSTOMER: tone(seconds, 440) if customer else silence(seconds),
            Part.AGENT: tone(seconds, 600) if agent else silence(seconds),
            Part.MIX: tone(seconds, 500),
        }
        for part, sound in said.items():
            self._buffers[part] += sound
            whole = len(self._buffers[part]) // BUFFER * BUFFER
            self._append(part, bytes(self._buffers[part][:whole]))
            del self._buffers[part][:whole]

    def close(self) -> None:
        """The call is over: the rest is flushed and the sizes are written."""
        for part, path in self._paths.items():
            self._append(part, bytes(self._buffers[part]))
            if not path.exists() or path.stat().st_size < len(self._header):
                continue
            with path.open("r+b") as file:
                length = path.stat().st_size
                file.seek(4)
                file.write(struct.pack("<I", max(0, length - 8)))
                file.seek(40)
                file.write(struct.pack("<I", max(0, length - 44)))

    def _append(self, part: Part, data: bytes) -> None:
        try:
            with self._paths[part].open("ab", buffering=0) as file:
                file.write(data)
        except OSError:
            pass  # Asterisk logs and goes on with the call
