"""Passwords and tokens: who gets in, who does not, and who no longer."""

from __future__ import annotations

import pytest

from crm_core.errors import BadInput, NotFound
from crm_core.people.model import Role
from crm_core.people.reader_cache import CACHE_S
from crm_core.people.service import PeopleService
from crm_core.permissions import Action, scope
from tests.integration.crm.conftest import ADMIN, ANNA, RASHID, House
from tests.unit.crm_core.office.offices import edited

pytestmark = pytest.mark.integration


async def test_a_token_stands_for_its_person(house: House) -> None:
    token = await house.people.create_token("viktor", "board", by="admin")
    reader = await house.people.reader_for_token(token)
    assert reader is not None
    assert (reader.person, reader.role, reader.office, reader.team) == (
        "viktor",
        Role.SUPERVISOR,
        "moscow",
        None,
    )
    listed = await house.people.list_tokens("viktor")
    assert [(str(info.id), info.label) for info in listed] == [(reader.token_id, "board")]


async def test_the_token_itself_is_nowhere_in_the_database(house: House) -> None:
    token = await house.people.create_token("viktor", "board", by="admin")
    everything = [
        row
        for table in ("tokens", "audit", "outbox")
        for row in await house.rows(f"SELECT t::text FROM {table} t")
    ]
    assert everything
    assert all(token not in text and token[3:] not in text for (text,) in everything)


async def test_what_is_no_token_is_nobody(house: House) -> None:
    for token in ("", "cc_", "cc_wrong", "Bearer x", "cc_" + "a" * 500, "cc_\x00", "cc_\ud800", "кириллица"):
        assert await house.people.reader_for_token(token) is None


async def test_a_revoked_token_ends_here_at_once_and_elsewhere_soon(house: House) -> None:
    elsewhere = PeopleService(house.database, house.clock)
    token = await house.people.create_token("viktor", "board", by="admin")
    assert await house.people.reader_for_token(token) is not None
    assert await elsewhere.reader_for_token(token) is not None
    [info] = await house.people.list_tokens("viktor")
    await house.people.revoke_token(info.id, by="admin")
    assert await house.people.reader_for_token(token) is None
    assert await elsewhere.reader_for_token(token) is not None
    house.clock.advance(CACHE_S)
    assert await elsewhere.reader_for_token(token) is None
    assert await house.people.list_tokens("viktor") == ()
    with pytest.raises(NotFound):
        await house.people.revoke_token(info.id, by="admin")
    assert [deed[1] for deed in await house.audited()] == ["token.created", "token.revoked"]


async def test_a_token_ends_with_its_person(house: House) -> None:
    token = await house.people.create_token("viktor", "board", by="admin")
    gone = ("  viktor:\n    title: Viktor Orlov\n    role: supervisor\n    office: moscow\n", "")
    await house.office.apply(edited(gone), 1, "admin", None)
    assert await house.people.reader_for_token(token) is None


async def test_tokens_need_a_person_and_a_label(house: House) -> None:
    with pytest.raises(NotFound):
        await house.people.create_token("nobody", "board", by="admin")
    for label in ("", "  ", "x" * 81):
        with pytest.raises(BadInput):
            await house.people.create_token("viktor", label, by="admin")


async def test_a_password_opens_for_its_person_only(house: House) -> None:
    await house.people.add_user("anna", "correct horse", by="admin")
    reader = await house.people.reader_for_password("anna", "correct horse")
    assert reader == ANNA
    assert await house.people.reader_for_password("anna", "correct horsE") is None
    assert await house.people.reader_for_password("elena", "correct horse") is None
    assert await house.people.reader_for_password("nobody", "correct horse") is None
    await house.people.add_user("anna", "battery staple", by="admin")
    assert await house.people.reader_for_password("anna", "correct horse") is None
    assert await house.people.reader_for_password("anna", "battery staple") == ANNA
    kept = await house.rows("SELECT password FROM credentials")
    assert [text.split("$")[1] for (text,) in kept] == ["argon2id"]


async def test_bad_passwords_and_strangers_are_refused(house: House) -> None:
    with pytest.raises(BadInput):
        await house.people.add_user("anna", "short", by="admin")
    with pytest.raises(NotFound) as caught:
        await house.people.add_user("nobody", "long enough", by="admin")
    assert caught.value.hint is not None and "office file" in caught.value.hint


async def test_people_are_seen_by_scope(house: House) -> None:
    async def seen(by: object) -> set[str]:
        return {p.name for p in await house.people.people(scope(by, Action.AGENTS_READ))}  # type: ignore[arg-type]

    assert await seen(ANNA) == {"anna", "elena", "dina", "viktor", "admin"}
    assert await seen(RASHID) == {"rashid"}
    assert await seen(ADMIN) == {"anna", "elena", "dina", "viktor", "admin", "rashid"}
    assert {p.name for p in await house.people.people(scope(ANNA, Action.PEOPLE_MANAGE))} == set()
