"""Passwords at the switch follow the rows: only what differs is sent, and in force is said after it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from callrouter.control.phone_keys import PhoneKeys
from crm_core.bus.memory import MemoryBus
from crm_core.errors import Unavailable
from crm_core.health import Health, HealthState
from crm_core.people.phone_credentials import PhoneCredential
from crm_core.people.phone_events import PhoneCredentialInForce, PhoneCredentialIssued
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.unit

ANNA, BORIS = "agent-anna-web", "agent-boris-web"


class Switch:
    """Passwords by endpoint, and everything that was asked of it."""

    def __init__(self) -> None:
        self.has: dict[str, str] = {"agent-boris-web": "of before"}
        self.asked: list[tuple[str, str]] = []
        self.away = False

    async def put(self, endpoint: str, digest: str, *, realm: str) -> None:
        self._ask("put", endpoint)
        assert realm == "asterisk"
        self.has[endpoint] = digest

    async def delete(self, endpoint: str) -> None:
        self._ask("delete", endpoint)
        self.has.pop(endpoint, None)

    def _ask(self, what: str, endpoint: str) -> None:
        if self.away:
            raise Unavailable
        self.asked.append((what, endpoint))


class House:
    """Rows, a switch, a bus, and the keeper between them."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.rows: list[PhoneCredential] = []
        self.switch = Switch()
        self.bus = MemoryBus()
        self.health = Health(self.clock)
        self.keys = PhoneKeys(self, self.switch, self.bus, self.clock, pbx="main", health=self.health)
        self.keys.configure([ANNA, BORIS])

    async def in_force(self) -> list[PhoneCredential]:
        return self.rows

    def row(self, endpoint: str, number: int) -> PhoneCredential:
        until = self.clock.now() + timedelta(hours=8)
        return PhoneCredential(
            id=UUID(int=number), endpoint=endpoint, digest=f"digest-{number}", expires_at=until
        )


async def test_the_switch_becomes_like_the_rows_and_what_it_had_before_goes() -> None:
    house = House()
    house.rows = [house.row(ANNA, 1)]
    await house.keys.sync()
    assert house.switch.has == {ANNA: "digest-1"}
    await house.keys.sync()
    assert house.switch.asked == [("put", ANNA), ("delete", BORIS)]  # nothing twice


async def test_a_newer_password_takes_the_place_and_an_ended_one_goes() -> None:
    house = House()
    house.rows = [house.row(ANNA, 1)]
    await house.keys.sync()
    house.rows = [house.row(ANNA, 2)]
    await house.keys.sync()
    assert house.switch.has == {ANNA: "digest-2"}
    house.rows = []
    await house.keys.sync()
    assert house.switch.has == {}


async def test_after_a_doubt_everything_is_put_again() -> None:
    house = House()
    house.rows = [house.row(ANNA, 1)]
    await house.keys.sync()
    house.switch.has.clear()  # as after a restart
    house.keys.doubt()
    await house.keys.sync()
    assert house.switch.has == {ANNA: "digest-1"}


async def test_a_phone_that_left_the_office_leaves_the_switch() -> None:
    house = House()
    house.rows = [house.row(ANNA, 1)]
    await house.keys.sync()
    house.keys.configure([BORIS])
    await house.keys.sync()
    assert house.switch.has == {}


async def test_in_force_is_said_after_the_switch_has_it_and_not_while_it_is_away() -> None:
    house = House()
    heard = await house.bus.subscribe(PhoneCredentialInForce, name="test")
    running = asyncio.create_task(house.keys.run(), name="keys")
    house.switch.away = True
    house.rows = [house.row(ANNA, 1)]
    await house.bus.publish(PhoneCredentialIssued(credential=UUID(int=1), endpoint=ANNA))
    async with asyncio.timeout(2):
        while (part := house.health.get("phones")) is None or part.state is not HealthState.DEGRADED:
            await asyncio.sleep(0)
    assert ANNA not in house.switch.has
    house.switch.away = False
    async with asyncio.timeout(2):
        said = await anext(aiter(heard))
    assert isinstance(said, PhoneCredentialInForce)
    assert said.credential == UUID(int=1)
    assert house.switch.has[ANNA] == "digest-1"
    running.cancel()
    await asyncio.wait({running})
