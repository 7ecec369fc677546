"""The only door to audio: id → row → file below the root. No path ever comes from outside."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from crm_core.errors import NotFound
from crm_core.i18n import N_
from crm_core.people.model import Reader
from crm_core.recordings.service import RecordingService
from recordings.naming import resolve

_MIME = {"wav": "audio/wav", "mp3": "audio/mpeg"}


@dataclass(frozen=True, slots=True)
class AudioFile:
    """A file to be sent. *etag* changes with the bytes; without quotes."""

    path: Path
    size: int
    mime: str
    etag: str


class Playback:
    """Opens recordings for those who may hear them; each playback is written to the audit."""

    def __init__(self, service: RecordingService, root: Path) -> None:
        self._service, self._root = service, root

    async def open(self, recording_id: UUID, reader: Reader) -> AudioFile:
        """The audio of a recording. Raises NotFound (none, no file, no right: the same), Unavailable."""
        found = await self._service.play(reader, recording_id)
        mime = _MIME.get(found.format or "")
        if found.path is None or mime is None:
            raise NotFound(N_("This recording has no audio."))
        path, size = await asyncio.to_thread(_locate, self._root, found.path)
        return AudioFile(path, size, mime, found.sha256 or f"{found.id}-{size}")


def _locate(root: Path, relative: str) -> tuple[Path, int]:
    path = resolve(root, relative)
    return path, path.stat().st_size
