"""`make screens`: every screen of a demo office at work, to be looked at.

Three languages, light and dark, three widths: `screens/<language>/<screen>-<look>-<width>.png`; what opens
over a page is a screen of its own. Some customers have hostile names. Says which pages scroll sideways, and
what their scripts said.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from playwright.async_api import Page

from tests.browser.chromium import Chromium, sign_in
from tests.browser.demo_office import Demo, running_demo

FOLDER = Path(__file__).parents[2] / "screens"
LANGUAGES = {"en": "en-GB", "ru": "ru-RU", "az": "az-AZ"}
LOOKS = ("light", "dark")
SIZES = ((1280, 800), (1920, 1080), (390, 844))
ALL_S = 480.0
AT_NOBODYS, BUSY = "+7 495 555 01 58", "+7 495 555 01 57"  # callcard/demo/peers.py: by the last digit
PATIENCE_MS = 40_000  # many windows at once, and nobody waits before them


class Camera:
    """Takes pictures of one language."""

    def __init__(self, demo: Demo, chromium: Chromium, language: str) -> None:
        self._demo, self._chromium, self._language = demo, chromium, language
        self._folder = FOLDER / language

    async def shoot(self, page: Page, name: str) -> None:
        """*page* as it is, in each look and width."""
        await page.evaluate("document.fonts.ready.then(() => true)")
        await page.wait_for_function("() => document.querySelector('.player.waits') === null")
        for width, height in SIZES:
            await page.set_viewport_size({"width": width, "height": height})
            for look in LOOKS:
                await page.emulate_media(color_scheme="dark" if look == "dark" else "light")
                await page.screenshot(path=self._folder / f"{name}-{look}-{width}.png", animations="disabled")
            if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                self._demo.found.append(f"{self._language}/{name}: scrolls sideways at {width} px")
        width, height = SIZES[0]  # where every button is to be seen
        await page.set_viewport_size({"width": width, "height": height})

    @asynccontextmanager
    async def page_of(self, person: str | None, path: str) -> AsyncIterator[Page]:
        """A page after signing in, in this language."""
        async with self._chromium.visitor(locale=LANGUAGES[self._language]) as windows:
            windows.context.set_default_timeout(PATIENCE_MS)
            page = await windows.context.new_page()
            if person is None:
                await page.goto(self._demo.url + path)
            else:
                await sign_in(page, self._demo.url, person, self._demo.password, to=path)
            yield page
            self._demo.found += [f"{self._language}{path}: {said}" for said in windows.said]

    async def pages(self, person: str, screens: Sequence[tuple[str, str]]) -> None:
        """Pages that a person just opens: pairs of name and path."""
        async with self.page_of(person, screens[0][1]) as page:
            for name, path in screens:
                await page.goto(self._demo.url + path)
                await self.shoot(page, name)

    async def of_others(self) -> None:
        """Everything but the free seat."""
        async with self.page_of(None, "/login") as page:
            await self.shoot(page, "login")
        async with self.page_of("anna", "/desk") as page:
            await page.locator('#panel[data-part="talking"]').wait_for()
            await self.shoot(page, "desk-talking-anna")
        calls = await self._demo.settled_calls(4)
        known = next(call for call in calls if call["from"] == "+74955550142")
        await self.pages(
            "viktor",
            (
                ("board", "/board"),
                ("customers", "/customers"),
                ("new-card", "/customers/new"),
                ("customer", f"/customers/{known['customer_id']}"),
                ("merge", f"/customers/{known['customer_id']}/merge?q=555"),
                ("missed", "/missed?whose=shared"),
                ("calls", "/calls"),
                ("call", f"/calls/{known['id']}"),
                ("settings", "/settings"),
                ("not-there", "/customers/nobody"),
            ),
        )
        await self.of_what_opens()

    async def of_what_opens(self) -> None:
        """What a press lays over a page."""
        async with self.page_of("viktor", "/calls") as page:
            await page.locator("a.row-link").last.click()
            await page.locator("#drawer[open] .player-keys").wait_for()
            await self.shoot(page, "call-drawer")
            await page.keyboard.press("Escape")
            await page.locator(".top-end details.menu > summary").click()
            await self.shoot(page, "person-menu")
            await page.goto(f"{self._demo.url}/customers?q=sokolova")
            await page.locator("#cards a").first.click()
            await page.locator(".who-deeds button").first.click()
            await page.locator("#field-title").wait_for()
            await self.shoot(page, "customer-edit")
            await page.locator("[data-leave]").click()
            await page.locator(".who-deeds a").click()
            await page.locator("#join-q").fill("igor")
            await page.locator("#join-found a").first.click()
            await page.locator("form#join").wait_for()
            await self.shoot(page, "merge-preview")
            await page.goto(f"{self._demo.url}/board")
            await page.locator("[data-state-of]").first.click()
            await self.shoot(page, "board-state")

    async def of_the_free_seat(self) -> None:
        """The desk with the phone in the browser: ready, rung, talking, after the call."""
        async with self._chromium.agent(tone=600, locale=LANGUAGES[self._language]) as windows:
            windows.context.set_default_timeout(PATIENCE_MS)
            page = windows.context.pages[0]
            await sign_in(page, self._demo.url, "dina", self._demo.password, to="/desk")
            await page.locator('body[data-phone-is="ready"]').wait_for()
            await page.locator('#pill[data-state="available"]').wait_for()
            await self.shoot(page, "desk-ready")
            await self._around_the_desk(page)
            await self._calling_out(page)
            await page.locator("[data-ring=known]").click()
            await page.locator('#panel[data-part="offered"]').wait_for()
            await page.locator("#work .who").wait_for()
            await self.shoot(page, "desk-offered")
            await page.keyboard.press("F2")
            await page.locator('#panel[data-part="talking"]').wait_for()
            await self.shoot(page, "desk-talking")
            await self._in_the_call(page)
            await page.keyboard.press("F4")
            await page.locator('#panel[data-part="wrap_up"]').wait_for()
            await self.shoot(page, "desk-wrap-up")
            await page.keyboard.press("Control+Enter")
            await page.locator('#pill[data-state="available"]').wait_for()
            await page.locator("[data-ring=new]").click()
            await page.locator('#panel [data-part="offered"]').wait_for()
            await page.locator("#work .who-deeds").wait_for()
            await self.shoot(page, "desk-new-caller")
            await page.keyboard.press("F2")
            await page.locator('#panel[data-part="talking"]').wait_for()
            await page.keyboard.press("F4")
            await page.locator('#panel[data-part="wrap_up"]').wait_for()
            self._demo.found += [f"{self._language}/desk: {said}" for said in windows.said]

    async def _around_the_desk(self, page: Page) -> None:
        await page.locator("#pill > summary").click()
        await self.shoot(page, "desk-states")
        await page.keyboard.press("Escape")
        await page.locator("#search").fill("sokolov")
        await page.locator("#found [role=option]").first.wait_for()
        await self.shoot(page, "desk-search")
        await page.keyboard.press("Escape")
        await page.keyboard.press("?")
        await self.shoot(page, "desk-keys")
        await page.keyboard.press("Escape")
        await page.locator(".phone-state").click()
        await self.shoot(page, "desk-phone")
        await page.keyboard.press("Escape")

    async def _calling_out(self, page: Page) -> None:
        """A customer who is not at home, and one who talks with somebody else."""
        await page.locator("dialog[open]").wait_for(state="detached")  # it has the keys until it is closed
        await page.keyboard.press("d")
        await page.keyboard.type(AT_NOBODYS)
        await page.locator("#phone-typed [data-number]").wait_for()
        await self.shoot(page, "desk-dial")
        await page.keyboard.press("Enter")
        await page.locator('#panel [data-part="calling"]').wait_for()
        await page.locator("#work .who-deeds").wait_for()
        await self.shoot(page, "desk-calling")
        await page.keyboard.press("F4")
        await page.locator('#panel [data-part="unreached"]').wait_for()
        await page.keyboard.press("d")
        await page.keyboard.type(BUSY)
        await page.keyboard.press("Enter")
        await page.locator('#panel [data-part="calling"]').wait_for()
        await page.locator('#panel [data-part="unreached"]').wait_for()
        await self.shoot(page, "desk-unreached")

    async def _in_the_call(self, page: Page) -> None:
        await page.locator(".note-text").fill("Wants oak fronts instead of white ones, and asks when.")
        await page.locator(".result button").first.click()
        await page.locator(".result [aria-pressed=true]").wait_for()
        await page.locator("[data-note-state=saved]").wait_for()
        await page.locator(".step > summary").click()
        await self.shoot(page, "desk-note")
        await page.locator("[data-phone=transfer]").first.click()
        await page.locator("#phone-list .row-item").first.wait_for()
        await self.shoot(page, "desk-transfer")
        await page.keyboard.press("Escape")
        await page.locator("[data-phone=keypad]").first.click()
        await self.shoot(page, "desk-keypad")
        await page.keyboard.press("Escape")
        await page.locator("[data-phone=hold]").first.click()
        await page.locator('#panel [data-part="held"]').wait_for()
        await self.shoot(page, "desk-held")


async def gallery(demo: Demo, chromium: Chromium) -> None:
    """The gallery: its admin's language is set by hand, as the office file names one."""
    async with chromium.visitor() as windows:
        windows.context.set_default_timeout(PATIENCE_MS)
        page = await windows.context.new_page()
        await sign_in(page, demo.url, "admin", demo.password, to="/gallery")
        for language in LANGUAGES:
            form = {"form": {"language": language}, "headers": {"Origin": demo.url}}
            await windows.context.request.post(f"{demo.url}/preferences", **form)  # type: ignore[arg-type]
            await page.goto(f"{demo.url}/gallery")
            await Camera(demo, chromium, language).shoot(page, "gallery")
        demo.found += [f"/gallery: {said}" for said in windows.said]


async def run() -> int:
    """Take all pictures."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    began = time.monotonic()
    async with asyncio.timeout(ALL_S), AsyncExitStack() as stack:
        demo = await stack.enter_async_context(running_demo())
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cc-chromium-")))
        chromium = await stack.enter_async_context(Chromium.started(place))
        await demo.with_hostile_names()
        cameras = [Camera(demo, chromium, language) for language in LANGUAGES]

        async def seats() -> None:
            await demo.over.wait()
            for camera in cameras:  # one after the other: there is one free seat
                await camera.of_the_free_seat()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(demo.ring())
            tasks.create_task(seats())
            tasks.create_task(gallery(demo, chromium))
            for camera in cameras:
                tasks.create_task(camera.of_others())
    count = len(list(FOLDER.rglob("*.png")))
    sys.stdout.write("".join(f"{line}\n" for line in demo.found))
    sys.stdout.write(f"{count} pictures in {FOLDER}, {time.monotonic() - began:.0f} s\n")
    return 1 if demo.found else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(run()))
