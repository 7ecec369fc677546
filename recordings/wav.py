"""WAV files as Asterisk writes them (RIFF, 16-bit PCM): headers read, repaired, two sides joined.

Asterisk leaves the sizes 0 until it closes the file, so a file of a call that is up, or of a PBX that
was killed, says that it is empty: the length of the file is the truth then.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

HEAD_BYTES = 4096  # the data chunk begins well before, also where another program wrote the file
_BLOCK = 1 << 18
_SAMPLE = 2


class NotWav(Exception):
    """The file is not 16-bit PCM WAV."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What stands before the sound. *declared*: bytes of sound the header claims."""

    rate: int
    channels: int
    data_at: int
    declared: int
    riff_size: int

    @property
    def frame(self) -> int:
        """Bytes of one moment in all channels."""
        return self.channels * _SAMPLE

    def duration_s(self, length: int) -> float:
        """Seconds of sound in a file of *length* bytes."""
        return max(0, length - self.data_at) // self.frame / self.rate

    def is_complete(self, length: int) -> bool:
        """Whether the sizes fit a file of *length* bytes (chunks after the sound are allowed)."""
        holds = length - self.data_at
        told = self.declared > 0 or holds < self.frame
        return told and self.riff_size == length - 8 and self.declared <= holds


def read_header(head: bytes) -> Header:
    """The header in the first bytes of a file. Raises NotWav."""
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        raise NotWav("no RIFF header")
    riff_size = struct.unpack_from("<I", head, 4)[0]
    at, form = 12, None
    while at + 8 <= len(head):
        name, size = struct.unpack_from("<4sI", head, at)
        if name == b"fmt " and at + 24 <= len(head):
            form = struct.unpack_from("<HHIIHH", head, at + 8)
        if name == b"data":
            if form is None:
                break
            kind, channels, rate, _, _, bits = form
            if kind != 1 or bits != 16 or not 1 <= channels <= 2 or rate == 0:
                raise NotWav("not 16-bit PCM")
            return Header(rate=rate, channels=channels, data_at=at + 8, declared=size, riff_size=riff_size)
        at += 8 + size + (size & 1)
    raise NotWav("no sound in the header")


def make_header(rate: int, channels: int, data_bytes: int) -> bytes:
    """The 44 bytes before *data_bytes* of 16-bit PCM. Sizes past 4 GiB are capped."""
    size = min(data_bytes, 0xFFFFFFFF - 36)
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * _SAMPLE, channels * _SAMPLE, 16)
    return (
        b"RIFF"
        + struct.pack("<I", size + 36)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + form
        + b"data"
        + struct.pack("<I", size)
    )


def repaired(head: bytes, length: int) -> bytes:
    """*head* with the sizes that a file of *length* bytes should have. Raises NotWav."""
    header = read_header(head)
    whole = (length - header.data_at) // header.frame * header.frame
    fixed = bytearray(head)
    struct.pack_into("<I", fixed, 4, min(length - 8, 0xFFFFFFFF))
    struct.pack_into("<I", fixed, header.data_at - 4, min(max(0, whole), 0xFFFFFFFF))
    return bytes(fixed)


def load_header(path: Path) -> tuple[Header, int]:
    """Header and length of the file at *path*. Raises NotWav, OSError."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    return read_header(head), path.stat().st_size


def repair(path: Path) -> bool:
    """Put the sizes of the file at *path* right. False when they are. Raises NotWav, OSError."""
    length = path.stat().st_size
    with path.open("r+b") as file:
        head = file.read(HEAD_BYTES)
        if read_header(head).is_complete(length):
            return False
        file.seek(0)
        file.write(repaired(head, length))
    return True


def samples(path: Path) -> Iterator[bytes]:
    """The sound of the file at *path* in blocks, by the length of the file. Raises NotWav, OSError."""
    header, length = load_header(path)
    left = (length - header.data_at) // header.frame * header.frame
    if header.declared:
        left = min(left, header.declared)
    with path.open("rb") as file:
        file.seek(header.data_at)
        while left > 0 and (block := file.read(min(_BLOCK, left))):
            left -= len(block)
            yield block


def is_silent(path: Path) -> bool:
    """Whether every sample is zero. Raises NotWav, OSError."""
    return all(block.count(0) == len(block) for block in samples(path))


def join(left: Path, right: Path, out: BinaryIO) -> float:
    """Write *left* and *right* (mono, same rate) as one stereo file; its seconds.

    The shorter side is filled with silence. Raises NotWav, OSError.
    """
    sides = [load_header(path) for path in (left, right)]
    (first, _), (second, _) = sides
    if first.rate != second.rate or first.channels != 1 or second.channels != 1:
        raise NotWav("the two sides do not fit together")
    seconds = max(header.duration_s(length) for header, length in sides)
    total = round(seconds * first.rate)
    out.write(make_header(first.rate, 2, total * 2 * _SAMPLE))
    readers = [samples(left), samples(right)]
    done = 0
    while done < total:
        blocks = [next(reader, b"") for reader in readers]
        count = max(map(len, blocks)) // _SAMPLE
        if count == 0:
            break
        stereo = array("h", bytes(count * 2 * _SAMPLE))
        for channel, block in enumerate(blocks):
            mono = array("h", block[: len(block) // _SAMPLE * _SAMPLE])
            stereo[channel : 2 * len(mono) : 2] = mono
        out.write(stereo.tobytes())
        done += count
    return seconds
