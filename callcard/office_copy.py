"""The applied office, from the database, else from the copy kept beside it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from callcard.access import no_office
from crm_core.db.engine import Database
from crm_core.errors import StartRefused, Unavailable
from crm_core.office.model import OfficeFile
from crm_core.office.reading import read_office, read_once
from crm_core.office.service import OfficeService
from crm_core.private_file import write_private

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
        await asyncio.to_thread(write_private, self._path, text.encode())
        return await asyncio.to_thread(read_once, text)

    def _read(self) -> OfficeFile:
        try:
            office = read_office(self._path.read_text("utf-8"))
        except FileNotFoundError:
            raise StartRefused("The database is away, and there is no copy of the office yet") from None
        log.warning("office from its copy")
        return office
