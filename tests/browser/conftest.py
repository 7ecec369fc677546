"""The whole product with people who can sign in, and windows of theirs; what fails leaves a picture."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page

from crm_core.clock import SystemClock
from crm_core.people.service import PeopleService
from tests.browser.chromium import Chromium, Windows, sign_in
from tests.journeys.front import AGENTS
from tests.journeys.running_callcard import Callcard, running_callcard

PASSWORD = "the same for all of them"
TONES = {"anna": 600, "elena": 750, "rashid": 900}  # Hz, of the fake microphones
FAILED = pytest.StashKey[bool]()

Open = Callable[..., Awaitable[Page]]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Let fixtures know at their end whether their test failed."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def callcard() -> AsyncIterator[Callcard]:
    """The product, up and quiet; everybody has a password."""
    async with running_callcard() as running:
        people = PeopleService(running.database, SystemClock())
        names = (*AGENTS, "viktor", "admin")
        await asyncio.gather(*(people.add_user(name, PASSWORD, by="journey") for name in names))
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Chromium]:
    """Playwright, and the browsers that the module's tests start."""
    async with Chromium.started(tmp_path_factory.mktemp("chromium")) as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def opened(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[tuple[AsyncExitStack, list[Windows]]]:
    """Windows of this test. At the end no script of theirs may have failed, nor broken the policy."""
    all_windows: list[Windows] = []
    async with AsyncExitStack() as stack:
        yield stack, all_windows
        if request.node.stash.get(FAILED, False):
            await _pictures(all_windows, tmp_path)
    if not request.node.stash.get(FAILED, False):
        assert [said for windows in all_windows for said in windows.said] == []


async def _pictures(all_windows: list[Windows], folder: Path) -> None:
    pages = [page for windows in all_windows for page in windows.context.pages]
    for number, page in enumerate(pages):
        await page.screenshot(path=folder / f"window-{number}.png", timeout=5000)


@pytest_asyncio.fixture(loop_scope="module")
async def desk(chromium: Chromium, callcard: Callcard, opened: tuple[AsyncExitStack, list[Windows]]) -> Open:
    """`await desk("anna")`: her desk in a browser of her own, after signing in."""
    stack, all_windows = opened

    async def open_desk(person: str) -> Page:
        windows = await stack.enter_async_context(chromium.agent(tone=TONES[person]))
        all_windows.append(windows)
        page = windows.context.pages[0]
        await sign_in(page, f"http://{callcard.settings.http}", person, PASSWORD, to="/desk")
        return page

    return open_desk


@pytest_asyncio.fixture(loop_scope="module")
async def window(
    chromium: Chromium, callcard: Callcard, opened: tuple[AsyncExitStack, list[Windows]]
) -> Open:
    """`await window("viktor", "/board")`: a page after signing in; nobody: only the page.

    More arguments are those of `Browser.new_context`.
    """
    stack, all_windows = opened

    async def open_window(person: str | None, path: str, **options: Any) -> Page:
        url = f"http://{callcard.settings.http}"
        windows = await stack.enter_async_context(chromium.visitor(**options))
        all_windows.append(windows)
        page = await windows.context.new_page()
        if person is None:
            await page.goto(f"{url}{path}")
        else:
            await sign_in(page, url, person, PASSWORD, to=path)
        return page

    return open_window
