"""The phone in a real browser, on real calls: who is connected is told by which tone arrives where."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Dialog, Locator, Page, expect

from crm_core.clock import SystemClock
from crm_core.people.service import PeopleService
from tests.browser.axe import grave
from tests.browser.chromium import BEYOND, Chromium, sign_in
from tests.browser.voice import IN_EVERY_PAGE, PEER, browser_hears, require_address
from tests.conftest import fresh_database
from tests.fakes.sip_peer import OutgoingCall
from tests.journeys.house import CALLER, EVERY_TONE, TONES, House, running_house, until
from tests.journeys.test_browser_phone import LINE, with_browser_phones

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

BELLA = 1500  # Hz: what she says
TONES_HERE = (*EVERY_TONE, BELLA)
PASSWORD = "quiet-river-41"
WEAK_S = 5.5  # longer than the phone waits for a voice (WEAK_MS of phone/call.ts)
PAGE = "/settings"  # any page: the phone is on all of them


def with_time_to_answer(text: str) -> str:
    """The office with phones in the browser that ring for long: also on a machine with a lot to do."""
    return with_browser_phones(text).replace("members: [bella], ring_s: 3", "members: [bella], ring_s: 30")


@pytest.fixture(scope="module")
def with_address() -> None:
    require_address()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_house(
    with_address: None, postgres_home: Path, template_database: str
) -> AsyncIterator[House]:
    """The whole product with two phones in the browser; bella and viktor, who leads, can sign in."""
    async with (
        fresh_database(postgres_home) as dsn,
        running_house(dsn, more=with_time_to_answer) as house,
    ):
        for name in ("bella", "viktor"):
            await PeopleService(house.database, SystemClock()).add_user(name, PASSWORD, by="test")
        yield house


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Chromium]:
    async with Chromium.started(tmp_path_factory.mktemp("chromium")) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(module_house: House, chromium: Chromium) -> AsyncIterator[Page]:
    """Bella's browser, signed in. At the end no script may have failed, nor broken the page's policy."""
    async with chromium.agent(tone=BELLA) as windows:
        await windows.context.add_init_script(IN_EVERY_PAGE)
        page = await windows.context.new_page()
        await sign_in(page, f"http://{module_house.settings.http}", "bella", PASSWORD, to=PAGE)
        yield page
        assert not windows.said, windows.said


async def ready(house: House, page: Page) -> None:
    """The phone has registered, and bella gets calls."""
    await expect(page.locator("body")).to_have_attribute("data-phone-is", "ready")
    await house.set_state("bella", "available")
    await house.until_state("bella", "available")


async def rings(house: House, times: int = 1) -> None:
    """Her phone rings for the newest call, and the house knows: what is pressed from now on is not too early.

    That the call is answered says nothing: waiting music does that too. *times*: that it was rung, at least.
    """

    def there(call: dict[str, Any]) -> bool:
        hers = [leg["state"] for leg in call["legs"] if leg["agent"] == "bella"]
        return len(hers) >= times and hers[-1] == "ringing"

    await house.the_call(there, timeout=30)


def act(page: Page, name: str) -> Locator:
    """A button of the call that the page shows."""
    return page.locator(f"#phone-calls [data-phone={name}]:visible")


@asynccontextmanager
async def talking(house: House, page: Page) -> AsyncIterator[OutgoingCall]:
    """A caller whom bella has answered, each hearing the other."""
    await ready(house, page)
    await page.evaluate("window.states = []")
    call = await house.call(LINE)
    await rings(house)
    await act(page, "answer").click()
    await call.hears(TONES_HERE, BELLA)
    await browser_hears(page, CALLER)
    yield call
    await expect(page.locator("#phone-calls")).to_be_hidden()


async def voice_was(page: Page, state: str) -> bool:
    """Whether a voice of the last call was said to be *state*, at any time."""
    return any(was == state for was, _ in await page.evaluate("states"))


async def test_the_voice_is_at_an_address_that_other_machines_reach(house: House, page: Page) -> None:
    """Bound to loopback it would reach a browser of this machine, which hears where packets come from."""
    async with talking(house, page) as call:
        assert await page.evaluate(PEER) == [require_address(), "host"]
        await call.hangup()


async def test_answer_hold_mute_and_the_caller_hangs_up(house: House, page: Page) -> None:
    async with talking(house, page) as call:
        await act(page, "hold").click()
        await call.hears(TONES_HERE, None)
        heard = call.rtp.received
        await asyncio.sleep(0.5)
        assert call.rtp.received > heard + 15  # music, not silence
        await act(page, "hold").click()
        await call.hears(TONES_HERE, BELLA)
        await act(page, "mute").click()
        await expect(act(page, "mute")).to_have_attribute("aria-pressed", "true")
        await call.hears(TONES_HERE, None)
        await act(page, "mute").click()
        await call.hears(TONES_HERE, BELLA)
        await call.hangup()


async def test_digits_reach_the_caller_and_the_agent_hangs_up(house: House, page: Page) -> None:
    async with talking(house, page) as call:
        await act(page, "keypad").click()
        for digit in "1*":
            await page.locator(f"#phone-keypad [data-digit='{digit}']").click()
        await page.keyboard.press("#")
        await expect(page.locator("#phone-digits")).to_have_text("1*#")

        async def sent() -> bool:
            return call.rtp.digits == "1*#"

        await until(sent, timeout=30, what=lambda: f"the digits: {call.rtp.digits}")
        await page.keyboard.press("Escape")
        await act(page, "end").click()
        await call.ended()


async def test_a_call_is_given_to_a_colleague(house: House, page: Page) -> None:
    await house.available("anna")
    async with talking(house, page) as call:
        await act(page, "transfer").click()
        await page.get_by_label("Name or number").fill("anna")
        await page.locator("#phone-list [data-number='101'] [data-how=now]:visible").click()
        taken = await house.leg("anna")
        await asyncio.gather(call.hears(TONES_HERE, TONES["anna"]), taken.hears(TONES_HERE, CALLER))
    assert taken.confirmed_at
    assert not await voice_was(page, "disconnected")  # our end of it was ended, it did not starve
    await call.hangup()


async def test_a_colleague_is_asked_first(house: House, page: Page) -> None:
    await house.available("anna")
    async with talking(house, page) as call:
        await act(page, "transfer").click()
        await page.locator("#phone-list [data-number='101'] [data-how=ask]").click()
        asked = await house.leg("anna")
        await asked.hears(TONES_HERE, BELLA)
        await call.hears(TONES_HERE, None)
        await act(page, "join").click()
        await asyncio.gather(call.hears(TONES_HERE, TONES["anna"]), asked.hears(TONES_HERE, CALLER))
    assert not await voice_was(page, "disconnected")
    await call.hangup()


async def test_a_call_outlasts_its_line_and_its_end_is_heard_on_the_next(house: House, page: Page) -> None:
    """Heard, not guessed from a voice that stays away, which takes seconds more."""
    async with talking(house, page) as call:
        lines = await page.evaluate("(lines.at(-1).close(), lines.length)")

        async def again() -> bool:
            there: bool = await page.evaluate(
                "(n) => lines.length > n && lines.at(-1).readyState === 1", lines
            )
            return there

        await until(again, timeout=30, what="the next line")
        await expect(page.locator("body")).to_have_attribute("data-phone-is", "ready")
        await call.hears(TONES_HERE, BELLA)
        await call.hangup()
    assert not await voice_was(page, "disconnected")


async def test_a_goodbye_that_was_lost_with_the_line_shows_in_the_voice(house: House, page: Page) -> None:
    async with talking(house, page) as call:
        await page.evaluate("(window.barred = true, lines.at(-1).close())")
        await expect(page.locator("body")).to_have_attribute("data-phone-is", "lost")
        await expect(page.locator("#phone")).to_contain_text("Phone away, comes again")
        await call.hears(TONES_HERE, BELLA)
        await call.hangup()
        await expect(page.locator("#phone-calls")).to_contain_text("The voice is interrupted")
    assert not await voice_was(page, "failed")  # that takes ten seconds more
    await page.evaluate("window.barred = false")
    await ready(house, page)


# What a connection is said to be, whatever it is.
IS_SAID_TO_BE = """(state) => {
    const connection = connections.at(-1);
    Object.defineProperty(connection, "connectionState", { get: () => state, configurable: true });
    connection.dispatchEvent(new Event("connectionstatechange"));
}"""


async def test_a_voice_that_comes_back_is_waited_for_and_one_that_cannot_ends_its_call(
    house: House, page: Page
) -> None:
    interrupted = page.locator("#phone-calls").get_by_text("The voice is interrupted")
    async with talking(house, page) as call:
        await page.evaluate(IS_SAID_TO_BE, "disconnected")
        await expect(interrupted).to_be_visible()
        await page.evaluate(IS_SAID_TO_BE, "connected")
        await expect(interrupted).to_be_hidden()
        await asyncio.sleep(WEAK_S)
        await call.hears(TONES_HERE, BELLA)
        await page.evaluate(IS_SAID_TO_BE, "failed")
        await expect(page.locator("#toasts")).to_contain_text("The voice found no way, so the call ended.")
        await call.ended()
    await page.locator("#toasts [data-close]").click()


async def test_nobody_waits_for_a_server_that_does_not_answer(house: House, page: Page) -> None:
    """The first way that is found is answered with, while others are still looked for."""
    asked: list[bytes] = []

    class Silent(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: Any) -> None:
            asked.append(data)

    address = require_address()
    listening, _ = await asyncio.get_running_loop().create_datagram_endpoint(Silent, local_addr=(address, 0))
    try:
        port = listening.get_extra_info("sockname")[1]
        await page.evaluate("(url) => { window.servers = [{ urls: url }]; }", f"stun:{address}:{port}")
        async with talking(house, page) as call:
            assert ["answered", "gathering"] in await page.evaluate("states")
            await call.hangup()
    finally:
        await page.evaluate("window.servers = []")
        listening.close()
    assert asked


async def test_a_page_that_is_left_in_a_call_asks_first_and_ends_it_at_once(house: House, page: Page) -> None:
    """Not when the switch misses its voice, a minute later."""
    asked: list[str] = []

    async def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.accept()

    page.on("dialog", leave)
    try:
        async with talking(house, page) as call:
            await page.reload()
            async with asyncio.timeout(20):
                await call.ended()
    finally:
        page.remove_listener("dialog", leave)
    assert asked == ["beforeunload"]


async def test_when_the_tab_that_has_the_phone_is_closed_the_next_one_rings(house: House, page: Page) -> None:
    other = await page.context.new_page()
    await other.goto(page.url)
    await page.goto("about:blank")  # so the other one has it
    await ready(house, other)
    await page.goto(other.url)
    await expect(page.locator("body")).to_have_attribute("data-phone-is", "ready")
    call = await house.call(LINE)
    await rings(house)
    assert await page.evaluate("lines.length") == 0
    await other.close()
    await rings(house, times=2)
    await act(page, "answer").click()
    await call.hears(TONES_HERE, BELLA)
    await call.hangup()
    await expect(page.locator("#phone-calls")).to_be_hidden()


async def test_the_microphone_is_checked_before_a_call(house: House, page: Page) -> None:
    await page.locator(".phone-state").click()
    level = page.locator("#phone-level")
    await expect(level).to_have_js_property("value", 0)
    await page.locator("[data-phone-check=microphone]").click()

    async def moves() -> bool:
        return float(await level.evaluate("meter => meter.value")) > 0.5

    await until(moves, timeout=30, what="the bar to move")
    wished = await page.evaluate("wishes.at(-1)")
    cleaned = ("echoCancellation", "noiseSuppression", "autoGainControl")  # but for tests, see voice.py
    assert wished == {"audio": dict.fromkeys(cleaned, True), "video": False}
    await page.keyboard.press("Escape")
    await expect(level).to_have_js_property("value", 0)


async def test_without_https_the_page_says_why_there_is_no_phone(house: House, chromium: Chromium) -> None:
    async with chromium.visitor() as windows:
        page = await windows.context.new_page()
        await sign_in(page, f"http://{BEYOND}:{house.settings.http.port}", "bella", PASSWORD, to=PAGE)
        await expect(page.locator("body")).to_have_attribute("data-phone-is", "insecure")
        await expect(page.locator("#phone")).to_contain_text("No phone without https")
        await page.locator(".phone-state").click()
        await expect(page.locator("dialog#phone-check")).to_contain_text("Open this page with https")
        assert windows.said == []


async def test_without_a_microphone_it_goes_on_ringing_and_the_words_say_why(
    house: House, page: Page
) -> None:
    await ready(house, page)
    await page.evaluate(
        "() => { const no = () => Promise.reject(new DOMException('', 'NotAllowedError'));"
        " navigator.mediaDevices.getUserMedia = no; }"
    )
    call = await house.call(LINE)
    await rings(house)
    await act(page, "answer").click()
    await expect(page.locator("#toasts")).to_contain_text("The browser does not give the microphone.")
    await expect(act(page, "answer")).to_be_visible()
    assert (await house.calls())[0]["answered_at"] is None
    await call.hangup()
    await expect(page.locator("#phone-calls")).to_be_hidden()
    await page.reload()


async def test_another_tab_of_the_browser_shows_the_same_phone_and_works_it(house: House, page: Page) -> None:
    await ready(house, page)
    other = await page.context.new_page()
    await other.goto(page.url)
    await expect(other.locator("body")).to_have_attribute("data-phone-is", "ready")
    call = await house.call(LINE)
    await rings(house)
    await act(other, "answer").click()
    await call.hears(TONES_HERE, BELLA)
    await other.close()
    await browser_hears(page, CALLER)
    await call.hangup()


async def test_the_newest_window_has_the_phone_until_it_is_taken_back(
    house: House, page: Page, chromium: Chromium
) -> None:
    await ready(house, page)
    async with chromium.visitor() as windows:
        other = await windows.context.new_page()
        await sign_in(other, f"http://{house.settings.http}", "bella", PASSWORD, to=PAGE)
        await expect(other.locator("body")).to_have_attribute("data-phone-is", "ready")
        await expect(page.locator("body")).to_have_attribute("data-phone-is", "elsewhere")
        await page.locator("#phone").get_by_role("button", name="Use it here").click()
        await expect(page.locator("body")).to_have_attribute("data-phone-is", "ready")
        await expect(other.locator("body")).to_have_attribute("data-phone-is", "elsewhere")


async def test_who_has_a_phone_that_does_not_ring_is_told_and_connects_it_anew(
    house: House, page: Page, chromium: Chromium
) -> None:
    await page.goto(f"http://{house.settings.http}/desk")
    await ready(house, page)
    pill, panel = page.locator("#pill"), page.locator("#panel")
    async with chromium.visitor() as windows:
        board = await windows.context.new_page()
        await sign_in(board, f"http://{house.settings.http}", "viktor", PASSWORD, to="/board")
        row = board.locator("#agent-bella")
        await expect(row.locator(".row-note")).to_have_count(0)
        await page.evaluate("lines.at(-1).onmessage = null")  # it is registered, and hears nothing
        call = await house.call(LINE)
        await expect(pill).to_have_attribute("data-unreachable", re.compile("did_not_ring|no_phone"))
        await expect(pill).to_contain_text("No call reaches you")
        await expect(row).to_contain_text(re.compile("the phone did not ring|no phone can be reached"))
        assert await grave(page) == [] == await grave(board)
    await panel.get_by_role("button", name="Connect the phone anew").click()
    await expect(page.locator("body")).to_have_attribute("data-phone-is", "ready")
    await rings(house, times=2)
    await expect(pill).not_to_have_attribute("data-unreachable", re.compile(""))
    await page.keyboard.press("Space")
    await call.hears(TONES_HERE, BELLA)
    await expect(panel.locator("[data-part=talking]")).to_be_visible()
    await page.keyboard.press("e")
    await call.ended()
    await expect(panel.locator("[data-call]")).to_have_count(0)
    await page.goto(f"http://{house.settings.http}{PAGE}")


async def test_the_desks_panel_works_by_keys_and_a_page_loaded_anew_rings_again(
    house: House, page: Page
) -> None:
    await page.goto(f"http://{house.settings.http}/desk")
    await ready(house, page)
    panel = page.locator("#panel")
    call = await house.call(LINE)
    await expect(panel.locator("[data-part=offered]")).to_be_visible()
    await page.reload()
    await expect(panel.locator("[data-part=offered]")).to_be_visible()
    await rings(house, times=2)
    await page.keyboard.press("Space")
    await call.hears(TONES_HERE, BELLA)
    await expect(panel.locator("[data-part=talking]")).to_be_visible()
    await expect(page.locator("#phone-calls")).to_be_hidden()  # the panel shows it
    await page.keyboard.press("h")
    await expect(panel.locator("[data-part=held]")).to_be_visible()
    await call.hears(TONES_HERE, None)
    await page.keyboard.press("h")
    await call.hears(TONES_HERE, BELLA)
    await page.keyboard.press("m")
    await expect(panel.locator("[data-phone=mute]")).to_have_attribute("aria-pressed", "true")
    await page.keyboard.press("e")
    await call.ended()
    await expect(panel.locator("[data-call]")).to_have_count(0)
    await page.goto(f"http://{house.settings.http}{PAGE}")
