"""Finding calls: filters, pages, who may see what, and saying what became of one."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta

import pytest

from crm_core.audit.tables import AuditRow
from crm_core.calls.events import CallEnded
from crm_core.calls.journal import CallJournal
from crm_core.calls.model import Call, CallState
from crm_core.calls.service import CallService
from crm_core.db.engine import Database
from crm_core.errors import BadInput, NotFound
from crm_core.ids import new_id
from crm_core.office.service import OfficeService
from crm_core.people.model import Reader, Role
from tests.fakes.clock import FakeClock
from tests.integration.calls.conftest import keep, told
from tests.unit.crm_core.office.offices import EXAMPLE

pytestmark = pytest.mark.integration

ADMIN = Reader(person="root", role=Role.ADMIN, office="moscow", team=None)
CALLER = "+79161234567"


FOREIGN_CURSORS = [
    "",
    "rubbish",
    "0191c0de-0000-7000-8000-000000000001",
    "w7w=",
    "Mnww",
    # a time that only its offset keeps within the calendar
    base64.urlsafe_b64encode(b"9999-12-31T23:59:59-14:00|0191c0de-0000-7000-8000-000000000001").decode(),
]


async def written(journal: CallJournal, count: int, **changes: object) -> list[Call]:
    """*count* ended calls, one second apart, newest first."""
    model = told("plain_call")[-1].call
    calls = [
        replace(
            model,
            id=new_id(),
            from_number=CALLER,
            started_at=model.started_at + timedelta(seconds=place // 2),  # two of them at the same moment
            **changes,  # type: ignore[arg-type]
        )
        for place in range(count)
    ]
    await keep(journal, [CallEnded(call=call) for call in calls])
    return sorted(calls, key=lambda call: (call.started_at, call.id), reverse=True)


async def test_pages_follow_one_another_without_gap_or_repeat(
    journal: CallJournal, service: CallService
) -> None:
    calls = await written(journal, 11)
    seen: list[Call] = []
    cursor: str | None = None
    while True:
        piece, cursor = await service.list(ADMIN, limit=3, cursor=cursor)
        assert 1 <= len(piece) <= 3
        seen += piece
        if cursor is None:
            break
    assert [call.id for call in seen] == [call.id for call in calls]


@pytest.mark.parametrize("cursor", FOREIGN_CURSORS)
async def test_a_foreign_cursor_is_refused(cursor: str, service: CallService) -> None:
    with pytest.raises(BadInput) as refused:
        await service.list(ADMIN, cursor=cursor)
    assert refused.value.field == "cursor"


async def test_filters_narrow(journal: CallJournal, service: CallService) -> None:
    calls = await written(journal, 4)
    other = (await written(journal, 1, state=CallState.TALKING))[0]
    assert len((await service.list(ADMIN, phone=CALLER))[0]) == 5
    assert (await service.list(ADMIN, phone="+70000000000"))[0] == []
    assert len((await service.list(ADMIN, agent="anna"))[0]) == 5
    assert (await service.list(ADMIN, agent="boris"))[0] == []
    assert [call.id for call in (await service.list(ADMIN, state=CallState.TALKING))[0]] == [other.id]
    since = calls[0].started_at
    assert {call.id for call in (await service.list(ADMIN, since=since))[0]} == {c.id for c in calls[:2]}


async def test_a_call_that_became_part_of_another_is_not_listed(
    journal: CallJournal, service: CallService
) -> None:
    events = told("attended_transfer")
    await keep(journal, events)
    listed, _ = await service.list(ADMIN)
    assert [call.merged_into for call in listed] == [None]
    assert (await service.list(ADMIN, agent="boris"))[0] == listed


async def test_who_may_see_a_call(journal: CallJournal, service: CallService, database: Database) -> None:
    await OfficeService(database, FakeClock()).apply(EXAMPLE, None, "admin", None)
    call = told("plain_call")[-1].call  # anna took it
    await keep(journal, [CallEnded(call=call)])
    taker = Reader(person="anna", role=Role.AGENT, office="moscow", team=None)
    colleague = Reader(person="boris", role=Role.AGENT, office="moscow", team=None)
    chief = Reader(person="viktor", role=Role.SUPERVISOR, office="moscow", team=None)
    stranger = Reader(person="leyla", role=Role.SUPERVISOR, office="baku", team=None)
    for reader in (taker, chief, ADMIN):
        assert (await service.get(reader, call.id)).id == call.id
        assert len((await service.list(reader))[0]) == 1
    for reader in (colleague, stranger):
        with pytest.raises(NotFound):
            await service.get(reader, call.id)
        with pytest.raises(NotFound):
            await service.set_disposition(reader, call.id, "agreed")
        assert (await service.list(reader))[0] == []


async def test_a_disposition_is_kept_through_later_versions_and_audited(
    journal: CallJournal, service: CallService, database: Database
) -> None:
    call = told("plain_call")[-1].call
    await keep(journal, [CallEnded(call=call)])
    assert (await service.set_disposition(ADMIN, call.id, "  agreed ")).disposition == "agreed"
    await keep(journal, [CallEnded(call=replace(call, version=call.version + 1))])
    again = await service.get(ADMIN, call.id)
    assert (again.disposition, again.version) == ("agreed", call.version + 1)
    await service.set_disposition(ADMIN, call.id, "agreed")
    async with database.transaction() as connection:
        audited = (await connection.execute(AuditRow.__table__.select())).all()
    assert [(row.actor, row.action) for row in audited] == [("root", "call.disposition_set")]
    with pytest.raises(BadInput):
        await service.set_disposition(ADMIN, call.id, "sold")
    with pytest.raises(NotFound):
        await service.set_disposition(ADMIN, new_id(), "agreed")
