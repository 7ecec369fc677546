"""Tones in G.711: made ahead of time for sending, found again by Goertzel's algorithm."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache

from tests.fakes.sip.sdp import Codec

RATE = 8000
FRAME = 160  # samples in 20 ms
PIECE = 400  # 50 ms: whole periods of every multiple of 20 Hz


def _ulaw_sample(code: int) -> int:
    """ITU-T G.711 µ-law code → 16-bit linear."""
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)
    return 0x84 - magnitude if code & 0x80 else magnitude - 0x84


def _alaw_sample(code: int) -> int:
    """ITU-T G.711 A-law code → 16-bit linear."""
    code ^= 0x55
    segment, magnitude = (code & 0x70) >> 4, (code & 0x0F) << 4
    magnitude = magnitude + 8 if segment == 0 else (magnitude + 0x108) << (segment - 1)
    return magnitude if code & 0x80 else -magnitude


@cache
def linear_table(codec: Codec) -> tuple[int, ...]:
    """16-bit sample of each of the 256 codes."""
    sample = _alaw_sample if codec is Codec.PCMA else _ulaw_sample
    return tuple(sample(code) for code in range(256))


def decode(codec: Codec, data: bytes) -> list[int]:
    """G.711 bytes → 16-bit samples."""
    table = linear_table(codec)
    return [table[code] for code in data]


@cache
def frames(codec: Codec, frequency: int, amplitude: int = 8000) -> tuple[bytes, ...]:
    """One second of a tone as 50 payloads of 20 ms; whole hertz repeat without a click. 0 Hz is silence."""
    table = linear_table(codec)
    nearest = sorted(range(256), key=lambda code: table[code])
    levels = [table[code] for code in nearest]

    def encode(value: float) -> int:
        low, high = 0, 255
        while low < high:
            middle = (low + high) // 2
            if levels[middle] < value:
                low = middle + 1
            else:
                high = middle
        return nearest[low]

    wave = (amplitude * math.sin(2 * math.pi * frequency * n / RATE) for n in range(RATE))
    second = bytes(encode(value) for value in wave)
    return tuple(second[at : at + FRAME] for at in range(0, RATE, FRAME))


def power(samples: list[int], frequency: float) -> float:
    """Share (0..1) of the energy of *samples* that lies at *frequency* (Goertzel).

    In pieces: a lost packet shifts the phase, and over the whole the tone would cancel itself out.
    """
    total = float(sum(value * value for value in samples))
    if total == 0:
        return 0.0
    turn = 2 * math.cos(2 * math.pi * frequency / RATE)
    energy = 0.0
    for begin in range(0, len(samples), PIECE):
        piece = samples[begin : begin + PIECE]
        before = last = 0.0
        for value in piece:
            before, last = last, value + turn * last - before
        energy += 2 * (last * last + before * before - turn * last * before) / len(piece)
    return min(1.0, energy / total)


def loudest(samples: list[int], candidates: Iterable[int], share: float = 0.3) -> int | None:
    """The candidate that carries most energy, None when none carries at least *share* of it."""
    strengths = {frequency: power(samples, frequency) for frequency in candidates}
    best = max(strengths, key=lambda frequency: strengths[frequency], default=None)
    return best if best is not None and strengths[best] >= share else None
