"""Readers remembered for a moment, so that not each request asks the database."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

from crm_core.clock import Clock

CACHE_S = 2.0  # what another process revoked works at most this much longer
CACHE_SIZE = 1000

T = TypeVar("T")


class ReaderCache(Generic[T]):
    """Values by the digest of what proves them. `clear()` holds at once, also for look-ups under way:

    begin = cache.generation      # before asking the database
    cache.keep(digest, value, begin)
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: OrderedDict[bytes, tuple[T, float]] = OrderedDict()
        self.generation = 0

    def get(self, digest: bytes) -> T | None:
        """What was kept for *digest* less than CACHE_S ago."""
        known = self._kept.get(digest)
        return known[0] if known is not None and self._clock.monotonic() < known[1] else None

    def keep(self, digest: bytes, value: T, begin: int) -> None:
        """Remember *value*, read when `generation` was *begin*; not, when something ended since then."""
        if begin != self.generation:
            return
        self._kept[digest] = (value, self._clock.monotonic() + CACHE_S)
        self._kept.move_to_end(digest)
        if len(self._kept) > CACHE_SIZE:
            self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget everything: something was revoked."""
        self.generation += 1
        self._kept.clear()
