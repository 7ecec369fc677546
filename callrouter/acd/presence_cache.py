"""The agents' rows in a local file: who is at work, for a start while the database is away."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec
import structlog

from crm_core.presence.model import Presence

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
            log.warning("presence cache unreadable", why=type(error).__name__)
            return ()

    async def save(self, presences: Iterable[Presence]) -> None:
        """Replace the file, off the event loop, unless it holds just that."""
        rows = tuple(presences)
        if rows == self._saved:
            return  # agents ring and talk all the time: their rows say what they chose
        try:
            await asyncio.to_thread(self._write, msgspec.json.encode(rows))
            self._saved = rows
        except OSError as error:
            log.warning("presence cache not written", why=error.strerror)

    def _write(self, data: bytes) -> None:
        fresh = self._path.with_suffix(".new")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
