"""The agents' rows in a local file: who is at work, for a start while the database is away."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

import msgspec
import structlog

from crm_core.presence.model import Presence
from crm_core.private_file import write_private

log = structlog.get_logger(__name__)


class PresenceCache:
    """One small file, replaced as a whole. It is a copy: losing it loses nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._saved: tuple[Presence, ...] | None = None

    def load(self) -> tuple[Presence, ...]:
        """The rows as last saved; none when there is no file or it cannot be read."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=tuple[Presence, ...])
        except FileNotFoundError:
            return ()
        except (OSError, msgspec.MsgspecError) as error:
            log.warning("presence cache unreadable", reason=type(error).__name__)
            return ()

    async def save(self, presences: Iterable[Presence]) -> None:
        """Replace the file, off the event loop, unless it holds just that."""
        rows = tuple(presences)
        if rows == self._saved:
            return  # agents ring and talk all the time: their rows say what they chose
        try:
            await asyncio.to_thread(write_private, self._path, msgspec.json.encode(rows))
            self._saved = rows
        except OSError as error:
            log.warning("presence cache not written", reason=error.strerror)
