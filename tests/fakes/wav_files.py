"""WAV files as Asterisk leaves them, for tests of the recordings room."""

from __future__ import annotations

import math
import struct
from array import array
from pathlib import Path
from uuid import UUID

from recordings.naming import Part, spooled_name
from recordings.wav import make_header

RATE = 8000


def tone(seconds: float, frequency: int = 440) -> bytes:
    """16-bit samples of a tone."""
    count = round(seconds * RATE)
    return array(
        "h", (round(8000 * math.sin(2 * math.pi * frequency * n / RATE)) for n in range(count))
    ).tobytes()


def silence(seconds: float) -> bytes:
    """16-bit samples of digital silence."""
    return bytes(2 * round(seconds * RATE))


def wav(sound: bytes, *, closed: bool = True) -> bytes:
    """A mono file; not *closed*: sizes 0, as while the call is up or after a crash."""
    header = bytearray(make_header(RATE, 1, len(sound)))
    if not closed:
        struct.pack_into("<I", header, 4, 0)
        struct.pack_into("<I", header, 40, 0)
    return bytes(header) + sound


def write(root: Path, call_id: UUID, part: Part, sound: bytes, *, closed: bool = True) -> Path:
    """The PBX's file of one call."""
    path = root / spooled_name(call_id, part)
    path.write_bytes(wav(sound, closed=closed))
    return path


def write_call(root: Path, call_id: UUID, seconds: float, *, closed: bool = True) -> None:
    """All three files of a call in which both sides speak."""
    write(root, call_id, Part.MIX, tone(seconds, 500), closed=closed)
    write(root, call_id, Part.CUSTOMER, tone(seconds, 440), closed=closed)
    write(root, call_id, Part.AGENT, tone(seconds, 600), closed=closed)
