"""`make screens`: every screen of a demo office at work, to be looked at.

Three languages, light and dark, three widths: `screens/<language>/<screen>-<look>-<width>.png`. Some
customers have hostile names. Says which pages scroll sideways, and what their scripts said.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from playwright.async_api import Page

from callcard.demo.peers import ring
from callcard.demo.script import OPENING
from callcard.layout import Layout
from tests.browser.chromium import Chromium, sign_in
from tests.journeys.front import until

FOLDER = Path(__file__).parents[2] / "screens"
LANGUAGES = {"en": "en-GB", "ru": "ru-RU", "az": "az-AZ"}
LOOKS = ("light", "dark")
SIZES = ((1280, 800), (1920, 1080), (390, 844))
ALL_S = 300.0
START_S = 60.0
CALL_S = 45.0  # until calls are over and settled
PATIENCE_MS = 40_000  # many windows at once, and nobody waits before them
CALLERS = [caller for caller in OPENING if caller.talk_s < 30]
HOSTILE = {
    "+994125550142": '<script>alert("Kamran")</script> & <b>sons</b>',
    "+994125550143": "Leyla " + "Hüseynova-Qasımzadə " * 6,
    "+74955550151": "שלום \u202eevil\u202c мир {{ 7*7 }} ${7*7}",
}


@dataclass
class Demo:
    """The running demo as its terminal describes it. *over*: the callers have hung up; *found*: what is not
    as it should be.
    """

    url: str
    password: str
    http: aiohttp.ClientSession
    spool: Path
    over: asyncio.Event = field(default_factory=asyncio.Event)
    found: list[str] = field(default_factory=list)

    async def sign_in(self) -> None:
        """As the admin, for `api`."""
        form = {"name": "admin", "password": self.password, "next": "/"}
        async with self.http.post(f"{self.url}/login", data=form, allow_redirects=False) as answer:
            assert answer.status == 303, await answer.text()

    async def api(self, method: str, path: str, **rest: Any) -> Any:
        """What the API answers to the admin."""
        async with self.http.request(method, f"{self.url}/api/v1{path}", **rest) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def ring(self) -> None:
        """Let the demo's first callers ring, and wait until they are gone.

        Not while somebody sits at the free seat: whoever is free and has talked least is rung at once.
        """
        await until(self._seated, timeout=START_S, what="the demo's agents to be available")
        for caller in CALLERS:
            await asyncio.sleep(caller.after_s)
            await asyncio.to_thread(ring, self.spool, caller)
        await until(self._all_over, timeout=CALL_S, what="the callers to hang up")
        self.over.set()

    async def _seated(self) -> bool:
        shown = (await self.api("GET", "/agents"))["items"]
        return sum(agent["state"] == "available" for agent in shown) == len(shown) - 1

    async def _all_over(self) -> bool:
        calls = (await self.api("GET", "/calls?limit=50"))["items"]
        return len(calls) >= len(CALLERS) and all(call["state"] == "ended" for call in calls)

    async def settled_calls(self, count: int) -> list[dict[str, Any]]:
        """Calls that are over, with what they left, once there are so many."""
        async with asyncio.timeout(CALL_S):
            while True:
                calls = (await self.api("GET", "/calls?limit=50"))["items"]
                over = [call for call in calls if call["settled"] and call["customer_id"]]
                if len(over) >= count:
                    return over
                await asyncio.sleep(0.5)

    async def with_hostile_names(self) -> None:
        """Give some customers names that try to be something else."""
        for number, title in HOSTILE.items():
            (card,) = (await self.api("GET", "/customers", params={"phone": number}))["items"]
            await self.api("PATCH", f"/customers/{card['id']}", json={"title": title})


@asynccontextmanager
async def running_demo() -> AsyncIterator[Demo]:
    """`callcard demo` in a folder of its own, ended as by Ctrl-C."""
    folder = Path(tempfile.mkdtemp(prefix="cc-", dir="/tmp"))
    folder.chmod(0o755)
    said = folder / "said"
    with said.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "callcard", "demo", "--quiet", "--lang", "en"),
            *("--data", str(folder / "data")),
            stdout=out,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        async with asyncio.timeout(START_S):
            while (ready := re.search(r"Open (\S+) .*?password is (\S+)\n", said.read_text())) is None:
                if process.returncode is not None:
                    raise SystemExit(said.read_text())
                await asyncio.sleep(0.2)
        url, password = ready.groups()
        jar = aiohttp.CookieJar(unsafe=True)  # unsafe: also for hosts that are addresses
        async with aiohttp.ClientSession(cookie_jar=jar, headers={"Origin": url}) as http:
            demo = Demo(url, password, http, Layout(folder / "data").pbx / "spool")
            await demo.sign_in()
            yield demo
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGINT)
        await asyncio.wait_for(process.wait(), 30)
        shutil.rmtree(folder, ignore_errors=True)


class Camera:
    """Takes pictures of one language."""

    def __init__(self, demo: Demo, chromium: Chromium, language: str) -> None:
        self._demo, self._chromium, self._language = demo, chromium, language
        self._folder = FOLDER / language

    async def shoot(self, page: Page, name: str) -> None:
        """*page* as it is, in each look and width."""
        await page.evaluate("document.fonts.ready.then(() => true)")
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
                ("missed", "/missed"),
                ("customer", f"/customers/{known['customer_id']}"),
                ("merge", f"/customers/{known['customer_id']}/merge?q=a"),
                ("missed", "/missed"),
                ("calls", "/calls"),
                ("call", f"/calls/{known['id']}"),
                ("settings", "/settings"),
                ("not-there", "/customers/nobody"),
            ),
        )

    async def of_the_free_seat(self) -> None:
        """The desk with the phone in the browser: ready, rung, talking, after the call."""
        async with self._chromium.agent(tone=600, locale=LANGUAGES[self._language]) as windows:
            windows.context.set_default_timeout(PATIENCE_MS)
            page = windows.context.pages[0]
            await sign_in(page, self._demo.url, "dina", self._demo.password, to="/desk")
            await page.locator('body[data-phone-is="ready"]').wait_for()
            await page.locator('#pill[data-state="available"]').wait_for()
            await self.shoot(page, "desk-ready")
            await page.locator("[data-ring=known]").click()
            await page.locator('#panel[data-part="offered"]').wait_for()
            await page.locator("#work .who").wait_for()
            await self.shoot(page, "desk-offered")
            await page.locator("[data-phone=answer]").first.click()
            await page.locator('#panel[data-part="talking"]').wait_for()
            await self.shoot(page, "desk-talking")
            await page.locator("[data-phone=end]").first.click()
            await page.locator('#panel[data-part="wrap_up"]').wait_for()
            await self.shoot(page, "desk-wrap-up")
            self._demo.found += [f"{self._language}/desk: {said}" for said in windows.said]


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
