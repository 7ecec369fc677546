"""A seat whose phone is in the browser, on the whole product: bella's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from playwright.async_api import Locator, Page, expect

from crm_core.clock import SystemClock
from crm_core.people.service import PeopleService
from tests.browser.chromium import Chromium, Windows, sign_in
from tests.browser.voice import IN_EVERY_PAGE, browser_hears
from tests.fakes.sip_peer import OutgoingCall
from tests.journeys.front import until
from tests.journeys.running_callcard import AGENT_TONE, CALLER_TONE, RING_S, Callcard
from tests.journeys.test_browser_phone import ENDPOINT, LINE, with_browser_phones

BELLA = 1500  # Hz: what she says
TONES = (CALLER_TONE, AGENT_TONE, BELLA)
PASSWORD = "the same for all of them"
WRAP_UP_S = 60


def with_seat(text: str) -> str:
    """The office with bella's line, which rings as long as the others and gives time to write afterwards."""
    return with_browser_phones(text).replace(
        "members: [bella], ring_s: 3, wrap_up_s: 0",
        f"members: [bella], ring_s: {RING_S}, wrap_up_s: {WRAP_UP_S}",
    )


@dataclass(frozen=True)
class Seat:
    """Bella's desk, open in a browser of hers."""

    callcard: Callcard
    page: Page
    windows: Windows

    @property
    def panel(self) -> Locator:
        """The call at the upper left."""
        return self.page.locator("#panel")

    def part(self, name: str) -> Locator:
        """The call in that part of its life."""
        return self.panel.locator(f"[data-part={name}]")

    def act(self, name: str) -> Locator:
        """A button of the call."""
        return self.panel.locator(f"[data-phone={name}]")

    async def ready(self) -> None:
        """The phone has registered, and bella gets calls."""
        await expect(self.page.locator("body")).to_have_attribute("data-phone-is", "ready")
        await self.callcard.set_state("bella", "available")

        async def available() -> bool:
            state = (await self.callcard.get("/api/v1/agents/bella"))["state"]
            if state == "wrap_up":  # of the call before: it began after it was to end
                await self.callcard.set_state("bella", "available")
            return bool(state == "available")

        await until(available, what="bella to be available")
        await expect(self.page.locator("#pill")).to_have_attribute("data-state", "available")

    async def call(self, number: str, **more: str) -> OutgoingCall:
        """A caller whom the desk shows."""
        made = await self.callcard.call(LINE, number=number, **more)
        try:
            await expect(self.part("offered")).to_be_visible()
        except AssertionError as error:
            raise AssertionError(f"not offered: {await self.callcard.by_number(number)}") from error
        return made

    async def rings(self, number: str) -> None:
        """Wait until her phone rings for *number*: the switch heard so from the browser."""
        await self.callcard.alerting(number)

    async def talks(self, call: OutgoingCall) -> None:
        """Both hear each other, now."""
        await call.hears(TONES, BELLA)
        await browser_hears(self.page, CALLER_TONE)

    async def legs(self) -> int:
        """How many channels her phone has at the switch."""
        shown = await self.callcard.pbx.control.run("core show channels concise")
        return shown.count(f"PJSIP/{ENDPOINT}-")

    async def free(self) -> None:
        """No call is left, on the desk and at the switch."""
        await expect(self.panel.locator("[data-call]:not([data-part=wrap_up])")).to_have_count(0)

        async def quiet() -> bool:
            return await self.legs() == 0

        await until(quiet, what="bella's phone to be free")


async def with_password(callcard: Callcard, *people: str) -> None:
    """Let these people sign in."""
    service = PeopleService(callcard.database, SystemClock())
    for name in people:
        await service.add_user(name, PASSWORD, by="test")


@asynccontextmanager
async def seated(callcard: Callcard, chromium: Chromium) -> AsyncIterator[Seat]:
    """Bella at her desk. At the end no script may have failed, nor broken the page's policy."""
    async with chromium.agent(tone=BELLA) as windows:
        await windows.context.add_init_script(IN_EVERY_PAGE)
        page = await windows.context.new_page()
        await sign_in(page, f"http://{callcard.settings.http}", "bella", PASSWORD, to="/desk")
        yield Seat(callcard, page, windows)
        assert not windows.said, windows.said
