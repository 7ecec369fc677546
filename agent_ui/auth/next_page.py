"""Where a browser goes after signing in: only ever to an address of ours."""

from __future__ import annotations

from urllib.parse import urlsplit

LOGIN = "/login"
HOME = "/"
LONGEST = 500


def local_path(text: str) -> str | None:
    """*text* when it is the path of a page here, else None.

    `//host`, `/\\host` and a tab in between are other hosts to a browser.
    """
    if len(text) > LONGEST or not text.startswith("/") or text[1:2] in ("/", "\\"):
        return None
    if not text.isascii() or not text.isprintable() or "\\" in text:
        return None
    parts = urlsplit(text)
    if parts.scheme or parts.netloc or parts.path == LOGIN:
        return None
    return text
