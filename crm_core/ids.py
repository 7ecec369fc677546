"""Row ids: UUIDv7 (RFC 9562 section 5.7), made here because PostgreSQL 15 has no uuidv7()."""

from __future__ import annotations

import os
import time
from uuid import UUID

_last_ms = 0
_sequence = 0
_pool: list[int] = []


def new_id() -> UUID:
    """Return a new UUIDv7: sorts by time of making, also within one millisecond of one process."""
    global _last_ms, _sequence
    ms = time.time_ns() // 1_000_000
    if ms <= _last_ms:
        # Same millisecond, or a clock stepped back: count on from the last id, so order holds.
        ms = _last_ms
        _sequence += 1
        if _sequence > 0xFFF:
            ms += 1
            _sequence = 0
    else:
        _sequence = _random() & 0xFF  # leaves room below 0xFFF to count on
    _last_ms = ms
    tail = _random() & ((1 << 62) - 1)
    return UUID(int=(ms << 80) | (0x7 << 76) | (_sequence << 64) | (0b10 << 62) | tail)


def _random() -> int:
    """64 random bits of the system's; asked for many at a time."""
    if not _pool:
        _pool.extend(memoryview(os.urandom(8 * 256)).cast("Q"))
    return _pool.pop()


os.register_at_fork(after_in_child=_pool.clear)  # two processes must not draw the same


def plain_id(value: UUID) -> UUID:
    """*value*, which asyncpg gives as a subclass of its own with its own repr and pickle, as a plain UUID."""
    return UUID(int=value.int)


def parse_id(text: str | None) -> UUID | None:
    """Return the UUID that *text* spells in its 36-character form, else None. Never raises."""
    if text is None or len(text) != 36:
        return None
    try:
        return UUID(text)
    except ValueError:
        return None
