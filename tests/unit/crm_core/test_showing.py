"""Who rings a phone waits for the screens that show the call: for how long, and for which of them."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from crm_core.showing import ASKED, WANTED, WITHIN_S, Showing

pytestmark = pytest.mark.unit

OFFER, NEXT, THIRD = UUID(int=1), UUID(int=2), UUID(int=3)
LONG_S = 30.0  # never waited out: what is waited for has happened, or will in this loop


async def waiting(showing: Showing, offer: UUID, seconds: float = LONG_S) -> asyncio.Task[bool]:
    """Somebody waits, and has begun to."""
    task = asyncio.create_task(showing.wait(offer, seconds))
    await asyncio.sleep(0)
    return task


async def test_an_offer_nobody_was_asked_about_is_not_waited_for() -> None:
    assert await Showing().wait(OFFER, LONG_S)


async def test_the_phone_waits_for_every_screen_of_the_agent() -> None:
    showing = Showing()
    showing.ask(OFFER, "desk")
    showing.ask(OFFER, "second tab")
    task = await waiting(showing, OFFER)
    assert showing.shown(OFFER, "second tab")
    await asyncio.sleep(0)
    assert not task.done()
    assert showing.shown(OFFER, "desk")
    assert await task


async def test_a_screen_that_was_quicker_than_the_question_counts() -> None:
    showing = Showing()
    showing.ask(OFFER, "desk")
    assert showing.shown(OFFER, "desk")
    assert await showing.wait(OFFER, LONG_S)


async def test_a_closed_page_is_waited_for_no_more() -> None:
    showing = Showing()
    showing.ask(OFFER, "desk")
    task = await waiting(showing, OFFER)
    showing.gone("desk")
    assert await task
    assert not showing.shown(OFFER, "desk")


async def test_a_screen_that_says_nothing_holds_up_one_call_only() -> None:
    showing = Showing()
    showing.ask(OFFER, "desk")
    assert not await showing.wait(OFFER, 0.001)
    showing.ask(NEXT, "desk")
    assert await showing.wait(NEXT, LONG_S)


async def test_a_screen_that_is_quick_again_is_waited_for_again() -> None:
    showing = Showing()
    showing.ask(OFFER, "desk")
    assert not await showing.wait(OFFER, 0.001)
    showing.ask(NEXT, "desk")
    assert showing.shown(NEXT, "desk")
    showing.ask(THIRD, "desk")
    task = await waiting(showing, THIRD)
    assert not task.done()
    showing.shown(THIRD, "desk")
    assert await task


async def test_a_screen_far_away_is_not_waited_for_though_it_answers() -> None:
    showing = Showing()
    showing.ask(OFFER, "far")
    await asyncio.sleep(WITHIN_S + 0.02)
    assert showing.shown(OFFER, "far")
    showing.ask(NEXT, "far")
    assert await showing.wait(NEXT, LONG_S)


async def test_only_who_was_asked_is_believed_and_once() -> None:
    showing = Showing()
    showing.ask(OFFER, "desk")
    assert not showing.shown(OFFER, "board")
    assert not showing.shown(NEXT, "desk")
    assert showing.shown(OFFER, "desk")
    assert not showing.shown(OFFER, "desk")


async def test_what_nobody_waits_for_is_bounded() -> None:
    showing = Showing()
    for number in range(2 * WANTED):
        showing.ask(UUID(int=number), "desk")
    assert await showing.wait(UUID(int=0), LONG_S)  # forgotten
    assert not showing.shown(UUID(int=2 * WANTED - ASKED - 1), "desk")
    assert showing.shown(UUID(int=2 * WANTED - ASKED), "desk")
