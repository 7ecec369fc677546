"""Passwords of phones in the browser: one at a time, for as long as session, person and device last."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace

import pytest

from crm_core.errors import Conflict, NotFound
from crm_core.ids import new_id
from crm_core.people.model import Reader
from crm_core.people.phone_credentials import LASTS, Issued, PhoneCredentials, Standing
from crm_core.people.phone_events import PhoneCredentialEnded, PhoneCredentialIssued
from tests.integration.crm.conftest import House
from tests.unit.crm_core.office.offices import edited

pytestmark = pytest.mark.integration

BROWSER = ("kind: sip", "kind: browser")  # Anna's is the first
PHONE = "agent-anna-desk"


async def begin(house: House) -> tuple[PhoneCredentials, Reader]:
    """Anna has a phone in the browser and a token."""
    await house.office.apply(edited(BROWSER), 1, "admin", None)
    token = await house.people.create_token("anna", "desk", by="admin")
    anna = await house.people.reader_for_token(token)
    assert anna is not None
    await house.rows("DELETE FROM outbox")
    phones = PhoneCredentials(
        house.database, house.clock, pbx="main", readers=house.people.readers_by_token_id
    )
    return phones, anna


async def issue(phones: PhoneCredentials, reader: Reader) -> Issued:
    return await phones.issue(reader, id=new_id())


async def test_a_password_is_kept_as_the_digest_the_switch_checks(house: House) -> None:
    phones, anna = await begin(house)
    issued = await issue(phones, anna)
    assert (issued.endpoint, issued.expires_at) == (PHONE, house.clock.now() + LASTS)
    (kept,) = await phones.in_force()
    text = f"{PHONE}:asterisk:{issued.password}".encode()
    assert (kept.id, kept.endpoint) == (issued.id, PHONE)
    assert kept.digest == hashlib.md5(text).hexdigest()
    rows = await house.rows("SELECT t::text FROM phone_credentials t UNION SELECT t::text FROM outbox t")
    assert not [text for (text,) in rows if issued.password in text]
    (event,) = await house.events()
    assert isinstance(event, PhoneCredentialIssued)
    assert kept.digest not in str(event)
    assert issued.password not in repr(issued)


async def test_the_newest_takes_the_place_of_those_before(house: House) -> None:
    phones, anna = await begin(house)
    old = await issue(phones, anna)
    house.clock.advance(1)
    new = await issue(phones, anna)
    assert [kept.id for kept in await phones.in_force()] == [new.id]
    assert await phones.standings([old.id, new.id]) == {
        old.id: Standing.REPLACED,
        new.id: Standing.IN_FORCE,
    }
    assert await phones.endpoint_of(anna, new.id) == PHONE
    with pytest.raises(Conflict) as error:
        await phones.endpoint_of(anna, old.id)
    assert error.value.code == "phone_replaced"


async def test_of_many_windows_at_once_one_has_the_phone(house: House) -> None:
    phones, anna = await begin(house)
    await asyncio.gather(*(issue(phones, anna) for _ in range(8)))
    assert len(await phones.in_force()) == 1


async def test_it_ends_with_its_time(house: House) -> None:
    phones, anna = await begin(house)
    issued = await issue(phones, anna)
    house.clock.advance(LASTS.total_seconds() - 1)
    assert len(await phones.in_force()) == 1
    house.clock.advance(1)
    assert await phones.in_force() == ()
    assert await phones.standings([issued.id]) == {issued.id: Standing.ENDED}


async def test_it_ends_with_its_session(house: House) -> None:
    phones, anna = await begin(house)
    issued = await issue(phones, anna)
    (token,) = await house.people.list_tokens("anna")
    await house.people.revoke_token(token.id, by="admin")
    assert await phones.in_force() == ()
    assert await phones.standings([issued.id]) == {issued.id: Standing.ENDED}


async def test_it_ends_with_its_device(house: House) -> None:
    phones, anna = await begin(house)
    issued = await issue(phones, anna)
    await house.office.apply(edited(), 2, "admin", None)  # a desk phone again
    assert await phones.in_force() == ()
    assert await phones.standings([issued.id]) == {issued.id: Standing.ENDED}
    with pytest.raises(NotFound):
        await phones.endpoint_of(anna, issued.id)
    with pytest.raises(NotFound):
        await issue(phones, anna)


async def test_ending_one_is_said_once(house: House) -> None:
    phones, anna = await begin(house)
    issued = await issue(phones, anna)
    await phones.end(issued.id)
    await phones.end(issued.id)
    assert await phones.in_force() == ()
    ended = [event for event in await house.events() if isinstance(event, PhoneCredentialEnded)]
    assert [(event.credential, event.endpoint) for event in ended] == [(issued.id, PHONE)]


async def test_anothers_session_cannot_use_it(house: House) -> None:
    phones, anna = await begin(house)
    issued = await issue(phones, anna)
    for other in (replace(anna, token_id=str(new_id())), replace(anna, person="elena")):
        with pytest.raises(NotFound):
            await phones.endpoint_of(other, issued.id)
    with pytest.raises(NotFound):
        await phones.endpoint_of(anna, new_id())
    assert await phones.standings([unknown := new_id()]) == {unknown: Standing.ENDED}


async def test_what_ended_long_ago_is_forgotten(house: House) -> None:
    phones, anna = await begin(house)
    for _ in range(3):
        await issue(phones, anna)
        house.clock.advance(2 * 86_400)
    await issue(phones, anna)
    ((count,),) = await house.rows("SELECT count(*) FROM phone_credentials")
    assert count == 2  # the one in force, and the one that ended just now
