"""Byte ranges (RFC 9110 section 14): which bytes were asked for. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})\s*", re.IGNORECASE | re.ASCII)


class Unsatisfiable(Exception):
    """No byte of the file is in the range."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """From *start* on, *length* bytes (1 or more)."""

    start: int
    length: int

    def content_range(self, size: int) -> str:
        """The field of a 206 answer."""
        return f"bytes {self.start}-{self.start + self.length - 1}/{size}"


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """The one range *header* asks for; None for the whole file. Raises Unsatisfiable.

    A header that is not understood, or asks for several ranges, is passed over as section 14.2 allows.
    """
    match = _RANGE.fullmatch(header.strip()) if header is not None else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if first == "":
        length = min(int(last), size)
        if length == 0:
            raise Unsatisfiable
        return ByteRange(size - length, length)
    start, end = int(first), int(last) if last else size - 1
    if last and end < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return ByteRange(start, min(end, size - 1) - start + 1)


def tag_matches(header: str | None, etag: str) -> bool:
    """Whether If-None-Match holds *etag* (a strong tag, in quotes)."""
    if header is None:
        return False
    return header.strip() == "*" or etag in [tag.strip().removeprefix("W/") for tag in header.split(",")]
