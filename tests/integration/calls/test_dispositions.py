"""What may be said of a call: the office file's list in its order, else the default one."""

from __future__ import annotations

import pytest

from crm_core.calls.dispositions import DEFAULTS, Disposition, FileDispositions
from crm_core.calls.events import CallEnded
from crm_core.calls.journal import CallJournal
from crm_core.calls.service import CallService
from crm_core.db.engine import Database
from crm_core.errors import BadInput
from crm_core.office.service import OfficeService
from crm_core.people.model import Reader, Role
from tests.fakes.calls import missed_call
from tests.fakes.clock import FakeClock
from tests.integration.calls.conftest import keep
from tests.unit.crm_core.office.offices import EXAMPLE

pytestmark = pytest.mark.integration

ADMIN = Reader(person="admin", role=Role.ADMIN, office="moscow", team=None)
OWN = """
dispositions:
  sold: {title: Sold}
  measured: {title: Kitchen measured, follow_up_days: 2}
"""


async def test_without_a_list_there_are_five(service: CallService, database: Database) -> None:
    assert await service.dispositions() == DEFAULTS
    await office(database).apply(EXAMPLE, None, "admin", None)
    assert await service.dispositions() == DEFAULTS
    assert len({one.name for one in DEFAULTS}) == 5


async def test_the_list_of_the_office_takes_its_place(
    service: CallService, database: Database, journal: CallJournal
) -> None:
    call = missed_call(FakeClock().now())
    await keep(journal, [CallEnded(call=call)])
    await service.set_disposition(ADMIN, call.id, "agreed")
    await office(database).apply(EXAMPLE + OWN, None, "admin", None)
    assert await service.dispositions() == (
        Disposition(name="sold", title="Sold"),
        Disposition(name="measured", title="Kitchen measured", follow_up_days=2),
    )
    # What was said before stays said, and may be said again; another word of the old list may not.
    assert (await service.set_disposition(ADMIN, call.id, "agreed")).disposition == "agreed"
    with pytest.raises(BadInput) as refused:
        await service.set_disposition(ADMIN, call.id, "thinking")
    assert (refused.value.field, refused.value.hint) == ("disposition", "known: sold, measured")
    assert (await service.set_disposition(ADMIN, call.id, "sold")).disposition == "sold"
    await office(database).apply(EXAMPLE, None, "admin", None)
    assert await service.dispositions() == DEFAULTS


def office(database: Database) -> OfficeService:
    return OfficeService(database, FakeClock(), followers=(FileDispositions(),))
