"""The example office, as text and with parts of it replaced."""

from __future__ import annotations

from pathlib import Path

from crm_core.office.model import OfficeFile
from crm_core.office.reading import read_office

EXAMPLE = (Path(__file__).parents[4] / "examples" / "office.yaml").read_text(encoding="utf-8")


def edited(*edits: tuple[str, str]) -> str:
    """The example's text with each first *old* replaced by *new*; every *old* must be there."""
    text = EXAMPLE
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def office(*edits: tuple[str, str]) -> OfficeFile:
    """The example as a value, edited."""
    return read_office(edited(*edits))
