"""Names that try to be something else, and whether a page took them for more than text."""

from __future__ import annotations

import json

from playwright.async_api import Page

# An office file takes names of 80 characters without characters that turn the text around; cards take all.
TITLE = "\"'><img src=x onerror=pwned=1> {{7*7}} שלום"
NAME = (
    f"{TITLE} <script>pwned=1</script> ${{7*7}} %(name)s &lt;b&gt; \u202egnp.exe\u202c " + "Nəsrəddinoğlu" * 4
)
CALLER = "<svg/onload=pwned=1> \u202e'"  # as a carrier may send it

# What a page has that only a name taken for HTML could have brought.
BROUGHT_IN = """() => {
  const all = [...document.querySelectorAll("*")];
  const of = (element) => element.outerHTML.slice(0, 120);
  return [
    ...("pwned" in window ? ["a script of theirs ran"] : []),
    ...all.filter((e) => [...e.attributes].some(({name}) => name.startsWith("on"))).map(of),
    ...all.filter((e) => e.matches("img[src='x'], svg[onload], script:not([src]), iframe")).map(of),
    ...(document.documentElement.scrollWidth > innerWidth ? ["scrolls sideways"] : []),
  ];
}"""


def with_hostile_titles(text: str) -> str:
    """The office, in which a colleague, a queue and a number of bella's are called so."""
    title = json.dumps(TITLE, ensure_ascii=False)
    for plain in ("title: Boris,", "{title: Web, members", "{title: Web, office"):
        assert plain in text, plain
        text = text.replace(plain, plain.replace("Boris", title).replace("Web", title))
    return text


async def brought_in(page: Page) -> list[str]:
    """What hostile names brought into *page* beside their text."""
    found: list[str] = await page.evaluate(BROUGHT_IN)
    return found
