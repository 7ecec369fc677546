"""Every page in a real browser: in three languages, and readable for everybody."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.axe import grave
from tests.browser.conftest import PASSWORD, Open
from tests.journeys.running_callcard import Callcard

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

SIGN_IN = {"en-GB": ("en", "Sign in"), "ru-RU": ("ru", "Войти"), "az-AZ": ("az", "Daxil ol")}
PAGES = (
    (None, "/login"),
    ("anna", "/desk"),
    ("viktor", "/board"),
    ("viktor", "/settings"),
    ("admin", "/gallery"),
)


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
    callcard: Callcard, window: Open, scheme: Any
) -> None:
    found: dict[str, list[str]] = {}
    signed_in: dict[str | None, Any] = {}
    for person, path in PAGES:
        if person not in signed_in:
            signed_in[person] = await window(person, path, color_scheme=scheme)
        page = signed_in[person]
        await page.goto(f"http://{callcard.settings.http}{path}")
        found[path] = await grave(page)
        assert await page.locator("dialog:not([open]):visible").count() == 0
    assert found == {path: [] for _, path in PAGES}
