"""A journal on a real database and a real spool, and calls as they really went."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from callrouter.tracking.tracker import CallTracker
from crm_core.calls.events import CallEvent
from crm_core.calls.journal import CallJournal
from crm_core.calls.service import CallService
from crm_core.db.engine import Database
from crm_core.db.spool import Spool
from crm_core.health import Health
from tests.fakes.clock import FakeClock
from tests.unit.callrouter.tracking.streams import OFFICE, recorded


def told(name: str) -> list[CallEvent]:
    """What the tracker says of one recorded stream."""
    tracker = CallTracker(OFFICE, "main")
    return [event for item in recorded(name) for event in tracker.apply(item)]


async def keep(journal: CallJournal, events: Sequence[CallEvent]) -> None:
    """Record *events* and see them into the database, however slow this machine is just now."""
    await journal.record(events)
    await journal.replay()


async def open_journal(database: Database, directory: Path, health: Health | None = None) -> CallJournal:
    """A journal with the spool in *directory*."""
    spool = await Spool.open(directory)
    return CallJournal(database, spool, FakeClock(), health or Health(FakeClock()), pbx="main")


@pytest.fixture
async def journal(database: Database, tmp_path: Path) -> AsyncIterator[CallJournal]:
    opened = await open_journal(database, tmp_path / "spool")
    await opened.start()
    yield opened
    await opened.stop()


@pytest.fixture
def service(database: Database) -> CallService:
    return CallService(database, FakeClock())
