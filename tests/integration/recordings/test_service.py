"""Rows of recordings on a real PostgreSQL: expected, settled, seen by those who may."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from crm_core.calls.model import Direction
from crm_core.db.engine import Database
from crm_core.errors import BadInput, NotFound
from crm_core.recordings.model import Recording, RecordingKind, RecordingReason, RecordingState
from crm_core.recordings.service import RecordingService
from tests.fakes.calls import agent_leg, answered_call
from tests.fakes.clock import FakeClock
from tests.integration.recordings.conftest import of_call, reader

pytestmark = pytest.mark.integration


async def rows(database: Database, sql: str) -> list[Any]:
    """All rows of a query."""
    async with database.transaction() as connection:
        return list(await connection.execute(text(sql)))


async def recorded(service: RecordingService, clock: FakeClock, **changes: Any) -> Recording:
    """A settled recording of a new call."""
    call = answered_call(clock.now(), **changes)
    made = await service.expect(call)
    assert made is not None
    done = replace(made, state=RecordingState.OK, path="kept/x.wav", format="wav", duration_s=9.0)
    await service.settle(done, call)
    return done


async def test_expected_once_and_only_where_the_office_says(
    service: RecordingService, clock: FakeClock
) -> None:
    call = answered_call(clock.now())
    first = await service.expect(call)
    assert first is not None and first.state is RecordingState.RUNNING
    assert await service.expect(call) == first
    assert await service.unsettled("main") == (first,)
    assert await service.unsettled("other") == ()
    for other in (
        {"queue": "quiet"},
        {"queue": None},
        {"direction": Direction.INTERNAL},
        {"queue": "unknown"},
    ):
        assert await service.expect(answered_call(clock.now(), **other)) is None
    out = answered_call(clock.now(), direction=Direction.OUT, from_number="101", to="+74955550777")
    assert await service.expect(out) is not None
    found, _ = await service.list(reader("root"), phone="+74955550777", limit=10)
    assert [one.call_id for one in found] == [out.id], "found by the customer's number"


async def test_settling_tells_the_others_once(
    service: RecordingService, office: Database, clock: FakeClock
) -> None:
    call = answered_call(clock.now())
    running = await service.expect(call)
    assert running is not None
    missing = replace(running, state=RecordingState.MISSING, reason=RecordingReason.DISK_FULL)
    await service.settle(missing, call)
    await service.settle(missing, call)
    events = await rows(office, "SELECT body FROM outbox WHERE name = 'RecordingSettled'")
    assert [event.body["recording"]["reason"] for event in events] == ["disk_full"]
    assert await of_call(service, call.id) == (missing,)
    assert await service.unsettled("main") == ()


async def test_seen_by_those_who_took_part_their_chiefs_and_admins(
    service: RecordingService, clock: FakeClock
) -> None:
    moscow = await recorded(service, clock)
    legs = (agent_leg("anna", clock.now()), agent_leg("olga", clock.now()))
    both = await recorded(service, clock, agent="olga", legs=legs)
    baku = await recorded(service, clock, agent="olga", did="+99412000000")
    seen = {
        "anna": [both, moscow],
        "boris": [],
        "olga": [baku, both],
        "sergey": [both, moscow],
        "leyla": [baku, both],
        "root": [baku, both, moscow],
    }
    for person, expected in seen.items():
        items, more = await service.list(reader(person))
        assert (list(items), more) == (expected, None), person
        for recording in (moscow, both, baku):
            if recording in expected:
                assert await service.get(reader(person), recording.id) == recording
                assert await service.play(reader(person), recording.id) == recording
            else:
                with pytest.raises(NotFound):
                    await service.get(reader(person), recording.id)
                with pytest.raises(NotFound):
                    await service.play(reader(person), recording.id)


async def test_each_playback_is_audited(
    service: RecordingService, office: Database, clock: FakeClock
) -> None:
    recording = await recorded(service, clock)
    await service.play(reader("anna"), recording.id)
    await service.play(reader("sergey"), recording.id)
    with pytest.raises(NotFound):
        await service.play(reader("boris"), recording.id)
    written = await rows(office, "SELECT actor, action, subject_id FROM audit ORDER BY id")
    assert [tuple(row) for row in written] == [
        ("anna", "recording.played", str(recording.id)),
        ("sergey", "recording.played", str(recording.id)),
    ]


async def test_nothing_to_hear_is_not_found(service: RecordingService, clock: FakeClock) -> None:
    recording = await recorded(service, clock)
    await service.settle(replace(recording, state=RecordingState.MISSING, path=None))
    with pytest.raises(NotFound):
        await service.play(reader("root"), recording.id)


async def test_list_filters_and_goes_on_where_it_stopped(service: RecordingService, clock: FakeClock) -> None:
    made = []
    for minute in range(5):
        made.append(await recorded(service, clock, from_number=f"+7495555010{minute}"))
        clock.advance(60)
    admin = reader("root")
    page, cursor = await service.list(admin, limit=2)
    assert list(page) == [made[4], made[3]] and cursor is not None
    page, cursor = await service.list(admin, limit=3, cursor=cursor)
    assert (list(page), cursor) == ([made[2], made[1], made[0]], None)
    assert list((await service.list(admin, phone="+74955550102"))[0]) == [made[2]]
    assert list((await service.list(admin, since=clock.now() - timedelta(minutes=2)))[0]) == [
        made[4],
        made[3],
    ]
    assert list((await service.list(admin, agent="olga"))[0]) == []
    assert list((await service.list(admin, state=RecordingState.MISSING))[0]) == []
    with pytest.raises(BadInput):
        await service.list(admin, cursor="1; DROP TABLE recordings")


async def test_adopted_file_gets_its_people_later(service: RecordingService, clock: FakeClock) -> None:
    call_id = uuid4()
    found = await service.adopt("main", call_id, RecordingKind.VOICEMAIL)
    assert await service.adopt("main", call_id, RecordingKind.VOICEMAIL) == found
    await service.settle(replace(found, state=RecordingState.RECOVERED))
    assert (await service.list(reader("sergey")))[0] == ()
    await service.settle(
        replace(found, state=RecordingState.RECOVERED),
        answered_call(clock.now(), id=call_id, agent=None, legs=()),
    )
    assert [item.id for item in (await service.list(reader("sergey")))[0]] == [found.id]


async def test_expired_is_said_audited_and_not_played(
    service: RecordingService, office: Database, clock: FakeClock
) -> None:
    old = await recorded(service, clock)
    clock.advance(3600)
    new = await recorded(service, clock)
    assert await service.older_than("main", clock.now() - timedelta(minutes=1)) == (old,)
    await service.expire(old)
    await service.expire(old)
    gone = await service.get(reader("root"), old.id)
    assert (gone.state, gone.path) == (RecordingState.EXPIRED, None)
    assert await service.older_than("main", clock.now() + timedelta(days=1)) == (new,)
    written = await rows(office, "SELECT actor, action FROM audit")
    assert [tuple(row) for row in written] == [("system", "recording.expired")]
