"""Compression of kept recordings, one at a time and last in line for the processor.

Needs `soundfile` (extra `audio`); without it recordings stay WAV.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

import structlog

from crm_core.call_path import CallPath
from crm_core.errors import NotFound, Unavailable
from crm_core.recordings.model import Recording
from crm_core.recordings.service import RecordingService
from recordings.heavy import HeavyWork
from recordings.keep import KeptFile, keep_made
from recordings.naming import kept_name, resolve

log = structlog.get_logger(__name__)

BLOCK_S = 10
LOST_S = 0.25  # an encoder pads its ends; more than this is lost sound
_QUEUE = 10_000
_RETRY_S = 30.0
_WAITS_S = 10.0  # for questions that are being answered


class Format(StrEnum):
    """What recordings are kept as."""

    WAV = "wav"
    MP3 = "mp3"


class BadCopy(Exception):
    """The compressed file is not as long as its source."""


def can_compress() -> bool:
    """Whether `soundfile` is there."""
    return find_spec("soundfile") is not None


def compress(root: Path, recording: Recording, format: Format) -> KeptFile:
    """Make the compressed file of *recording* and verify it; the source is left. Blocking.

    Raises BadCopy, NotFound when the source is gone, OSError.
    """
    assert recording.path is not None and recording.started_at is not None
    source = resolve(root, recording.path)
    name = kept_name(recording.call_id, recording.kind, recording.started_at, format.value)
    return keep_made(root, name, lambda partial: _encode(source, partial, format))


def _encode(source: Path, target: Path, format: Format) -> None:
    import soundfile  # an extra: imported where it is used

    try:
        with soundfile.SoundFile(source) as wav:
            block = wav.samplerate * BLOCK_S
            with soundfile.SoundFile(
                target, "w", samplerate=wav.samplerate, channels=wav.channels, format=format.value.upper()
            ) as out:
                while len(samples := wav.read(block, dtype="int16")):
                    out.write(samples)
            seconds = wav.frames / wav.samplerate
        made = soundfile.info(str(target), verbose=False)
    except soundfile.LibsndfileError as error:
        raise BadCopy(str(error)) from error
    if abs(made.duration - seconds) > LOST_S:
        raise BadCopy(f"{made.duration:.2f} s of {seconds:.2f} s")


class Archive:
    """`start()`, `submit()`, `stop()`. Owns one process and one task."""

    def __init__(
        self,
        *,
        service: RecordingService,
        root: Path,
        format: Format = Format.MP3,
        pbx: str = "main",
        path: CallPath | None = None,
    ) -> None:
        self._path = path or CallPath()
        self._service, self._root, self._pbx = service, root, pbx
        self._format = format if can_compress() else Format.WAV
        self._heavy = HeavyWork()
        self._queue: asyncio.Queue[Recording] = asyncio.Queue(_QUEUE)
        self._task: asyncio.Task[None] | None = None

    @property
    def format(self) -> Format:
        """What recordings end as on this machine."""
        return self._format

    async def start(self) -> None:
        """Begin, with what an earlier run left uncompressed first."""
        if self._format is not Format.WAV:
            self._task = asyncio.create_task(self._run(), name="recorder-archive")

    async def stop(self) -> None:
        """Stop after the block under way; the rest is found by the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self._heavy.close()

    def submit(self, recording: Recording) -> None:
        """Compress *recording* in its turn; when the queue is full the next start does it."""
        if self._task is None or recording.format == self._format:
            return
        try:
            self._queue.put_nowait(recording)
        except asyncio.QueueFull:
            log.warning("archive queue is full", waiting=self._queue.qsize())

    async def idle(self) -> None:
        """Wait until everything submitted so far is done."""
        await self._queue.join()

    async def _run(self) -> None:
        await self._leftovers()
        while True:
            recording = await self._queue.get()
            await self._path.give_way(_WAITS_S)
            try:
                await self.archive(recording)
            except (Unavailable, NotFound, BadCopy, OSError) as error:
                log.warning("recording stays uncompressed", id=str(recording.id), reason=str(error))
            finally:
                self._queue.task_done()

    async def _leftovers(self) -> None:
        while True:
            try:
                for recording in await self._service.uncompressed(self._pbx):
                    self.submit(recording)
                return
            except Unavailable:
                await asyncio.sleep(_RETRY_S)

    async def archive(self, recording: Recording) -> None:
        """Compress one recording, say so, and only then delete its WAV.

        Raises Unavailable, NotFound, BadCopy, OSError; the WAV is the recording then.
        """
        made = await self._heavy.run(compress, self._root, recording, self._format)

        def moved(row: Recording) -> Recording:
            if row.path != recording.path:
                return row  # expired, or kept anew, while we worked
            return replace(
                row,
                path=made.path,
                format=self._format.value,
                size_bytes=made.size_bytes,
                sha256=made.sha256,
            )

        now = await self._service.change(recording, moved)
        if now is None or now.path != made.path:
            await asyncio.to_thread((self._root / made.path).unlink, missing_ok=True)
            return
        assert recording.path is not None
        await asyncio.to_thread((self._root / recording.path).unlink, missing_ok=True)
