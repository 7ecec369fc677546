"""What axe-core has against a page."""

from __future__ import annotations

from playwright.async_api import Page

from agent_ui.frontend import make

AXE = make.HERE / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")


async def grave(page: Page, *rules: str) -> list[str]:
    """What would keep somebody from using *page*: rule and place of each finding, of all *rules* or these."""
    await page.evaluate(AXE.read_text("utf-8"))
    options = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    result = await page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{each['id']}: {node['target']}"
        for each in result["violations"]
        if each["impact"] in GRAVE
        for node in each["nodes"]
    ]
