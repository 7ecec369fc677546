"""How commands reach the database: the configured one, the running Callcard's, or one just for them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from callcard.demo.sample import sample_office
from callcard.layout import Layout, read_running
from callcard.settings import Settings
from crm_core.db.embedded import EmbeddedPostgres
from crm_core.db.engine import Database
from crm_core.db.migrate import upgrade
from crm_core.errors import StartRefused, Unavailable
from crm_core.office.model import OfficeFile
from crm_core.office.service import OfficeService


@asynccontextmanager
async def database_url(settings: Settings) -> AsyncIterator[str]:
    """The address of an upgraded database that answers while inside."""
    layout = Layout(settings.data)
    running = read_running(layout)
    if settings.database_url or running:
        with naming_the_database(settings):
            yield settings.database_url or (running.database_url if running else "")
        return
    layout.make()
    server = EmbeddedPostgres(layout.postgres)
    url = await server.start()
    try:
        await upgrade(url)
        yield url
    finally:
        await server.stop()


@asynccontextmanager
async def opened_database(settings: Settings) -> AsyncIterator[Database]:
    """The database of this installation, for one command."""
    async with database_url(settings) as url, database_at(url) as database:
        yield database


@asynccontextmanager
async def database_at(url: str) -> AsyncIterator[Database]:
    """A `Database` of few connections, closed at the end. Raises what `Database.open` raises."""
    database = await Database.open(url, pool_size=2, hot_size=1)
    try:
        yield database
    finally:
        await database.close()


@contextmanager
def naming_the_database(settings: Settings) -> Iterator[None]:
    """Let a configured database that is away be refused by the name of its setting, with the reason."""
    try:
        yield
    except Unavailable as error:
        if settings.database_url is None:
            raise
        raise StartRefused(f"CALLCARD_DATABASE_URL: {error.message} {reason_of(error)}".strip()) from error


def reason_of(error: BaseException) -> str:
    """What the driver said, in brackets, where *error* only says that the database is away; else empty."""
    cause: BaseException | None = error
    while isinstance(cause, Unavailable):
        cause = cause.__cause__
    return f"({cause})" if cause not in (None, error) and str(cause) else ""


def no_office() -> StartRefused:
    """What is said where an office is needed and none was ever applied."""
    return StartRefused(f"There is no office yet: callcard up --office FILE (a sample: {sample_office()})")


async def require_office(url: str) -> OfficeFile:
    """The applied office. Raises StartRefused with the way out when there is none."""
    async with database_at(url) as database:
        current = await OfficeService(database).current()
    if current is None:
        raise no_office()
    return current.office
