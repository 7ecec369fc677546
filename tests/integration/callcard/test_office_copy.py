"""The office for a start while the database is away."""

from __future__ import annotations

from pathlib import Path

import pytest

from callcard.office_copy import OfficeCopy
from crm_core.db.engine import Database
from crm_core.errors import StartRefused
from crm_core.office.service import OfficeService
from tests.unit.crm_core.office.offices import EXAMPLE, office

pytestmark = pytest.mark.integration


async def test_without_the_database_the_copy_is_the_office(database: Database, tmp_path: Path) -> None:
    await OfficeService(database).apply(EXAMPLE, None, "admin", None)
    kept = tmp_path / "office.yaml"
    assert await OfficeCopy(database, kept).load() == office()
    assert kept.read_text("utf-8") == EXAMPLE
    assert kept.stat().st_mode & 0o077 == 0, "people and customers are in it"
    away = await Database.open("postgresql://callcard@127.0.0.1:1/callcard", require=False)
    assert await OfficeCopy(away, kept).load() == office()
    with pytest.raises(StartRefused, match="no copy"):
        await OfficeCopy(away, tmp_path / "other.yaml").load()
    await away.close()


async def test_before_the_first_apply_the_way_out_is_said(database: Database, tmp_path: Path) -> None:
    with pytest.raises(StartRefused, match="no office yet"):
        await OfficeCopy(database, tmp_path / "office.yaml").load()
