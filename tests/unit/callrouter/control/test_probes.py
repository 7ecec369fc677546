"""Probes: the switch asks a device again and again until another answer of it is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from callrouter.control.probes import Probes
from crm_core.errors import Unavailable

pytestmark = pytest.mark.unit

PHONE, OLD, NEW = "agent-anna-desk", "agent-anna-desk;@0a", "agent-anna-desk;@0b"


@dataclass
class Switch:
    """What the actor's link asks: the addresses it has, when each last answered, how often it asked them."""

    took: dict[str, int | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    away: bool = False

    async def contacts(self, endpoint: str) -> tuple[str, ...]:
        if self.away:
            raise Unavailable
        return tuple(self.took)

    async def round_trip_us(self, contact: str) -> int | None:
        return self.took.get(contact)

    async def qualify(self, endpoint: str) -> bool:
        self.asked.append(endpoint)
        return True

    async def has_asked(self, times: int) -> None:
        """Wait until the device was asked so often from now on."""
        wanted = len(self.asked) + times
        async with asyncio.timeout(10):
            while len(self.asked) < wanted:
                await asyncio.sleep(0)


class Told:
    """Counts answers, and is waited for."""

    def __init__(self) -> None:
        self.times = 0
        self._told = asyncio.Event()

    def __call__(self) -> None:
        self.times += 1
        self._told.set()

    async def once(self) -> None:
        async with asyncio.timeout(10):
            await self._told.wait()
        assert self.times == 1


@pytest_asyncio.fixture
async def switch() -> Switch:
    return Switch({OLD: 700})


@pytest_asyncio.fixture
async def probes(switch: Switch) -> AsyncIterator[Probes]:
    made = Probes(switch, every_s=0.001, limit=2)
    yield made
    await made.stop()


async def test_only_another_answer_than_the_last_is_one(probes: Probes, switch: Switch) -> None:
    told = Told()
    probes.begin(PHONE, told)
    await switch.has_asked(3)
    assert told.times == 0
    switch.took[OLD] = None  # the switch missed an answer
    await switch.has_asked(3)
    assert told.times == 0
    switch.took[OLD] = 800
    await told.once()
    asked = len(switch.asked)
    await asyncio.sleep(0.01)
    assert len(switch.asked) == asked, "asked no more"


async def comes_from_another_address(switch: Switch) -> None:
    switch.took = {NEW: 700}


async def answers_after_the_switch_was_away(switch: Switch) -> None:
    switch.away = True
    await asyncio.sleep(0.01)
    switch.away, switch.took[OLD] = False, 900


@pytest.mark.parametrize("what", [comes_from_another_address, answers_after_the_switch_was_away])
async def test_it_is_found_again(
    probes: Probes, switch: Switch, what: Callable[[Switch], Awaitable[None]]
) -> None:
    told = Told()
    probes.begin(PHONE, told)
    await switch.has_asked(1)
    await what(switch)
    await told.once()


async def test_who_is_not_wanted_is_not_asked(probes: Probes, switch: Switch) -> None:
    told = Told()
    probes.begin(PHONE, told)
    await switch.has_asked(1)
    probes.end(PHONE)
    probes.end("agent-of-nobody")
    switch.took[OLD] = 800
    await asyncio.sleep(0.01)
    assert told.times == 0


async def test_one_without_an_address_is_not_asked(probes: Probes, switch: Switch) -> None:
    switch.took.clear()
    probes.begin(PHONE, Told())
    await asyncio.sleep(0.01)
    assert switch.asked == []


async def test_one_task_for_each_and_no_more_than_the_limit(probes: Probes, switch: Switch) -> None:
    for phone in (PHONE, PHONE, "agent-boris-desk", "agent-clara-desk"):
        probes.begin(phone, Told())
    names = [task.get_name() for task in asyncio.all_tasks()]
    assert sorted(name for name in names if name.startswith("probe ")) == [
        "probe agent-anna-desk",
        "probe agent-boris-desk",
    ]
    await probes.stop()
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("probe ")]
