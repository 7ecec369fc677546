"""Personal data in logs: enough to recognise, not enough to know."""

from __future__ import annotations


def mask_number(text: str | None) -> str:
    """`+74955550142` becomes `…42`; nothing, withheld or very short becomes `…`."""
    if not text or len(text) < 6:
        return "…"
    return "…" + text[-2:]
