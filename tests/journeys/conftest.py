"""One house for all journeys of a module; each journey begins as new and ends with the audit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.conftest import fresh_database
from tests.journeys.house import House, running_house


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_house(postgres_home: Path, template_database: str) -> AsyncIterator[House]:
    """The whole product with its own database, up as long as the module's journeys run."""
    async with fresh_database(postgres_home) as dsn, running_house(dsn) as house:
        yield house


@pytest_asyncio.fixture(loop_scope="module")
async def house(module_house: House) -> AsyncIterator[House]:
    """The module's house as new; afterwards API, ledger and PBX are held against each other."""
    await module_house.reset()
    yield module_house
    await module_house.hang_up()
    await module_house.audit()
