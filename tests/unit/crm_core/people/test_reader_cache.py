"""Remembering who is who, for a moment and not beyond an end."""

from __future__ import annotations

import pytest

from crm_core.people.reader_cache import CACHE_S, CACHE_SIZE, ReaderCache
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.unit


def test_a_value_is_kept_for_a_moment() -> None:
    clock = FakeClock()
    cache: ReaderCache[str] = ReaderCache(clock)
    cache.keep(b"a", "anna", cache.generation)
    clock.advance(CACHE_S - 0.01)
    assert cache.get(b"a") == "anna"
    clock.advance(0.01)
    assert cache.get(b"a") is None


def test_what_was_read_before_an_end_is_not_kept_after_it() -> None:
    cache: ReaderCache[str] = ReaderCache(FakeClock())
    begin = cache.generation
    cache.keep(b"a", "anna", begin)
    cache.clear()
    assert cache.get(b"a") is None
    cache.keep(b"a", "anna", begin)
    assert cache.get(b"a") is None
    cache.keep(b"a", "anna", cache.generation)
    assert cache.get(b"a") == "anna"


def test_the_longest_kept_goes_first() -> None:
    cache: ReaderCache[int] = ReaderCache(FakeClock())
    for number in range(CACHE_SIZE):
        cache.keep(str(number).encode(), number, 0)
    cache.keep(b"0", 0, 0)
    cache.keep(b"new", -1, 0)
    assert cache.get(b"0") == 0
    assert cache.get(b"1") is None
    assert cache.get(b"new") == -1
