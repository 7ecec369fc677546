"""A press on a number waits for the router's word, and says it in words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from callcard.dialling import Dialling
from crm_core.bus.memory import MemoryBus
from crm_core.errors import BadInput, CallcardError, Conflict, NotFound, Unavailable
from crm_core.ids import new_id
from crm_core.people.dial_events import DialAnswered, DialWanted, NotDialled
from crm_core.people.model import Reader, Role
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.unit

ANNA = Reader(person="anna", role=Role.AGENT, office="moscow", team=None, token_id=str(new_id()))
NUMBER = "+74955550142"
Answers = Callable[[DialWanted], tuple[DialAnswered, ...]]


@dataclass
class House:
    web: Dialling
    wished: list[DialWanted]


def saying(why: NotDialled | None) -> Answers:
    return lambda wish: (DialAnswered(wish=wish.wish, why=why),)


@asynccontextmanager
async def house(answers: Answers, answer_s: float = 5.0) -> AsyncIterator[House]:
    """A router that answers so."""
    bus, wished = MemoryBus(), list[DialWanted]()
    web = Dialling(bus, FakeClock(), pbx="main", answer_s=answer_s)
    heard = await bus.subscribe(DialWanted, name="router")

    async def route() -> None:
        async for event in heard:
            assert isinstance(event, DialWanted)
            wished.append(event)
            await bus.publish(*answers(event))

    tasks = [asyncio.create_task(route(), name="router"), asyncio.create_task(web.run(), name="web")]
    await asyncio.sleep(0)
    try:
        yield House(web, wished)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await bus.close()


async def test_it_returns_when_the_telephone_rings() -> None:
    other = DialAnswered(wish=new_id(), why=NotDialled.BUSY)  # of somebody else's wish
    async with house(lambda wish: (other, *saying(None)(wish))) as place:
        await place.web.dial(ANNA, NUMBER)
    (wish,) = place.wished
    assert (wish.pbx, wish.person, wish.number) == ("main", "anna", NUMBER)


@pytest.mark.parametrize(
    ("why", "kind"),
    [
        (NotDialled.NO_PHONE, NotFound),
        (NotDialled.AWAY, Conflict),
        (NotDialled.BUSY, Conflict),
        (NotDialled.NOT_CALLED, BadInput),
        (NotDialled.SWITCH, Unavailable),
    ],
)
async def test_each_reason_has_its_words(why: NotDialled, kind: type[CallcardError]) -> None:
    async with house(saying(why)) as place:
        with pytest.raises(kind) as refused:
            await place.web.dial(ANNA, NUMBER)
    assert type(refused.value) is kind and refused.value.message


async def test_a_router_that_says_nothing_is_not_waited_for_long() -> None:
    async with house(lambda wish: (), answer_s=0.05) as place:
        with pytest.raises(Unavailable):
            await place.web.dial(ANNA, NUMBER)
    assert len(place.wished) == 1
