"""A call in the browser: made from there, and what an agent does beside it: other pages, tabs, news."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, expect
from sqlalchemy import text

from tests.browser.axe import grave
from tests.browser.chromium import Chromium
from tests.browser.conftest import Open
from tests.browser.seat import BELLA, TONES, Seat, seated, with_password, with_seat
from tests.browser.voice import browser_hears, require_address
from tests.fakes.sip_peer import IncomingCall, OutgoingCall, Ring
from tests.journeys.house import WITHHELD
from tests.journeys.running_callcard import AGENT_TONE, CALLER_TONE, Callcard, running_callcard
from tests.journeys.test_browser_phone import LINE

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

CALLER = "+74955550173"
MISSED, TYPED, IN_VAIN, HANDED, RUNG, CARDLESS = (f"+7495555018{number}" for number in range(1, 7))
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
    async with running_callcard(more=with_seat, outside=LINE) as running:
        await with_password(running, "bella", "elena", "anna")
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


def shown(number: str) -> str:
    """As Moscow reads it."""
    return f"8 ({number[2:5]}) {number[5:8]}-{number[8:10]}-{number[10:12]}"


async def rings_at(callcard: Callcard, number: str) -> IncomingCall:
    """The call as it comes to the carrier, for *number*; it rings there."""
    leg = await callcard.trunk.next_invite()
    assert (leg.called, leg.remote_number) == (number.lstrip("+"), LINE)
    leg.ring()
    return leg


async def talks(seat: Seat, leg: IncomingCall) -> None:
    """Bella and whom she called hear each other, now."""
    await leg.hears(TONES, BELLA)
    await browser_hears(seat.page, CALLER_TONE)


async def readable(page: Page, name: str) -> dict[str, list[str]]:
    """What keeps anybody from using *page* as it is, light and dark."""
    found: dict[str, list[str]] = {}
    schemes: tuple[Literal["light", "dark"], ...] = ("dark", "light")
    for scheme in schemes:
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        await expect(page.locator("html")).to_have_attribute("data-bs-theme", scheme)
        found[f"{name}, {scheme}"] = await grave(page)
    return found


async def called(callcard: Callcard, number: str) -> dict[str, Any]:
    """The call to *number* as the API shows it, once it is over and settled."""
    return await callcard.the_call(
        lambda call: bool(call["to"] == number and call["state"] == "ended" and call["settled"]), timeout=60
    )


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


async def test_a_missed_call_is_called_back_and_its_line_closes_by_itself(seat: Seat) -> None:
    callcard, page = seat.callcard, seat.page
    await seat.ready()
    lost = await seat.call(MISSED)
    await seat.rings(MISSED)
    await lost.hangup()
    await seat.free()
    line = page.locator("#missed .row-item", has_text=shown(MISSED))
    await line.locator("[data-dial]").click()
    leg = await rings_at(callcard, MISSED)
    await expect(seat.part("calling")).to_contain_text(shown(MISSED))
    await expect(seat.part("calling")).to_contain_text("shown as “Web”")
    await expect(page.locator("#why")).to_contain_text("You dialled.")
    await expect(page.locator("#work .who:has(.who-deeds) h2")).to_contain_text(shown(MISSED))
    found = await readable(page, "calling")
    await expect(line).to_be_visible()  # a call that only rings closes nothing
    leg.answer()
    await expect(seat.part("talking")).to_contain_text(shown(MISSED))
    await talks(seat, leg)
    await expect(line).to_have_count(0)
    await page.keyboard.press("h")
    await expect(seat.part("held")).to_be_visible()
    await leg.hears(TONES, None)
    await page.keyboard.press("h")
    await expect(seat.part("talking")).to_be_visible()
    await page.keyboard.press("n")
    await page.keyboard.type("Wanted the oak one.")
    await expect(page.locator("[data-note-state=saved]")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("e")
    await leg.ended()
    await expect(seat.part("wrap_up")).to_be_visible()
    await page.locator(".result button", has_text="Agreed").click()
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#pill")).to_have_attribute("data-state", "available")
    seen = await called(callcard, MISSED)
    assert (seen["direction"], seen["outcome"], seen["agent"]) == ("out", "answered", "bella")
    assert (seen["hangup_by"], seen["disposition"]) == ("agent", "agreed")
    history = page.locator("#who .timeline-item", has_text="with you")
    await expect(history).to_contain_text("Wanted the oak one.")
    await expect(history.locator("[data-dial]")).to_have_text(shown(MISSED))
    assert found == {name: [] for name in found}
    await callcard.audit()


async def test_a_number_is_dialled_by_keyboard_in_any_usual_form(seat: Seat) -> None:
    callcard, page = seat.callcard, seat.page
    await seat.ready()
    await page.keyboard.press("d")
    await page.keyboard.type("+1 555 555 01 42")
    line = page.locator("#phone-typed")
    await expect(line).to_contain_text("This number is not called from here.")
    await expect(line).to_contain_text("Numbers are called that begin with +7, +994.")
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.type("8495")
    await page.keyboard.press("Enter")
    await expect(line).to_contain_text("Nobody has this extension.")
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.type("elen")
    await expect(page.locator("#phone-list [data-number]:visible")).to_have_count(1)
    await expect(line).to_be_empty()
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.type(shown(TYPED))
    await expect(line.locator(f'[data-number="{TYPED}"]')).to_be_visible()
    found = await readable(page, "dial field")
    await page.keyboard.press("Enter")
    leg = await rings_at(callcard, TYPED)
    await expect(seat.part("calling")).to_contain_text(shown(TYPED))
    await page.keyboard.press("e")
    await leg.ended()
    await seat.free()
    await expect(seat.panel).to_contain_text("Given up")
    assert found == {name: [] for name in found}
    await callcard.audit()


async def test_a_card_that_is_made_while_the_desk_reads_is_shown(seat: Seat) -> None:
    """The desk is answered without the card, and the answer comes after the news of it."""
    callcard, page = seat.callcard, seat.page
    answered, go_on = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        answer = await route.fetch()
        answered.set()
        await go_on.wait()
        await route.fulfill(response=answer)

    await seat.ready()
    await page.keyboard.press("Control+k")
    await page.keyboard.type("volk")
    await page.keyboard.press("Enter")
    await expect(page.locator("#work .who h2")).to_have_text("Marina Volkova")
    await page.route("**/desk/calls/*", late, times=1)
    await page.keyboard.press("d")
    await page.keyboard.type(CARDLESS)
    async with callcard.database.transaction() as connection:
        await connection.execute(text("LOCK TABLE customers IN EXCLUSIVE MODE"))
        await page.keyboard.press("Enter")
        leg = await rings_at(callcard, CARDLESS)
        await asyncio.wait_for(answered.wait(), 20)
    await expect(page.locator("#focus[data-card]")).to_be_attached()
    go_on.set()
    await expect(page.locator("#work .who:has(.who-deeds) h2")).to_contain_text(shown(CARDLESS))
    await page.keyboard.press("e")
    await leg.ended()
    await seat.free()
    await callcard.audit()


async def test_why_somebody_was_not_reached_is_said_and_they_are_called_again(seat: Seat) -> None:
    callcard, page = seat.callcard, seat.page
    await seat.ready()
    await page.keyboard.press("Control+k")
    await page.keyboard.type(shown(IN_VAIN))
    found = await readable(page, "found")
    await page.locator("#found-number").click()
    toasts = page.locator("#toasts [data-toast]")
    for status, toast, why in ((404, "not in service", "not in service"), (486, "Busy.", "the line is busy")):
        leg = await rings_at(callcard, IN_VAIN)
        await expect(seat.part("calling")).to_be_visible()
        leg.refuse(status)
        await expect(toasts).to_contain_text([toast])
        await expect(seat.panel).to_contain_text(f"Not reached: {why}")
        found |= await readable(page, why)
        await toasts.evaluate_all("all => all.forEach((each) => each.remove())")
        await seat.free()
        await seat.panel.locator("[data-dial]").click()
    leg = await rings_at(callcard, IN_VAIN)
    leg.answer()
    await expect(seat.part("talking")).to_be_visible()
    await leg.hangup()
    await seat.free()
    await callcard.audit()  # all of it is written
    await page.goto(f"http://{callcard.settings.http}/calls")
    rows = page.locator("table.journal tbody tr", has_text=shown(IN_VAIN))
    await expect(rows.locator(".tag")).to_have_text(["Answered", "Not reached", "Not reached"])
    found |= await readable(page, "journal")
    await page.goto(f"http://{callcard.settings.http}/desk")
    assert found == {name: [] for name in found}


async def test_a_customer_who_was_called_is_handed_to_a_colleague(seat: Seat, window: Open) -> None:
    callcard, page = seat.callcard, seat.page
    await callcard.available("elena")
    await seat.ready()
    await page.keyboard.press("d")
    await page.keyboard.type(HANDED)
    await page.keyboard.press("Enter")
    leg = await rings_at(callcard, HANDED)
    leg.answer()
    await expect(seat.part("talking")).to_be_visible()
    await talks(seat, leg)
    await page.keyboard.press("t")
    await page.keyboard.type("elena")
    await expect(page.locator("#phone-list [data-number]:visible")).to_have_count(1)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    _, asked = await callcard.rung("111")
    await asked.hears(TONES, BELLA)
    await expect(page.locator("#phone-calls [data-phone=join]")).to_be_visible()
    elena = await window("elena", "/desk")
    await page.keyboard.press("j")
    await asyncio.gather(leg.hears(TONES, AGENT_TONE), asked.hears(TONES, CALLER_TONE))
    await expect(elena.locator('#panel [data-part="talking"]')).to_contain_text(shown(HANDED))
    await expect(elena.locator("#why")).to_contain_text("Bella handed this call over.")
    await seat.free()
    await leg.hangup()
    seen = await called(callcard, HANDED)
    assert (seen["direction"], seen["agent"], seen["hangup_by"]) == ("out", "elena", "caller")
    await callcard.audit()


async def test_who_has_a_telephone_beside_the_page_picks_it_up_and_the_number_is_called(
    seat: Seat, window: Open
) -> None:
    """Her state is her own: she calls also while she gets no calls."""
    callcard = seat.callcard
    phone = callcard.phones["anna"]
    phone.behaviour = Ring()
    phone.forget_invites()
    anna = await window("anna", "/desk")
    await anna.keyboard.press("Control+k")
    await anna.keyboard.type(shown(RUNG))
    await anna.locator("#found-number").click()
    toasts = anna.locator("#toasts [data-toast]")
    await expect(toasts).to_contain_text(["Pick up your phone"])
    await expect(toasts).to_contain_text([shown(RUNG)])
    own = await phone.next_invite()
    own.answer()
    leg = await rings_at(callcard, RUNG)
    panel = anna.locator("#panel")
    await expect(panel.locator("[data-part=calling]")).to_contain_text(shown(RUNG))
    await expect(anna.locator("#pill")).to_contain_text("Calling…")
    leg.answer()
    await expect(panel.locator("[data-part=talking]")).to_contain_text(shown(RUNG))
    await asyncio.gather(leg.hears(TONES, AGENT_TONE), own.hears(TONES, CALLER_TONE))
    await anna.locator("#work [data-dial]").first.click()
    await expect(toasts.last).to_contain_text("No call was made.")
    await expect(toasts.last).to_contain_text("You are in a call.")
    await leg.hangup()
    await own.ended()
    seen = await called(callcard, RUNG)
    assert (seen["direction"], seen["agent"], seen["outcome"]) == ("out", "anna", "answered")
    await callcard.audit()


async def test_what_is_typed_while_a_next_step_is_saved_stays_in_sight(seat: Seat) -> None:
    saved = asyncio.Event()

    async def slowly(route: Route) -> None:
        await saved.wait()
        await route.continue_()

    async with talking(seat):
        await seat.page.route("**/step", slowly)
        step = seat.page.locator(".result details")
        text = step.locator("[name=text]")
        await step.locator("summary").click()
        await text.fill("Send the offer")
        await text.press("Enter")
        await text.press_sequentially(" by post")
        saved.set()
        await expect(step.locator("summary")).to_contain_text("Send the offer")
        await expect(text).to_have_value("Send the offer by post")
        await expect(text).to_be_visible()
        await text.press("Enter")
        await expect(step.locator("summary")).to_contain_text("Send the offer by post")
        await expect(text).to_be_hidden()
