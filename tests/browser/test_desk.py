"""The desk in a real browser while real calls come: pop, note, missed call, and the board beside it."""

from __future__ import annotations

import asyncio
import itertools
import re
from contextlib import AsyncExitStack

import pytest
from playwright.async_api import Route, expect

from tests.browser.axe import grave
from tests.browser.chromium import Windows
from tests.browser.conftest import Open
from tests.fakes.sip_peer import Ring
from tests.journeys.running_callcard import Callcard, talk

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

NEW, OTHER, LOST, BUSY = "+74955550177", "+74955550178", "+74955550179", "+74955550180"
NEXT, SPOKEN = "+74955550181", "+74955550182"
# A machine whose clock is an hour ahead.
AHEAD = "Date.now = ((now) => () => now() + 3_600_000)(Date.now);"
LOCALES = {"en": "en-GB", "ru": "ru-RU", "az": "az-AZ"}
WORDS = {
    "en": ("Answer on your phone.", "Talking"),
    "ru": ("Ответьте на своём телефоне.", "Разговор"),
    "az": ("Öz telefonunuzda cavab verin.", "Danışır"),
}


def shown(number: str) -> str:
    """As Moscow reads it."""
    return f"{number[2:5]}) {number[5:8]}-{number[8:10]}-{number[10:12]}"


async def test_the_card_pops_while_the_phone_rings_and_the_board_moves(
    callcard: Callcard, desk: Open, window: Open
) -> None:
    await callcard.at_work("anna")
    callcard.phones["anna"].behaviour = Ring()
    anna, board = await desk("anna"), await window("viktor", "/board")
    await expect(anna.locator("#pill")).to_have_attribute("data-state", "available")
    await expect(board.locator("#agent-anna")).to_have_attribute("data-state", "available")
    call = await callcard.call(number=NEW)
    await expect(anna.locator('#panel[data-part="offered"]')).to_contain_text(shown(NEW))
    _, leg = await callcard.rung(NEW)
    assert leg.answered_at is None and call.answered_at is None  # it is still ringing
    await expect(anna.locator("#work h2").first).to_contain_text(shown(NEW))
    await expect(board.locator("#agent-anna")).to_have_attribute("data-state", "ringing")
    leg.answer()
    await expect(anna.locator('#panel[data-part="talking"]')).to_contain_text(shown(NEW))
    await expect(board.locator("#agent-anna")).to_have_attribute("data-state", "talking")
    await expect(board.locator("#agent-anna")).to_contain_text(shown(NEW))
    await talk(call, leg)
    assert [await grave(anna), await grave(board)] == [[], []]
    await call.hangup()
    await expect(anna.locator("#pill")).to_have_attribute("data-state", "available")
    await expect(board.locator("#agent-anna")).to_have_attribute("data-state", "available")
    await callcard.audit()


async def test_news_of_others_do_not_keep_the_card_away(callcard: Callcard, desk: Open) -> None:
    """Each piece of news comes sooner than the card that was asked for before it."""
    await callcard.at_work("anna", "elena")
    await callcard.set_state("elena", "break", reason="lunch")
    anna = await desk("anna")

    async def slowly(route: Route) -> None:
        await asyncio.sleep(0.6)
        await route.continue_()

    await anna.route("**/desk/calls/*", slowly)

    async def news() -> None:
        for reason in itertools.cycle(("rest", "meeting")):
            await callcard.set_state("elena", "break", reason=reason)
            await asyncio.sleep(0.15)

    telling = asyncio.create_task(news(), name="news")
    try:
        call = await callcard.call(number=BUSY)
        await expect(anna.locator("#work h2").first).to_contain_text(shown(BUSY))
        assert not telling.done()
    finally:
        telling.cancel()
        await asyncio.wait({telling})
    await anna.unroute_all(behavior="wait")
    await call.hangup()
    await callcard.audit()


async def test_the_next_call_takes_the_place_and_nothing_typed(callcard: Callcard, desk: Open) -> None:
    await callcard.at_work("anna")
    callcard.phones["anna"].behaviour = Ring()
    anna = await desk("anna")
    await anna.locator("#search").press_sequentially("volk")
    await expect(anna.locator("#found [role=option]")).to_have_count(1)
    await anna.keyboard.press("Enter")
    await expect(anna.locator("#work .who h2")).to_have_text("Marina Volkova")
    address = await anna.locator("#found a, #work .who-deeds a").first.get_attribute("href")
    await anna.locator("#work .who-deeds button", has_text="Edit").click()
    await anna.locator("#field-title").fill("Marina V. Volkova")
    call = await callcard.call(number=NEXT)
    await expect(anna.locator("#work .who h2")).to_contain_text(shown(NEXT))
    await call.hangup()
    page = await anna.context.new_page()
    await page.goto(f"http://{callcard.settings.http}{(address or '').removesuffix('/merge')}")
    await expect(page.locator(".who h2")).to_have_text("Marina V. Volkova")
    await page.close()
    await callcard.audit()


async def test_what_happens_is_told_in_each_windows_language(callcard: Callcard, window: Open) -> None:
    await callcard.at_work("anna")
    callcard.phones["anna"].behaviour = Ring()
    desks = {language: await window("anna", "/desk", locale=locale) for language, locale in LOCALES.items()}
    call = await callcard.call(number=SPOKEN)
    for language, desk in desks.items():
        assert await desk.locator("html").get_attribute("lang") == language
        await expect(desk.locator("#panel")).to_contain_text(WORDS[language][0])
    _, leg = await callcard.rung(SPOKEN)
    leg.answer()
    for language, desk in desks.items():
        await expect(desk.locator("#panel .call-state")).to_have_text(WORDS[language][1])
    await call.hangup()
    await callcard.audit()


async def test_a_note_outlives_its_page_and_is_seen_in_another(
    callcard: Callcard, desk: Open, window: Open
) -> None:
    await callcard.at_work("anna")
    first = await desk("anna")
    call = await callcard.call(number=OTHER)
    await expect(first.locator('#panel[data-part="talking"]')).to_contain_text(shown(OTHER))
    note = first.locator("[data-note] textarea")
    await note.fill("Wants the oak one. <b>Urgent</b>")
    await expect(first.locator('[data-note-state="saved"]')).to_be_visible()
    await first.reload()
    await expect(note).to_have_value("Wants the oak one. <b>Urgent</b>")
    second = await first.context.new_page()
    await second.add_init_script(AHEAD)
    await second.goto(first.url)
    await expect(second.locator("[data-note] textarea")).to_have_value("Wants the oak one. <b>Urgent</b>")
    await second.locator("[data-note] textarea").fill("Wants the oak one. Rings on Monday.")
    await expect(note).to_have_value("Wants the oak one. Rings on Monday.")
    await expect(second.locator("[data-ago]")).to_have_text(re.compile(r"^(just now|\d+ s ago)$"))
    elsewhere = await window("anna", "/desk")  # another browser, which knows only what the server has
    await expect(elsewhere.locator("[data-note] textarea")).to_have_value(
        "Wants the oak one. Rings on Monday."
    )
    await call.hangup()
    await callcard.audit()


async def test_a_missed_call_is_listed_until_somebody_gets_through(callcard: Callcard, desk: Open) -> None:
    await callcard.at_work("anna")
    callcard.phones["anna"].behaviour = Ring()
    anna = await desk("anna")
    on_the_rail = anna.locator("#rail-missed")
    await expect(on_the_rail).to_be_attached()
    before = int((await on_the_rail.locator("[aria-hidden]").all_inner_texts() or ["0"])[0])
    lost = await callcard.call(number=LOST)
    await callcard.alerting(LOST)  # before that the call is nobody's own, and missed by all
    await expect(anna.locator('#panel[data-part="offered"]')).to_be_visible()
    await lost.hangup()
    beside = await anna.context.new_page()
    await beside.goto(f"http://{callcard.settings.http}/missed")
    told = re.compile(re.escape(shown(LOST)))
    line = anna.locator("#missed .row-item", has_text=told)
    await expect(line).to_be_visible()
    number = line.locator(".row-title bdi")  # to be read as a whole
    assert await number.evaluate("each => each.scrollWidth <= each.clientWidth")
    await expect(anna.locator("#work .who dt:text('Missed, still open') + dd")).to_contain_text("1")
    await expect(beside.locator("#missed .row-item", has_text=told)).to_be_visible()
    for page in (anna, beside):
        await expect(page.locator("#rail-missed")).to_contain_text(f"{before + 1} of yours")
    again = await callcard.call(number=LOST)
    await callcard.alerting(LOST)
    leg = [leg for _, leg in callcard.legs_of(LOST)][-1]
    leg.answer()
    await again.answered()
    await expect(line).to_have_count(0)
    await expect(beside.locator("#missed .row-item", has_text=told)).to_have_count(0)  # by the feed
    await expect(on_the_rail).not_to_contain_text(f"{before + 1} of yours")
    await again.hangup()
    await callcard.audit()


async def test_a_session_that_ended_unheard_leads_to_the_door(
    window: Open, opened: tuple[AsyncExitStack, list[Windows]]
) -> None:
    page = await window("anna", "/missed")
    await expect(page.locator("body")).to_have_attribute("data-live", "up")
    await page.evaluate("dispatchEvent(new Event('pagehide'))")  # the machine sleeps
    await page.context.clear_cookies()
    await page.evaluate("dispatchEvent(new Event('online'))")
    await page.wait_for_url("**/login?next=%2Fmissed")
    opened[1][-1].said.clear()  # the browser says of the socket that it was refused
