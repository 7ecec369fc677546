"""A page as a browser holds it: put fragments in the place of elements by id, and read it as text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html.parser import HTMLParser

_VOID = frozenset({"input", "br", "hr", "img", "path", "use", "meta", "link"})


class _Finder(HTMLParser):
    """Where the element with an id begins and ends in a text."""

    def __init__(self, text: str, id_: str) -> None:
        super().__init__(convert_charrefs=True)
        self.span: tuple[int, int] | None = None
        self.found = 0
        self._lines = [0]
        for line in text.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))
        self._id = id_
        self._text = text
        self._depth = 0
        self._begin: int | None = None
        self.feed(text)
        self.close()

    def _at(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if dict(attrs).get("id") == self._id:
            self.found += 1
            if self._begin is None:
                self._begin = self._at()
                self._depth = 0
        if self._begin is not None and tag not in _VOID:
            self._depth += 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if self._begin is None or self.span is not None or tag in _VOID:
            return
        self._depth -= 1
        if self._depth == 0:
            self.span = self._begin, self._text.index(">", self._at()) + 1


class ScreenPage:
    """Folds the frames of one html socket. *touched*: what the page was told to read again."""

    def __init__(self) -> None:
        self.text = ""
        self.last_id: str | None = None
        self.touched: set[str] = set()

    def draw(self, regions: Mapping[str, str]) -> None:
        """Draw the page anew: regions that are no part of another, in their order."""
        self.text = ""
        for id_, html in regions.items():
            if self.find(id_) is None:
                self.text += html + "\n"

    def apply(self, payload: bytes | str) -> None:
        """Take one frame."""
        frame = json.loads(payload)
        regions: dict[str, str] = frame["data"].get("regions", {})
        if frame["event"] == "snapshot":
            self.draw(regions)
        else:
            for id_, html in regions.items():
                self.put(id_, html)
        self.touched |= set(frame["data"].get("touch", ()))
        self.last_id = frame["id"]

    def put(self, id_: str, html: str) -> None:
        """Put *html* in the place of the element `#id_`; without one there is nothing to change."""
        span = self.find(id_)
        if span is not None:
            self.text = self.text[: span[0]] + html + self.text[span[1] :]

    def find(self, id_: str) -> tuple[int, int] | None:
        """Where the element is. An id that stands twice is a page that htmx cannot change."""
        finder = _Finder(self.text, id_)
        assert finder.found <= 1, f"#{id_} stands {finder.found} times"
        return finder.span
