"""Sessions on a real database: who is signed in, for how long, and what ends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from crm_core.errors import BadInput, NotFound, SignInFailed, TooManyTries
from crm_core.people import session_store
from crm_core.people.events import SessionsEnded
from crm_core.people.model import Preferences, Reader, Theme
from crm_core.people.passwords import Passwords
from crm_core.people.reader_cache import CACHE_S
from crm_core.people.sessions import CHECKS_AT_ONCE, NewSession, SessionService
from tests.integration.crm.conftest import ANNA, House
from tests.unit.crm_core.office.offices import edited

pytestmark = pytest.mark.integration

RIGHT = "correct horse"
WRONG = "battery staple"
VIKTOR = "  viktor:\n    title: Viktor Orlov\n    role: supervisor\n    office: moscow\n"


def weak() -> Passwords:
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


class Signing:
    """The service, and what it said."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.said = 0
        self.service = SessionService(house.database, house.clock, weak(), ended=self._ended)

    def _ended(self) -> None:
        self.said += 1

    async def sign_in(
        self, name: str = "anna", password: str = RIGHT, address: str = "192.0.2.1"
    ) -> NewSession:
        return await self.service.sign_in(name, password, address=address, user_agent="Firefox")

    async def waits(self, name: str, password: str, address: str = "192.0.2.1") -> int:
        """Seconds to wait before the next try; 0 when the password was looked at and wrong."""
        try:
            await self.sign_in(name, password, address)
        except TooManyTries as error:
            return error.retry_after_s
        except SignInFailed:
            return 0
        raise AssertionError("let in")

    async def reader(self, begun: NewSession) -> Reader | None:
        found = await self.service.signed_in(begun.token)
        return found.reader if found else None

    async def ended_people(self) -> list[tuple[str, ...]]:
        return [event.people for event in await self.house.events() if isinstance(event, SessionsEnded)]


@pytest.fixture
async def signing(house: House) -> AsyncIterator[Signing]:
    for name in ("anna", "viktor"):
        await house.people.add_user(name, RIGHT, by="admin")
    await house.rows("DELETE FROM audit")
    yield Signing(house)


async def test_a_session_stands_for_its_person(signing: Signing) -> None:
    begun = await signing.sign_in(" Anna ")
    reader = await signing.reader(begun)
    assert reader is not None
    assert reader == begun.reader
    assert (reader.person, reader.role, reader.office, reader.team) == (
        ANNA.person,
        ANNA.role,
        ANNA.office,
        ANNA.team,
    )
    [own] = await signing.service.own(reader)
    assert (str(own.id), own.user_agent, own.created_at) == (
        reader.token_id,
        "Firefox",
        signing.house.clock.now(),
    )
    assert await signing.house.people.readers_by_token_id([str(own.id), "x"]) == {str(own.id): reader}


async def test_each_signing_in_is_a_new_session_and_replaces_the_browsers_old_one(signing: Signing) -> None:
    first = await signing.sign_in()
    second = await signing.service.sign_in(
        "anna", RIGHT, address="192.0.2.1", user_agent="", instead_of=first.token
    )
    assert first.token != second.token
    assert await signing.reader(first) is None
    assert await signing.reader(second) is not None
    assert await signing.ended_people() == [("anna",)]


async def test_a_token_the_client_made_up_is_nobody_and_becomes_nobody(signing: Signing) -> None:
    made_up = "x" * 43
    begun = await signing.service.sign_in(
        "anna", RIGHT, address="192.0.2.1", user_agent="", instead_of=made_up
    )
    assert begun.token != made_up
    for token in (made_up, "", "x" * 5000, "кириллица", "\x00"):
        assert await signing.service.signed_in(token) is None


async def test_neither_token_nor_password_is_anywhere_in_the_database(signing: Signing) -> None:
    begun = await signing.sign_in()
    with pytest.raises(SignInFailed):
        await signing.sign_in(name=WRONG, password=RIGHT)
    tables = ("sessions", "sign_in_tries", "audit", "outbox", "credentials")
    everything = [
        row for table in tables for row in await signing.house.rows(f"SELECT t::text FROM {table} t")
    ]
    assert len(everything) > 4
    for secret in (begun.token, RIGHT, WRONG):
        assert all(secret not in text for (text,) in everything)


async def test_signing_out_ends_it_here_at_once_and_elsewhere_soon(signing: Signing) -> None:
    elsewhere = SessionService(signing.house.database, signing.house.clock, weak())
    begun = await signing.sign_in()
    assert await signing.reader(begun) is not None
    assert await elsewhere.signed_in(begun.token) is not None
    await signing.service.sign_out(begun.token)
    assert await signing.reader(begun) is None
    assert await elsewhere.signed_in(begun.token) is not None
    signing.house.clock.advance(CACHE_S)
    assert await elsewhere.signed_in(begun.token) is None
    assert signing.said == 1
    assert await signing.ended_people() == [("anna",)]
    deeds = [(actor, action) for actor, action, _ in await signing.house.audited()]
    assert deeds == [("anna", "session.started"), ("anna", "session.ended")]


async def test_a_look_up_under_way_does_not_revive_what_is_signed_out(signing: Signing) -> None:
    begun = await signing.sign_in()
    looking = [asyncio.create_task(signing.reader(begun)) for _ in range(3)]
    await signing.service.sign_out(begun.token)
    await asyncio.gather(*looking)
    assert await signing.reader(begun) is None


async def test_an_unused_session_ends_and_a_used_one_goes_on(signing: Signing) -> None:
    clock = signing.house.clock
    used, unused = await signing.sign_in(), await signing.sign_in()
    clock.advance(session_store.IDLE.total_seconds() - 1)
    assert await signing.reader(used) is not None
    clock.advance(2)
    assert await signing.reader(unused) is None
    used_reader = await signing.reader(used)
    assert used_reader is not None
    assert len(await signing.service.own(used_reader)) == 1


async def test_no_session_lasts_longer_than_the_limit(signing: Signing) -> None:
    clock = signing.house.clock
    begun = await signing.sign_in()
    step = timedelta(hours=6)
    for _ in range(int(session_store.ABSOLUTE / step) - 1):
        clock.advance(step.total_seconds())
        assert await signing.reader(begun) is not None
    clock.advance(step.total_seconds())
    assert await signing.reader(begun) is None
    assert await signing.house.people.readers_by_token_id([begun.reader.token_id or ""]) == {}


async def test_seen_is_written_once_a_minute(signing: Signing) -> None:
    begun = await signing.sign_in()
    clock = signing.house.clock
    begin, seen = clock.now(), []
    for _ in range(5):
        clock.advance(20)
        await signing.reader(begun)
        seen += [at for (at,) in await signing.house.rows("SELECT seen_at FROM sessions")]
    assert [(at - begin).total_seconds() for at in seen] == [0, 0, 60, 60, 60]


async def test_old_rows_go_when_the_person_signs_in_again(signing: Signing) -> None:
    await signing.sign_in()
    signing.house.clock.advance((session_store.ABSOLUTE + session_store.KEPT).total_seconds() + 1)
    await signing.sign_in()
    assert await signing.house.rows("SELECT count(*) FROM sessions") == [(1,)]


async def test_another_password_by_an_admin_ends_all_sessions(signing: Signing) -> None:
    begun, other = await signing.sign_in(), await signing.sign_in("viktor")
    await signing.house.people.add_user("anna", "another one", by="admin")
    signing.house.clock.advance(CACHE_S)
    assert await signing.reader(begun) is None
    assert await signing.reader(other) is not None
    assert await signing.ended_people() == [("anna",)]


async def test_no_session_begins_with_a_password_changed_since_it_was_checked(signing: Signing) -> None:
    class ChangedMeanwhile(Passwords):
        async def matches(self, kept: str | None, password: str) -> bool:
            right = await super().matches(kept, password)
            await signing.house.people.add_user("anna", "another one", by="admin")
            return right

    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    service = SessionService(signing.house.database, signing.house.clock, ChangedMeanwhile(hasher))
    with pytest.raises(SignInFailed):
        await service.sign_in("anna", RIGHT, address="192.0.2.1", user_agent="")
    assert await signing.house.rows("SELECT count(*) FROM sessions") == [(0,)]


@pytest.mark.parametrize(
    "after",
    [VIKTOR.replace("role: supervisor", "role: admin"), ""],
    ids=["another role", "gone"],
)
async def test_applying_an_office_ends_sessions_of_whom_it_moves(signing: Signing, after: str) -> None:
    moved, other = await signing.sign_in("viktor"), await signing.sign_in()
    await signing.house.office.apply(edited((VIKTOR, after)), 1, "admin", None)
    signing.house.clock.advance(CACHE_S)
    assert await signing.reader(moved) is None
    assert await signing.reader(other) is not None
    assert await signing.ended_people() == [("viktor",)]


async def test_who_comes_back_signs_in_anew(signing: Signing) -> None:
    begun = await signing.sign_in("viktor")
    await signing.house.office.apply(edited((VIKTOR, "")), 1, "admin", None)
    await signing.house.office.apply(edited(), 2, "admin", None)
    signing.house.clock.advance(CACHE_S)
    assert await signing.reader(begun) is None
    assert await signing.reader(await signing.sign_in("viktor")) is not None


async def test_ones_own_sessions_are_ended_one_by_one_and_nobody_elses(signing: Signing) -> None:
    here, there, foreign = await signing.sign_in(), await signing.sign_in(), await signing.sign_in("viktor")
    mine = here.reader
    listed = {str(info.id) for info in await signing.service.own(mine)}
    assert listed == {here.reader.token_id, there.reader.token_id}
    [id_there] = [i.id for i in await signing.service.own(mine) if str(i.id) == there.reader.token_id]
    await signing.service.end(mine, id_there)
    assert await signing.reader(there) is None
    assert await signing.reader(here) is not None
    [id_foreign] = [info.id for info in await signing.service.own(foreign.reader)]
    for id in (id_there, id_foreign):
        with pytest.raises(NotFound):
            await signing.service.end(mine, id)
    assert await signing.reader(foreign) is not None


async def test_ones_own_password_needs_the_old_one_and_ends_the_other_sessions(signing: Signing) -> None:
    here, there = await signing.sign_in(), await signing.sign_in()
    service = signing.service
    with pytest.raises(SignInFailed):
        await service.change_password(here.reader, WRONG, "another one", address="192.0.2.1")
    with pytest.raises(BadInput):
        await service.change_password(here.reader, RIGHT, "short", address="192.0.2.1")
    assert await signing.reader(there) is not None
    await service.change_password(here.reader, RIGHT, "another one", address="192.0.2.1")
    assert await signing.reader(here) is not None
    assert await signing.reader(there) is None
    with pytest.raises(SignInFailed):
        await signing.sign_in()
    assert (await signing.sign_in(password="another one")).reader.person == "anna"
    assert ("anna", "person.password_set", "anna") in await signing.house.audited()


async def test_preferences_are_the_persons_and_outlive_the_office_file(signing: Signing) -> None:
    begun = await signing.sign_in()
    chosen = Preferences(language="az", theme=Theme.DARK)
    await signing.service.set_preferences(begun.reader, chosen)
    await signing.house.office.apply(edited(("title: Anna", "title: Anja")), 1, "admin", None)
    for one in (begun, await signing.sign_in()):
        found = await signing.service.signed_in(one.token)
        assert found is not None
        assert found.preferences == chosen
    viktor = await signing.service.signed_in((await signing.sign_in("viktor")).token)
    assert viktor is not None
    assert viktor.preferences == Preferences()
    with pytest.raises(BadInput):
        await signing.service.set_preferences(begun.reader, Preferences(language="xx"))


async def test_what_was_wrong_is_not_said(signing: Signing) -> None:
    refused = []
    for name, password in (("anna", WRONG), ("elena", RIGHT), ("nobody", RIGHT), ("", ""), ("\x00", "\x00")):
        with pytest.raises(SignInFailed) as caught:
            await signing.sign_in(name, password, address=f"192.0.2.{len(refused)}")
        refused.append((caught.value.message, caught.value.hint, caught.value.field, caught.value.status))
    assert len(set(refused)) == 1


async def test_failures_are_audited_without_what_was_typed(signing: Signing) -> None:
    for name in ("anna", "Password1"):
        with pytest.raises(SignInFailed):
            await signing.sign_in(name, WRONG)
    rows = await signing.house.rows("SELECT actor, action, subject_id, after::text FROM audit ORDER BY id")
    assert rows == [
        ("system", "session.refused", "anna", '{"address": "192.0.2.…"}'),
        ("system", "session.refused", "p…", '{"address": "192.0.2.…"}'),
    ]


async def test_guesses_from_one_address_get_slower_also_after_a_restart(signing: Signing) -> None:
    waits = [await signing.waits("anna", WRONG) for _ in range(6)]
    assert waits == [0, 0, 0, 0, 0, 1]
    restarted = Signing(signing.house)
    assert await restarted.waits("anna", RIGHT) == 1  # also the right one is not looked at
    signing.house.clock.advance(1)
    assert [await restarted.waits("anna", WRONG) for _ in range(2)] == [0, 2]
    assert await restarted.waits("elena", WRONG) == 2  # nor another account from there
    signing.house.clock.advance(2)
    assert (await restarted.sign_in()).reader.person == "anna"


async def test_guesses_sent_at_once_count_one_by_one(signing: Signing) -> None:
    waits = await asyncio.gather(*(signing.waits("anna", f"{WRONG} {n}") for n in range(12)))
    assert sum(wait == 0 for wait in waits) <= 5


async def test_no_more_passwords_are_checked_at_once_than_the_machine_bears(signing: Signing) -> None:
    many = CHECKS_AT_ONCE + 5
    waits = await asyncio.gather(*(signing.waits(f"name{n}", WRONG, f"192.0.2.{n}") for n in range(many)))
    assert waits.count(1) == many - CHECKS_AT_ONCE
    assert waits.count(0) == CHECKS_AT_ONCE


async def test_nobody_can_keep_a_person_out(signing: Signing) -> None:
    """Many addresses guess without a pause: the person waits once, at most a minute, and is in."""
    inside = await signing.sign_in(address="198.51.100.7")
    for number in range(30):
        await signing.waits("anna", WRONG, f"192.0.2.{number}")
    with pytest.raises(TooManyTries) as caught:
        await signing.sign_in(address="203.0.113.5")
    wait = caught.value.retry_after_s
    assert 1 <= wait <= 60
    for _ in range(wait):
        signing.house.clock.advance(1)
        await signing.waits("anna", WRONG, "192.0.2.200")
    assert (await signing.sign_in(address="203.0.113.5")).reader.person == "anna"
    assert await signing.reader(inside) is not None


async def test_the_counts_go_away_by_themselves(signing: Signing) -> None:
    for number in range(20):
        await signing.waits(f"name{number}", WRONG, f"192.0.2.{number}")
    assert (await signing.house.rows("SELECT count(*) FROM sign_in_tries"))[0][0] >= 40
    signing.house.clock.advance(15 * 60)
    await signing.waits("nobody", WRONG)
    assert (await signing.house.rows("SELECT count(*) FROM sign_in_tries"))[0][0] == 3
