"""Every page in a real browser: in three languages, and readable for everybody."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.axe import grave
from tests.browser.conftest import PASSWORD, Open
from tests.journeys.front import until
from tests.journeys.running_callcard import Callcard

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

SIGN_IN = {"en-GB": ("en", "Sign in"), "ru-RU": ("ru", "Войти"), "az-AZ": ("az", "Daxil ol")}
SPOKEN_S = 3.0
TELEPHONE = {"width": 390, "height": 844}
PLAYED = "SELECT count(*) FROM audit WHERE action = 'recording.played' AND actor = 'anna'"
# `{card}` and `{call}` are of a call that anna took.
PAGES = (
    (None, "/login"),
    ("anna", "/desk"),
    ("anna", "/customers"),
    ("anna", "/customers/new"),
    ("anna", "/customers/{card}"),
    ("anna", "/customers/{card}/merge?q=a"),
    ("anna", "/missed"),
    ("anna", "/calls/{call}"),
    ("viktor", "/board"),
    ("viktor", "/calls"),
    ("viktor", "/settings"),
    ("viktor", "/customers/nobody"),
    ("admin", "/gallery"),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def talked(callcard: Callcard) -> dict[str, str]:
    """Ids of a call that anna took, and of its card."""
    await callcard.at_work("anna")
    call = await callcard.call(number="+74955550142")
    await call.answered()
    await asyncio.sleep(SPOKEN_S)
    await call.hangup()
    seen = await callcard.ended("+74955550142")
    return {"call": seen["id"], "card": seen["customer_id"]}


# Presses Escape twice before anything can be answered.
TWICE = """() => {
    const press = () => document.activeElement.dispatchEvent(
        new KeyboardEvent("keydown", { key: "Escape", code: "Escape", bubbles: true, cancelable: true })
    );
    press();
    press();
}"""
# Shows the toast that a failure brings.
TOAST = """() => {
    const waiting = document.getElementById("toast-failed");
    document.getElementById("toasts").append(waiting.content.cloneNode(true));
}"""
# Fills the board's rows with the longest that can stand in them; by how much the table is too wide then.
LONGEST = """() => {
    for (const row of document.querySelectorAll(".board-table tbody tr")) {
        const put = (where, text) => row.querySelector(where)?.replaceChildren(text);
        put(".who bdi", "Səbinə Hüseynova-Qasımzadə");
        put(".state-word > span:not(.dot)", "Cavab vermir");
        row.querySelector(".state-word").append(document.createElement("time"));
        put(".state-word time", "11:23:45");
        const number = document.createElement("bdi");
        number.className = "one-piece num";
        number.textContent = "8 (495) 555-01-42";
        put(".party", number);
        put(".queues .two-lines", "Satışlar, Müştərixidmətləri, Dəstək");
    }
    const table = document.querySelector(".board-table");
    return table.offsetWidth - table.parentElement.clientWidth;
}"""


@pytest.mark.parametrize("width", [1280, 1024, 900])
async def test_the_boards_table_fits_in_the_longest_language(window: Open, width: int) -> None:
    board = await window("viktor", "/board", locale="az-AZ", viewport={"width": width, "height": 800})
    await expect(board.locator(".board-table th").first).to_have_text("Operator")
    assert await board.evaluate(LONGEST) <= 0


async def test_a_toast_leaves_the_lower_bar_free(window: Open) -> None:
    page = await window("viktor", "/settings", viewport=TELEPHONE)
    await page.evaluate(TOAST)
    bar, toast = [await page.locator(each).bounding_box() for each in (".rail", "#toasts")]
    assert bar is not None and toast is not None
    assert toast["y"] + toast["height"] <= bar["y"] and toast["x"] >= 0


@pytest.mark.parametrize("locale", SIGN_IN)
async def test_one_signs_in_in_the_browsers_language(callcard: Callcard, window: Open, locale: str) -> None:
    language, words = SIGN_IN[locale]
    page = await window(None, "/settings", locale=locale)
    assert page.url.endswith("/login?next=%2Fsettings")
    assert await page.locator("html").get_attribute("lang") == language
    assert await page.locator("button[type=submit]").inner_text() == words
    await page.locator("input[name=name]").fill("viktor")
    await page.locator("input[name=password]").fill("not this one")
    await page.locator("button[type=submit]").click()
    assert await page.locator("[role=alert]").count() == 1
    assert await page.locator("input[name=name]").input_value() == "viktor"
    await page.locator("input[name=password]").fill(PASSWORD)
    await page.locator("button[type=submit]").click()
    await page.wait_for_url(f"http://{callcard.settings.http}/settings")
    assert await page.locator("html").get_attribute("lang") == language


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_nothing_serious_keeps_anybody_from_reading(
    callcard: Callcard, talked: dict[str, str], window: Open, scheme: Any
) -> None:
    found: dict[str, list[str]] = {}
    signed_in: dict[str | None, Any] = {}
    for person, path in PAGES:
        if person not in signed_in:
            signed_in[person] = await window(person, "/settings" if person else path, color_scheme=scheme)
        page = signed_in[person]
        await page.goto(f"http://{callcard.settings.http}{path.format(**talked)}")
        found[path] = await grave(page)
        assert await page.locator("dialog:not([open]):visible").count() == 0
    assert found == {path: [] for _, path in PAGES}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_what_opens_over_a_page_is_for_everybody_too(
    callcard: Callcard, talked: dict[str, str], window: Open, scheme: Any
) -> None:
    page = await window("viktor", "/calls", color_scheme=scheme, reduced_motion="reduce")
    await page.keyboard.press("?")
    await expect(page.locator("dialog#keys[open]")).to_be_visible()
    found = {"keys": await grave(page)}
    await page.keyboard.press("Escape")
    await page.locator("a.row-link").first.click()
    await expect(page.locator("dialog#drawer[open]")).to_be_visible()
    found["drawer"] = await grave(page)
    await page.keyboard.press("Escape")
    await page.locator("details.menu summary").last.click()
    found["menu"] = await grave(page)
    await page.goto(f"http://{callcard.settings.http}/customers/{talked['card']}")
    await page.locator("#search").fill("555")
    await expect(page.locator("#found [role=option]").first).to_be_visible()
    found["search"] = await grave(page)
    await page.keyboard.press("Escape")
    await page.locator(".who-deeds button").first.click()
    await expect(page.locator("#field-title")).to_be_visible()
    found["edit"] = await grave(page)
    await page.goto(f"http://{callcard.settings.http}/board")
    await page.locator("[data-state-of]").first.click()
    await expect(page.locator("dialog#agent-state[open]")).to_be_visible()
    found["state"] = await grave(page)
    assert found == {name: [] for name in found}


async def test_a_page_as_wide_as_a_telephone_is_for_everybody_too(
    callcard: Callcard, talked: dict[str, str], window: Open
) -> None:
    page = await window("viktor", "/board", color_scheme="dark", viewport=TELEPHONE)
    found: dict[str, list[str]] = {}
    for path in ("/board", "/customers", "/customers/{card}", "/missed", "/calls", "/settings"):
        await page.goto(f"http://{callcard.settings.http}{path.format(**talked)}")
        await expect(page.locator(".rail a[aria-current]")).to_be_in_viewport()
        await page.locator("details.menu summary").last.click()
        found[path] = await grave(page)
        assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth"), path
    assert found == {path: [] for path in found}


@pytest.mark.parametrize("path", ["/calls/{call}", "/customers/{card}"])
async def test_a_recording_is_played_sought_and_sped_up(
    callcard: Callcard, talked: dict[str, str], window: Open, path: str
) -> None:
    async def played() -> int:
        async with callcard.database.hot(timeout_s=5) as connection:
            return int(await connection.fetchval(PLAYED))

    before = await played()
    page = await window("anna", path.format(**talked))
    player = page.locator("[data-recording]").first
    await expect(player.locator(".player-keys")).to_be_visible()  # the wave is drawn
    sound, wave = player.locator("audio"), player.locator(".player-wave")

    async def at() -> float:
        return float(await sound.evaluate("audio => audio.currentTime"))

    await player.locator("[data-play]").click()
    await expect(player).to_have_class(re.compile("playing"))

    async def advances() -> bool:
        return await at() > 0.3

    await until(advances, what="the sound to advance")
    assert float(await sound.evaluate("audio => audio.duration")) == pytest.approx(SPOKEN_S, abs=1.5)
    await player.locator("[data-play]").click()
    await expect(player).not_to_have_class(re.compile("playing"))
    await wave.focus()
    await page.keyboard.press("Home")
    await expect(wave).to_have_attribute("aria-valuenow", "0")
    box = await wave.bounding_box()
    assert box is not None
    await wave.click(position={"x": box["width"] * 0.7, "y": box["height"] / 2})

    async def sought() -> bool:
        return abs(await at() / float(await sound.evaluate("audio => audio.duration")) - 0.7) < 0.1

    await until(sought, what="the sound to be where the wave was pressed")
    await player.locator("[data-speed]").select_option("2")
    assert await sound.evaluate("audio => audio.playbackRate") == 2
    assert await played() == before + 1  # in pieces and sought: one playback


async def test_a_card_is_found_by_keyboard_and_changed_beside_others(
    callcard: Callcard, window: Open
) -> None:
    anna = await window("anna", "/missed")
    await anna.keyboard.press("Control+k")
    await anna.keyboard.type("kamran")
    await expect(anna.locator("#found")).to_contain_text("Nobody is found by this.")  # not of her office
    await anna.keyboard.press("Escape")
    await expect(anna.locator("#found")).to_be_hidden()
    await anna.keyboard.press("Control+k")
    await anna.keyboard.type("kamran")  # the same once more
    await expect(anna.locator("#found")).to_be_visible()
    await anna.keyboard.press("Escape")
    await anna.keyboard.press("Control+k")
    await anna.keyboard.type("volk")
    await anna.keyboard.press("Enter")  # before it is found
    await expect(anna.locator(".who h2")).to_have_text("Marina Volkova")
    viktor = await window("viktor", urlsplit(anna.url).path)
    for page, title in ((anna, "Marina Orlova"), (viktor, "Marina <b>V</b>")):
        await page.locator(".who-deeds button").click()
        await page.locator("#field-title").fill(title)
    await viktor.locator("#field-title").press("Enter")
    await expect(viktor.locator("[id^=history-]")).to_contain_text("Marina <b>V</b>")
    await anna.locator("#field-title").press("Enter")
    await expect(anna.locator("#card-problem")).to_contain_text("Marina <b>V</b>")
    assert await anna.locator("#field-title").input_value() == "Marina Orlova"  # what was typed
    await anna.locator("#field-title").press("Enter")
    await expect(anna.locator(".who h2")).to_have_text("Marina Orlova")
    await anna.keyboard.press("Escape")
    await expect(anna.locator(".who:not([data-editing]) h2")).to_have_text("Marina Orlova")


async def test_escape_loses_nothing_that_was_typed(callcard: Callcard, window: Open) -> None:
    anna = await window("anna", "/customers?q=igor")
    await anna.locator("#cards a").first.click()
    card = anna.locator(".who")
    before = await card.locator("h2").inner_text()
    await card.locator(".who-deeds button", has_text="Edit").click()
    await expect(card.locator("#field-title")).to_be_focused()
    await anna.keyboard.type(f"{before} Junior")  # instead of what stood there
    await card.locator("#field-phone").fill("12")
    saved: list[str] = []
    anna.on("request", lambda request: saved.append(request.url) if request.method == "POST" else None)
    await anna.evaluate(TWICE)
    await expect(card.locator("h2")).to_have_text(f"{before} Junior")  # saved
    await expect(card.locator("#card-problem")).to_contain_text("not a telephone number")
    await expect(card.locator("#field-phone")).to_have_value("12")  # refused, and still there
    assert [url.rpartition("/")[2] for url in saved] == ["title", "phones"]  # each once
    await anna.keyboard.press("Escape")  # read, and let go
    await expect(anna.locator(".who:not([data-editing]) h2")).to_have_text(f"{before} Junior")
    await expect(anna.locator("[id^=history-]")).to_contain_text(f"{before} Junior")


async def test_who_comes_back_finds_the_list_and_its_fields_agreed(
    callcard: Callcard, window: Open, talked: dict[str, str]
) -> None:
    page = await window("anna", "/customers")
    await page.locator("#cards-q").fill("0142")
    await page.locator(f'#cards a[href="/customers/{talked["card"]}"]').click()
    await page.wait_for_url("**/customers/*")
    await page.go_back()
    await expect(page.locator("#cards-q")).to_have_value("0142")
    await expect(page.locator("#cards tbody tr")).to_have_count(1)
    await page.goto(f"http://{callcard.settings.http}/calls")
    await page.locator("#field-number").fill("999999")
    await page.locator("#field-number").press("Enter")
    await page.wait_for_url("**number=999999**")
    await page.go_back()
    await expect(page.locator("table.journal")).to_be_visible()
    await expect(page.locator("#field-number")).to_have_value("")


async def test_in_the_systems_own_colours_a_held_call_is_seen_as_held(window: Open) -> None:
    page = await window("admin", "/gallery", forced_colors="active")
    keys = await page.locator('.key[data-key="H"]').all()
    ground = "each => getComputedStyle(each).backgroundColor"
    assert len({await key.evaluate(ground) for key in keys}) == 2
