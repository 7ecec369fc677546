"""Commands: sent at once, side by side, never again."""

from __future__ import annotations

import asyncio

import pytest

from callrouter.ami.session import OutcomeUnknown
from callrouter.control.commands import Commands
from crm_core.errors import Unavailable

pytestmark = pytest.mark.unit


class Actor:
    """An actor's link that answers as told."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.answer: bool | Exception = True
        self.gate: asyncio.Event | None = None

    async def redirect_to_offer(self, channel: str) -> bool:
        return await self._act("redirect", channel)

    async def hangup_leg(self, channel: str) -> bool:
        return await self._act("hangup", channel)

    async def _act(self, what: str, channel: str) -> bool:
        self.sent.append((what, channel))
        if self.gate is not None:
            await self.gate.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def commands(actor: Actor, *, up: bool = True, limit: int = 10, timeout_s: float = 1.0) -> Commands:
    return Commands(actor, is_up=lambda: up, limit=limit, timeout_s=timeout_s)


@pytest.mark.parametrize(
    ("answer", "refused"),
    [(True, 0), (False, 1), (Unavailable(), 1), (OutcomeUnknown(), 0)],
)
async def test_who_gave_a_pull_hears_that_it_was_refused(answer: bool | Exception, refused: int) -> None:
    actor = Actor()
    actor.answer = answer
    told: list[None] = []
    given = commands(actor)
    assert given.pull("PJSIP/city-0000000a", lambda: told.append(None))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(told) == refused
    assert actor.sent == [("redirect", "PJSIP/city-0000000a")]
    await given.stop()


async def test_no_answer_in_time_may_have_happened_and_is_not_sent_again() -> None:
    actor = Actor()
    actor.gate = asyncio.Event()
    told: list[None] = []
    given = commands(actor, limit=1, timeout_s=0.01)
    given.pull("PJSIP/city-0000000a", lambda: told.append(None))
    async with asyncio.timeout(5):
        while not given.hang_up("PJSIP/city-0000000b"):  # refused while the first is under way
            await asyncio.sleep(0.01)
    assert told == []
    await asyncio.sleep(0)
    assert actor.sent == [("redirect", "PJSIP/city-0000000a"), ("hangup", "PJSIP/city-0000000b")]
    await given.stop()


async def test_one_silent_answer_does_not_hold_the_next() -> None:
    actor = Actor()
    actor.gate = asyncio.Event()
    given = commands(actor, limit=2)
    assert given.pull("PJSIP/a-00000001", lambda: None)
    assert given.pull("PJSIP/a-00000002", lambda: None)
    assert not given.pull("PJSIP/a-00000003", lambda: None), "bounded"
    await asyncio.sleep(0)
    assert len(actor.sent) == 2
    await given.stop()


async def test_with_the_link_away_nothing_is_sent() -> None:
    actor = Actor()
    assert not commands(actor, up=False).pull("PJSIP/a-00000001", lambda: None)
    await asyncio.sleep(0)
    assert actor.sent == []
