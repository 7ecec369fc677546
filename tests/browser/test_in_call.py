"""A call in the browser, and what an agent does beside it: other pages, other tabs, the feed's news."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.chromium import Chromium
from tests.browser.seat import Seat, seated, with_password, with_seat
from tests.browser.voice import require_address
from tests.fakes.sip_peer import OutgoingCall
from tests.journeys.house import WITHHELD
from tests.journeys.running_callcard import Callcard, running_callcard

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

CALLER = "+74955550173"
# Counts the moments in which the mute button shows what is not so. Made after the page's own observer, this
# one is told of each change after that, and still before anything is painted.
WATCH_MUTE = """() => {
    window.drawn = window.wrong = 0;
    const look = () => {
        const mute = document.querySelector("#panel [data-phone=mute]");
        window.drawn += 1;
        if (mute !== null && mute.getAttribute("aria-pressed") !== "true") window.wrong += 1;
    };
    const panel = document.getElementById("panel").parentElement;
    new MutationObserver(look).observe(panel, { childList: true, subtree: true, attributes: true });
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def callcard() -> AsyncIterator[Callcard]:
    require_address()
    async with running_callcard(more=with_seat) as running:
        await with_password(running, "bella")
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def seat(callcard: Callcard, chromium: Chromium) -> AsyncIterator[Seat]:
    async with seated(callcard, chromium) as opened:
        yield opened


@asynccontextmanager
async def talking(seat: Seat, **more: str) -> AsyncIterator[OutgoingCall]:
    """Bella has answered; afterwards the caller hangs up."""
    await seat.ready()
    call = await seat.call(CALLER, **more)
    await seat.page.keyboard.press("Space")
    await call.answered()
    await expect(seat.part("talking")).to_be_visible()
    yield call
    await call.hangup()
    await seat.free()


async def test_links_open_beside_the_page_that_carries_the_call(seat: Seat) -> None:
    desk, customers = seat.page, seat.page.locator(".rail a[href='/customers']")
    async with talking(seat) as call:
        async with desk.context.expect_page() as opened:
            await customers.click()
        beside = await opened.value
        await expect(beside).to_have_url(desk.url.replace("/desk", "/customers"))
        await seat.talks(call)
        # The call is worked from there, too; the phone itself stays where it is.
        end = beside.locator("#phone-calls [data-phone=end]:visible")
        await expect(end).to_be_visible()
        await beside.close()
        await seat.talks(call)
    await customers.click()  # nobody is cut off any more
    await expect(desk).to_have_url(desk.url.replace("/desk", "/customers"))
    await desk.go_back()


async def test_news_never_take_the_mute_away(seat: Seat) -> None:
    async with talking(seat):
        mute = seat.act("mute")
        await mute.click()
        await expect(mute).to_have_attribute("aria-pressed", "true")
        await seat.page.evaluate(WATCH_MUTE)
        for part, shown in (("hold", "held"), ("hold", "talking")):  # each draws the panel anew
            await seat.act(part).click()
            await expect(seat.part(shown)).to_be_visible()
        await expect(mute).to_have_attribute("aria-pressed", "true")
        assert await seat.page.evaluate("[window.drawn > 0, window.wrong]") == [True, 0]


async def test_result_and_next_step_are_seen_in_the_other_tab_also_without_a_card(seat: Seat) -> None:
    async with talking(seat, from_header=WITHHELD):
        beside = await seat.page.context.new_page()
        await beside.goto(seat.page.url)
        await beside.locator(".result button", has_text="Agreed").click()
        await expect(seat.page.locator(".result [aria-pressed=true]")).to_have_text("Agreed")
        step = seat.page.locator(".result details")
        await step.locator("summary").click()
        await step.locator("[name=text]").fill("Call about the oak")
        await seat.page.keyboard.press("Enter")
        await expect(step.locator("summary")).to_contain_text("Call about the oak")
        await expect(step).not_to_have_attribute("open", "")
        await expect(beside.locator(".result summary")).to_contain_text("Call about the oak")
        await beside.close()
