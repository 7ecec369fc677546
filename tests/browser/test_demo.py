"""The demo as a newcomer meets it: the free seat rung at a press, its callers heard, the board beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from agent_ui.demo.bell import PAUSE
from tests.browser.chromium import Chromium, sign_in
from tests.browser.demo_office import Demo, running_demo
from tests.browser.voice import IN_EVERY_PAGE, browser_hears_somebody, require_address
from tests.journeys.pbx import find_or_install

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo() -> AsyncIterator[Demo]:
    require_address()
    await find_or_install()
    async with running_demo() as running:
        yield running


async def test_the_free_seat_is_rung_talks_and_is_seen_on_the_board(demo: Demo, chromium: Chromium) -> None:
    async with chromium.agent(tone=600) as seat, chromium.visitor() as beside:
        await seat.context.add_init_script(IN_EVERY_PAGE)
        desk, board = await seat.context.new_page(), await beside.context.new_page()
        await sign_in(board, demo.url, "viktor", demo.password, to="/board")
        await sign_in(desk, demo.url, "dina", demo.password, to="/desk")
        row, panel = board.locator("#agent-dina"), desk.locator("#panel")
        await expect(row).to_have_attribute("data-state", "available")

        await desk.locator("[data-ring=known]").click()
        await expect(panel.locator("[data-part=offered]")).to_contain_text("Zoya Lebedeva")
        await expect(desk.locator("#work .who h2")).to_have_text("Zoya Lebedeva")
        await expect(row).to_have_attribute("data-state", "ringing")
        await desk.keyboard.press("Space")
        await expect(panel.locator("[data-part=talking]")).to_be_visible()
        await expect(row).to_contain_text("Zoya Lebedeva")
        await browser_hears_somebody(desk)
        await desk.keyboard.press("e")

        for who, name, words in (
            ("new", "new number", "nobody responsible"),
            ("withheld", "Withheld number", "no card"),
        ):
            await expect(panel.locator("[data-part=wrap_up]")).to_be_visible()
            await desk.keyboard.press("Control+Enter")
            await expect(desk.locator("#pill")).to_have_attribute("data-state", "available")
            await asyncio.sleep(PAUSE.total_seconds())
            await desk.locator(f"[data-ring={who}]").click()
            await expect(panel.locator("[data-part=offered]")).to_contain_text(name)
            await expect(desk.locator("#work .who")).to_contain_text(words)
            await desk.keyboard.press("Space")
            await expect(panel.locator("[data-part=talking]")).to_be_visible()
            await desk.keyboard.press("e")
        assert (seat.said, beside.said) == ([], [])
