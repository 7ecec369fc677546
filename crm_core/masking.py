"""Personal data in logs: enough to recognise, not enough to know."""

from __future__ import annotations


def mask_number(text: str | None) -> str:
    """`+74955550142` becomes `…42`; nothing, withheld or very short becomes `…`."""
    if not text or len(text) < 6:
        return "…"
    return "…" + text[-2:]


def mask_name(text: str) -> str:
    """`password1` becomes `p…`: what is typed as a name may be anything."""
    return text[:1] + "…"


def mask_address(text: str) -> str:
    """`203.0.113.7` becomes `203.0.113.…`, `2001:db8:1:2::7` becomes `2001:db8:1:…`."""
    mark = ":" if ":" in text else "."
    return mark.join((*text.split(mark)[:3], "…")) if mark in text else text
