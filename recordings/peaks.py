"""The outline of a recording's sound, for a player to draw: made once, kept beside the file as JSON.

    {"seconds": 64.02, "channels": [[0, 3, 41, …], [0, 88, …]]}

Each channel has `POINTS` values from 0 to 100: how loud its loudest sample of that stretch is, in percent
of what 16 bits can say. In a file of two channels the customer is the first. It is made in a process of its
own: the sound of an hour is 58 million samples.
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import structlog

from crm_core.errors import NotFound, Unavailable
from crm_core.i18n import N_
from crm_core.people.model import Reader
from crm_core.recordings.service import RecordingService
from recordings import wav
from recordings.archive import can_compress
from recordings.heavy import HeavyWork
from recordings.keep import keep
from recordings.naming import KEPT, resolve

log = structlog.get_logger(__name__)

POINTS = 600
FULL = 32768
SUFFIX = ".peaks"
MOST_WAITING = 16
_BLOCK_S = 10


class NoOutline(Exception):
    """The sound cannot be read."""


class Outline(msgspec.Struct, frozen=True):
    """What the player gets."""

    seconds: float
    channels: list[list[int]]


def outline(path: Path) -> Outline:
    """The outline of the file at *path*, WAV or MP3. Blocking. Raises NoOutline, OSError."""
    try:
        if path.suffix == ".wav":
            header, length = wav.load_header(path)
            frames = max(0, length - header.data_at) // header.frame
            blocks = wav.samples(path)
            return _outline(map(_as_samples, blocks), frames, header.channels, header.rate)
        return _compressed(path)
    except wav.NotWav as error:
        raise NoOutline(str(error)) from error


def peaks_path(audio: Path) -> Path:
    """Where the outline of *audio* is kept."""
    return audio.with_suffix(SUFFIX)


def kept_outline(root: Path, relative: str) -> bytes:
    """The outline of a recording as JSON: the one that is kept, else made now. Blocking.

    Only beside files in `kept/`: others are about to move there. Raises NotFound, NoOutline, OSError.
    """
    audio = resolve(root, relative)
    beside = peaks_path(audio)
    # What is older than the file was made of another one: of the WAV before it was compressed.
    if beside.is_file() and not beside.is_symlink() and beside.stat().st_mtime_ns >= audio.stat().st_mtime_ns:
        return beside.read_bytes()
    made = msgspec.json.encode(outline(audio))
    if relative.startswith(f"{KEPT}/"):
        keep(root, peaks_path(Path(relative)).as_posix(), lambda out: out.write(made))
    return made


class Peaks:
    """`await of(recording, reader)`; `close()` at the end. Owns one process, made when first needed."""

    def __init__(self, service: RecordingService, root: Path) -> None:
        self._service, self._root = service, root
        self._heavy = HeavyWork()
        self._making: dict[str, asyncio.Task[bytes]] = {}

    async def of(self, recording_id: UUID, reader: Reader) -> bytes:
        """The outline as JSON, for whoever may hear the recording. It is no playback: nothing is audited.

        Raises NotFound (none, no file, no right: the same), Unavailable.
        """
        found = await self._service.audible(reader, recording_id)
        assert found.path is not None
        making = self._making.get(found.path)
        if making is None:
            if len(self._making) >= MOST_WAITING:
                raise Unavailable(N_("Too many recordings are being looked at; try again in a moment."))
            making = asyncio.create_task(self._make(found.path), name=f"peaks-{recording_id}")
            self._making[found.path] = making
            making.add_done_callback(partial(self._made, found.path))
        # Whoever asks may leave; the outline is made to its end, and is there for the next.
        return await asyncio.shield(making)

    def close(self) -> None:
        """What is being made is cut off."""
        for making in tuple(self._making.values()):
            making.cancel()
        self._heavy.close()

    def _made(self, path: str, making: asyncio.Task[bytes]) -> None:
        self._making.pop(path, None)
        if not making.cancelled():
            making.exception()  # taken: whoever asked may have left, and nobody else is to hear of it

    async def _make(self, relative: str) -> bytes:
        try:
            return await self._heavy.run(kept_outline, self._root, relative)
        except (NoOutline, OSError) as error:
            log.warning("recording has no outline", reason=type(error).__name__)
            raise NotFound(N_("This recording has no audio.")) from error


def _as_samples(block: bytes) -> array[int]:
    return array("h", block[: len(block) // 2 * 2])


def _compressed(path: Path) -> Outline:
    if not can_compress():
        raise NoOutline("soundfile is missing")
    import soundfile  # an extra: imported where it is used

    try:
        with soundfile.SoundFile(path) as file:
            blocks = _decoded(file)
            return _outline(blocks, file.frames, file.channels, file.samplerate)
    except soundfile.LibsndfileError as error:
        raise NoOutline(str(error)) from error


def _decoded(file: Any) -> Iterator[array[int]]:
    while len(block := file.read(file.samplerate * _BLOCK_S, dtype="int16", always_2d=True)):
        yield array("h", block.tobytes())


def _outline(blocks: Iterable[array[int]], frames: int, channels: int, rate: int) -> Outline:
    """The loudest of each stretch. *blocks* are interleaved samples of whole frames."""
    points = max(1, min(POINTS, frames))
    peaks = [[0] * points for _ in range(channels)]
    done = 0
    for block in blocks:
        count = len(block) // channels
        at = 0
        while at < count and done < frames:
            point = done * points // frames
            until = min(count, at + _frames_left(point, points, frames, done), at + frames - done)
            for channel in range(channels):
                stretch = block[at * channels + channel : until * channels : channels]
                peaks[channel][point] = max(peaks[channel][point], max(stretch), -min(stretch))
            done += until - at
            at = until
    return Outline(
        seconds=round(frames / rate, 2),
        channels=[[min(100, -(-100 * peak // FULL)) for peak in channel] for channel in peaks],
    )


def _frames_left(point: int, points: int, frames: int, done: int) -> int:
    """How many frames from *done* on still belong to *point*; at least one."""
    return max(1, -(-(point + 1) * frames // points) - done)
