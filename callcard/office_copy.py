"""The applied office, from the database, else from the copy kept beside it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import structlog

from callcard.access import no_office
from crm_core.db.engine import Database
from crm_core.errors import StartRefused, Unavailable
from crm_core.office.model import OfficeFile
from crm_core.office.reading import read_office
from crm_core.office.service import OfficeService

log = structlog.get_logger(__name__)

_LOAD_S = 3.0


class OfficeCopy:
    """Reads the office in force; keeps its text in *path*, for a start while the database is away."""

    def __init__(self, database: Database, path: Path) -> None:
        self._service = OfficeService(database)
        self._path = path

    async def load(self) -> OfficeFile:
        """The office. Raises StartRefused when there is neither an applied one nor a copy."""
        try:
            async with asyncio.timeout(_LOAD_S):
                text = await self._service.export()
        except (Unavailable, TimeoutError):
            return await asyncio.to_thread(self._read)
        if text is None:
            raise no_office()
        await asyncio.to_thread(self._keep, text)
        return await asyncio.to_thread(read_office, text)

    def _read(self) -> OfficeFile:
        try:
            office = read_office(self._path.read_text("utf-8"))
        except FileNotFoundError:
            raise StartRefused("The database is away, and there is no copy of the office yet") from None
        log.warning("office from its copy")
        return office

    def _keep(self, text: str) -> None:
        """Replace the file; nobody else reads it: people and customers are in it."""
        fresh = self._path.with_suffix(".new")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        fresh.replace(self._path)
