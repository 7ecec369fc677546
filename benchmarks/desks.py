"""Desks in a real browser, for benches: who signs in, and one person whose phone is in the browser too."""

from __future__ import annotations

from playwright.async_api import Page

from benchmarks.house import Bench
from crm_core.clock import SystemClock
from crm_core.people.service import PeopleService
from crm_core.presence.model import ChosenState
from crm_core.presence.service import PresenceService
from tests.browser.chromium import sign_in

BELLA, BELLA_LINE = "bella", "+74955550188"
_PASSWORD = "measured from end to end"


def with_bella(text: str) -> str:
    """The office *text* with one more, whose phone is in the browser, and a line to her."""
    person = f"""people:
  {BELLA}: {{title: Bella, office: moscow, extension: "111", devices: [{{name: web, kind: browser}}]}}"""
    line = f'numbers:\n  "{BELLA_LINE}": {{title: Web, office: moscow, queue: web}}'
    queue = f"queues:\n  web: {{title: Web, members: [{BELLA}], wrap_up_s: 0}}"
    for place, words in (("people:", person), ("numbers:", line), ("queues:", queue)):
        text = text.replace(place, words, 1)
    return text


async def open_desk(bench: Bench, page: Page, name: str) -> None:
    """*page* is the desk of *name*, and follows what happens."""
    await PeopleService(bench.database, SystemClock()).add_user(name, _PASSWORD, by="bench")
    await sign_in(page, f"http://{bench.settings.http}", name, _PASSWORD, to="/desk")
    await page.wait_for_selector("body[data-live=up]")


async def open_bella(bench: Bench, page: Page) -> None:
    """Her desk, with the phone registered and calls coming to it."""
    await open_desk(bench, page, BELLA)
    await page.wait_for_selector("body[data-phone-is=ready]")
    presence = PresenceService(bench.database, SystemClock())
    await presence.choose(BELLA, ChosenState.AVAILABLE, None, by="bench")
    await page.wait_for_selector("#pill[data-state=available]")
