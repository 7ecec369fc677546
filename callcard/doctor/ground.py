"""What the checks look at: opened once, without changing anything, ended after."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import asyncpg

from asterisk_conf.find import find_asterisk
from asterisk_conf.settings import Asterisk
from callcard.access import reason_of
from callcard.layout import Layout, Running, read_running
from callcard.settings import Keys, Settings, new_keys, read_keys, read_settings
from crm_core.db.embedded import EmbeddedPostgres
from crm_core.db.engine import Database
from crm_core.db.migrate import Revisions
from crm_core.db.migrate import revisions as revisions_of
from crm_core.errors import CallcardError, StartRefused
from crm_core.office.model import OfficeFile
from crm_core.office.service import OfficeService


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One installation. A part that cannot be had is None, and its *problem* says why."""

    settings: Settings
    keys: Keys
    running: Running | None = None
    database: Database | None = None
    database_problem: str = ""
    revisions: Revisions | None = None
    office: OfficeFile | None = None
    office_problem: str = ""
    asterisk: Asterisk | None = None
    asterisk_problem: str = ""

    @property
    def layout(self) -> Layout:
        """Where things stand in the data folder."""
        return Layout(self.settings.data)


@asynccontextmanager
async def opened_ground(settings: Settings) -> AsyncIterator[Ground]:
    """The installation of *settings*. Raises StartRefused when its keys cannot be read."""
    running = read_running(Layout(settings.data))
    if running is not None:
        settings = read_settings(running.settings)  # those it was started with
    async with AsyncExitStack() as stack:
        database, database_problem = await _database(stack, settings, running)
        revisions = await _revisions(database)
        ready = revisions is not None and revisions.applied == revisions.newest
        office, office_problem = await _office(database if ready else None)
        asterisk, asterisk_problem = await _asterisk(settings)
        yield Ground(
            settings=settings,
            keys=read_keys(settings.data) or new_keys(),
            running=running,
            database=database,
            database_problem=database_problem,
            revisions=revisions,
            office=office,
            office_problem=office_problem,
            asterisk=asterisk,
            asterisk_problem=asterisk_problem,
        )


async def _database(
    stack: AsyncExitStack, settings: Settings, running: Running | None
) -> tuple[Database | None, str]:
    """The configured database, the running one, or the one at rest, started for as long as we look."""
    url = settings.database_url or (running.database_url if running else None)
    home = Layout(settings.data).postgres
    if url is None and not (home / "data" / "PG_VERSION").exists():
        return None, ""
    try:
        if url is None:
            server = EmbeddedPostgres(home)
            url = await server.start()
            stack.push_async_callback(server.stop)
        database = await Database.open(url, pool_size=2, hot_size=1)
    except CallcardError as error:
        return None, f"{error.message} {reason_of(error)}".strip()
    stack.push_async_callback(database.close)
    return database, ""


async def _revisions(database: Database | None) -> Revisions | None:
    if database is None:
        return None
    try:
        return await revisions_of(database.dsn)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return None


async def _office(database: Database | None) -> tuple[OfficeFile | None, str]:
    if database is None:
        return None, ""
    try:
        current = await OfficeService(database).current()
    except CallcardError as error:
        return None, error.message
    return (current.office if current else None), ""


async def _asterisk(settings: Settings) -> tuple[Asterisk | None, str]:
    try:
        return await asyncio.to_thread(find_asterisk, settings.cache, settings.asterisk), ""
    except StartRefused as error:
        return None, error.message
