"""What axe-core has against a page."""

from __future__ import annotations

from playwright.async_api import Page

from agent_ui.frontend import make

AXE = make.HERE / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")
LOOKS = 3
# Preloading would copy stylesheets into an inline one, which the page's policy forbids.
RUN = "axe.run(document, {resultTypes: ['violations'], preload: false})"


async def grave(page: Page) -> list[str]:
    """What would keep somebody from using *page* as it is now: rule and place of each finding.

    A colour that is on its way to another is none: what is found must be there again a moment later.
    """
    await page.evaluate(AXE.read_text("utf-8"))
    found = await _findings(page)
    for _ in range(1, LOOKS):
        if found:
            await page.wait_for_timeout(300)
            found = await _findings(page)
    return found


async def _findings(page: Page) -> list[str]:
    result = await page.evaluate(RUN)
    return [
        f"{each['id']}: {node['target']}"
        for each in result["violations"]
        if each["impact"] in GRAVE
        for node in each["nodes"]
    ]
