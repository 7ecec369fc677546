"""A seat with its phone in the browser: a whole call by keyboard, each state for everybody, and a restart."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.axe import grave
from tests.browser.chromium import Chromium, sign_in
from tests.browser.conftest import Open
from tests.browser.hostile import CALLER, NAME, TITLE, brought_in, with_hostile_titles
from tests.browser.notices import NOTICES
from tests.browser.seat import BELLA, PASSWORD, TONES, Seat, seated, with_password, with_seat
from tests.browser.voice import require_address
from tests.journeys.front import until
from tests.journeys.running_callcard import AGENT_TONE, CALLER_TONE, Callcard, running_callcard

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

TALKING, RINGING, BY_KEYS, DECLINED, SEEN, HOSTILE, LOST, NOTICED = (
    f"+7495555017{number}" for number in range(1, 9)
)
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
HEALED_S = 5.0  # from the moment the house answers again
# What a browser says by itself of a house that is away.
OF_THE_LOSS = ("net::ERR_", "Failed to fetch", "Unexpected response code: 503")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def callcard() -> AsyncIterator[Callcard]:
    require_address()
    async with running_callcard(more=lambda text: with_hostile_titles(with_seat(text))) as running:
        await with_password(running, "bella", "elena", "viktor")
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def seat(callcard: Callcard, chromium: Chromium) -> AsyncIterator[Seat]:
    async with seated(callcard, chromium) as opened:
        yield opened


async def healed(seat: Seat, killed: int) -> None:
    """Wait for the next worker; the desk follows within moments, with its phone, and nobody was alarmed."""
    page = seat.page
    await expect(page.locator("body")).to_have_attribute("data-live", "lost")
    await seat.callcard.worker_back(killed)
    within = HEALED_S * 1000
    await expect(page.locator("body")).to_have_attribute("data-live", "up", timeout=within)
    await expect(page.locator("body")).to_have_attribute("data-phone-is", "ready", timeout=within)
    await expect(page.locator("#live-lost")).to_be_hidden()
    await expect(page.locator("#toasts [data-toast]")).to_have_count(0)
    assert await page.evaluate("window.same"), "the page was not loaded anew"
    assert [said for said in seat.windows.said if not any(word in said for word in OF_THE_LOSS)] == []
    seat.windows.said.clear()


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def as_new(callcard: Callcard) -> AsyncIterator[None]:
    """No caller stays in a call."""
    yield
    await asyncio.gather(*(call.hangup() for call in callcard.trunk.calls))


async def over(seat: Seat, number: str, *before: str) -> None:
    """Bella ends the call; the house knows it once, with one offer that she answered after those *before*."""
    await seat.page.keyboard.press("e")
    await seat.free()
    seen = await seat.callcard.ended(number)
    assert (seen["agent"], seen["outcome"], seen["hangup_by"]) == ("bella", "answered", "agent")
    assert [(offer["agent"], offer["state"]) for offer in seen["offers"]] == [
        ("bella", state) for state in (*before, "answered")
    ]
    await expect(seat.page.locator("#who .timeline-item:has(.tone-success)")).to_have_count(1)
    await seat.callcard.audit()


async def test_a_whole_call_by_keyboard_alone(seat: Seat, window: Open) -> None:
    """Answer, hold, mute, digits, a colleague asked and joined, note, result, and on to the next call.

    Who takes it over has the caller's card on the desk.
    """
    callcard, page = seat.callcard, seat.page
    await callcard.available("elena")
    await seat.ready()
    await page.locator(".phone-state").focus()  # the bell takes Space from what stood there
    call = await seat.call(BY_KEYS)
    await page.keyboard.press("Space")
    await call.answered()
    await seat.talks(call)
    await page.keyboard.press("h")
    await expect(seat.part("held")).to_be_visible()
    await call.hears(TONES, None)
    await page.keyboard.press("h")
    await expect(seat.part("talking")).to_be_visible()
    await page.keyboard.press("m")
    await expect(seat.act("mute")).to_have_attribute("aria-pressed", "true")
    await page.keyboard.press("m")
    await page.keyboard.press("#")
    await page.keyboard.press("5")
    await expect(page.locator("#phone-digits")).to_have_text("5")
    await page.keyboard.press("Escape")
    await page.keyboard.press("t")
    await page.keyboard.type("elena")
    await page.keyboard.press("Escape")  # once, whatever was typed
    await expect(page.locator("#phone-people")).not_to_be_visible()
    await seat.talks(call)
    await page.keyboard.press("n")
    await page.keyboard.type("Hand over: him (m, h, e).")
    await expect(page.locator("[data-note-state=saved]")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("t")
    await expect(page.get_by_label("Name or number")).to_be_focused()
    await page.keyboard.type("elena")
    await expect(page.locator("#phone-list [data-number]:visible")).to_have_count(1)
    await page.keyboard.press("Tab")
    await expect(page.locator("#phone-list [data-how=ask]:focus")).to_have_count(1)
    await page.keyboard.press("Enter")
    _, asked = await callcard.rung("111")
    await asked.hears(TONES, BELLA)
    await expect(page.locator("#phone-calls [data-phone=join]")).to_be_visible()
    elena = await window("elena", "/desk")
    await page.keyboard.press("j")
    await expect(elena.locator('#panel [data-part="talking"]')).to_contain_text("555-01-73")
    await expect(elena.locator("#work .who h2")).to_contain_text("555-01-73")
    await asyncio.gather(call.hears(TONES, AGENT_TONE), asked.hears(TONES, CALLER_TONE))
    await expect(seat.part("wrap_up")).to_be_visible()
    await page.keyboard.press("n")
    await page.keyboard.press("Tab")
    result = page.locator(".result button:focus")
    await expect(result).to_have_attribute("aria-pressed", "false")
    await page.keyboard.press("Enter")
    await expect(page.locator(".result button[aria-pressed=true]")).to_have_count(1)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#pill")).to_have_attribute("data-state", "available")
    again = await seat.call(DECLINED)
    await page.keyboard.press("x")
    await expect(seat.part("offered")).to_have_count(0)
    await asyncio.gather(call.hangup(), again.hangup())
    await callcard.audit()


async def test_every_state_of_a_call_is_for_everybody(seat: Seat) -> None:
    """Nothing serious in any of them, light and dark."""
    page, found = seat.page, dict[str, list[str]]()

    async def look(name: str, *, schemes: tuple[Scheme, ...] = SCHEMES) -> None:
        for scheme in schemes:
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # no colour is on its way
            await expect(page.locator("html")).to_have_attribute("data-bs-theme", scheme)
            await page.evaluate("new Promise(requestAnimationFrame)")
            found[f"{name}, {scheme}"] = await grave(page)

    await seat.ready()
    await look("ready")
    await page.locator("#pill > summary").click()
    await look("menu of states")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("555")
    await expect(page.locator("#found [role=option]").first).to_be_visible()
    await look("search")
    await page.keyboard.press("Escape")
    call = await seat.call(SEEN)
    await look("rings")
    await page.keyboard.press("Space")
    await expect(seat.part("talking")).to_be_visible()
    await look("talks")
    await page.set_viewport_size({"width": 390, "height": 844})
    for tab in ("help", "now", "who"):
        await page.locator(f".tab-{tab} input").check(force=True)  # its label lies over it
        await look(f"as wide as a telephone, {tab}", schemes=("dark",))
    await page.set_viewport_size({"width": 1280, "height": 720})
    await page.keyboard.press("t")
    await expect(page.locator("#phone-list [data-number]").first).to_be_visible()
    await look("transfer")
    await page.keyboard.press("Escape")
    await page.keyboard.press("#")
    await look("keypad")
    await page.keyboard.press("Escape")
    await page.keyboard.press("h")
    await expect(seat.part("held")).to_be_visible()
    await look("held")
    await page.keyboard.press("e")
    await expect(seat.part("wrap_up")).to_be_visible()
    await look("wrap-up")
    await page.locator(".phone-state").click()
    await look("check of the microphone")
    await page.keyboard.press("Escape")
    await call.ended()
    assert found == {name: [] for name in found}


async def test_hostile_names_stay_text_on_every_screen(seat: Seat, window: Open) -> None:
    callcard, page = seat.callcard, seat.page
    for number in (HOSTILE, LOST):
        made = {"title": NAME, "phones": [number], "office": "moscow", "owner": "bella"}
        card = await callcard.post("/api/v1/customers", made, who="admin")
    await seat.ready()
    await (await seat.call(LOST)).hangup()
    await seat.free()
    found: dict[str, list[str]] = {}

    async def look(name: str, at: Page, place: str, text: str = NAME) -> None:
        await expect(at.locator(place).first).to_contain_text(text)
        found[name] = await brought_in(at)

    call = await seat.call(HOSTILE, from_header=f'"{CALLER}" <sip:{HOSTILE}@127.0.0.2>')
    await look("offered", page, "#panel .call-name")
    await look("its queue", page, "#panel", TITLE)
    await page.keyboard.press("Space")
    await expect(seat.part("talking")).to_be_visible()
    await look("card", page, "#work h2")
    await look("why", page, "#why", TITLE)
    await page.keyboard.press("n")
    await page.keyboard.insert_text(NAME)
    await expect(page.locator("[data-note-state=saved]")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("t")
    await look("colleagues", page, "#phone-list", TITLE)
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("pwned")
    await look("search", page, "#found")
    await page.locator("#found [role=option]").first.click()
    await look("card that was looked up", page, "#work:not([data-call]) h2")
    await page.locator("#work .who-deeds button").first.click()
    await page.locator("#field-phone").fill(TITLE)  # no number, so it cannot be saved
    await page.locator("[data-back]").click()
    await look("toast", page, "#toasts [data-toast]", TITLE)
    await page.locator("#toasts [data-close]").click()
    viktor = await window("viktor", "/board", viewport={"width": 1280, "height": 800})
    await look("board", viktor, "#agent-bella")
    await look("missed on the board", viktor, "#missed")
    await page.keyboard.press("e")
    await expect(seat.part("wrap_up")).to_be_visible()
    seen = await callcard.ended(HOSTILE)
    await look("history", page, "#who .timeline")
    await page.reload()
    await look("missed on the desk", page, "#missed")
    for path, place in (
        ("/calls", "main"),
        (f"/calls/{seen['id']}", "main"),
        ("/customers", "main"),
        (f"/customers/{card['id']}", "h2"),
        (f"/customers/{card['id']}/merge?q=pwned", "main"),
        (f"/customers/{card['id']}/merge?other={seen['customer_id']}", "main"),
        ("/missed?whose=shared", "main"),
    ):
        await viktor.goto(f"http://{callcard.settings.http}{path}")
        await look(path, viktor, place)
    await viktor.goto(f"http://{callcard.settings.http}/customers/{card['id']}")
    assert NAME[:20] in await viktor.title()
    await call.ended()
    assert {name: brought for name, brought in found.items() if brought} == {}


async def test_one_tab_rings_and_notices_are_asked_for_by_a_press(seat: Seat) -> None:
    """Nothing asks by itself; of two tabs, neither looked at, one shows the call and one sounds."""
    await seat.page.context.add_init_script(NOTICES)
    await seat.page.reload()
    other = await seat.page.context.new_page()
    await other.goto(seat.page.url)
    tabs = (seat.page, other)
    await seat.ready()
    await expect(other.locator("body")).to_have_attribute("data-phone-is", "ready")
    await other.locator(".phone-state").click()
    assert [await tab.evaluate("asked") for tab in tabs] == [[], []]
    await other.locator("[data-phone-check=notices]").click()
    await expect(other.locator("[data-phone-notices=granted]")).to_be_visible()
    assert [await tab.evaluate("asked") for tab in tabs] == [[], [True]]  # true: somebody has just pressed
    await other.keyboard.press("Escape")
    for tab in tabs:
        await tab.locator("h2").first.click()  # browsers give sound only to pages that were touched
    call = await seat.call(NOTICED)
    await seat.rings(NOTICED)

    async def shown() -> list[list[str]]:
        return [text for tab in tabs for text in await tab.evaluate("shown")]

    async def there() -> bool:
        return bool(await shown()) and any([await tab.evaluate("sounds") for tab in tabs])

    await until(there, what="a notice and a bell")
    assert await shown() == [["A call for you", "8 (495) 555-01-78", "open"]]
    assert sorted([await tab.evaluate("sounds > 0") for tab in tabs]) == [False, True]
    await call.hangup()
    await seat.free()

    async def taken_back() -> bool:
        return [text[-1] for text in await shown()] == ["closed"]

    await until(taken_back, what="the notice to be taken back")
    await other.evaluate("document.hasFocus = () => true")
    call = await seat.call(NOTICED)
    await seat.rings(NOTICED)
    await seat.page.wait_for_timeout(500)  # longer than a tab is asked whether somebody looks at it
    await call.hangup()
    await seat.free()
    assert len(await shown()) == 1  # somebody looks at the other tab
    await other.close()


async def test_killed_in_mid_talk_nobody_hears_it_and_the_desk_is_as_it_was(
    seat: Seat, chromium: Chromium
) -> None:
    async with chromium.visitor() as windows:
        board = await windows.context.new_page()
        url = f"http://{seat.callcard.settings.http}"
        await sign_in(board, url, "viktor", PASSWORD, to="/board")
        await _killed_in_mid_talk(seat, board)


async def _killed_in_mid_talk(seat: Seat, board: Page) -> None:
    """Until the house is heard again, the board says how old its figures are."""
    page, age = seat.page, board.locator(".tile .age-old").first
    await page.evaluate("window.same = true")
    await seat.ready()
    call = await seat.call(TALKING)
    await page.keyboard.press("Space")
    await call.answered()
    await seat.talks(call)
    await page.locator("[data-note] textarea").fill("Said before.")
    await expect(page.locator("[data-note-state=saved]")).to_be_visible()
    shown = seat.part("talking").locator(".call-time time")
    since = await shown.get_attribute("data-since")
    killed = seat.callcard.kill_worker()
    await page.locator("[data-note] textarea").fill("Said before. Said meanwhile.")
    await seat.talks(call)
    await expect(age).to_contain_text(re.compile(r"as it was \d:\d\d ago"))
    await healed(seat, killed)
    await expect(board.locator("body")).to_have_attribute("data-live", "up")
    await expect(age).to_be_hidden()
    await expect(seat.panel.locator("[data-call]")).to_have_count(1)
    assert await shown.get_attribute("data-since") == since
    assert await seat.legs() == 1
    await expect(page.locator("[data-note-state=saved]")).to_be_visible()
    await expect(page.locator("[data-note] textarea")).to_have_value("Said before. Said meanwhile.")
    await page.keyboard.press("Escape")
    await page.locator("h2").first.click()
    await page.keyboard.press("h")
    await expect(seat.part("held")).to_be_visible()
    await page.keyboard.press("h")
    await expect(seat.part("talking")).to_be_visible()
    await seat.talks(call)
    await over(seat, TALKING)
    await page.reload()
    await expect(page.locator("[data-note] textarea")).to_have_value("Said before. Said meanwhile.")


async def test_killed_while_it_rings_it_rings_anew_and_is_answered(seat: Seat) -> None:
    """The switch goes on ringing a socket that is gone, so the phone tells it as soon as it can."""
    await seat.page.evaluate("window.same = true")
    await seat.ready()
    call = await seat.call(RINGING)
    await seat.rings(RINGING)
    killed = seat.callcard.kill_worker()
    await healed(seat, killed)
    await expect(seat.part("offered")).to_have_count(1)
    await seat.rings(RINGING)
    await seat.page.keyboard.press("Space")
    await call.answered()
    await seat.talks(call)
    await over(seat, RINGING, "unreachable")
