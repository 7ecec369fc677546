"""Who must wait after wrong passwords, how long, and whom nobody can keep out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.people.tries import (
    FORGET_S,
    LONGEST_S,
    MOST,
    Tries,
    one_less,
    one_more,
    pause,
    refused_until,
    ticket,
)

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def failed(times: int, now: datetime = NOW) -> Tries:
    tries = None
    for _ in range(times):
        tries = one_more(tries, now)
    assert tries is not None
    return tries


def test_waits_grow_from_one_second_to_sixty() -> None:
    waits = [pause(failures).total_seconds() for failures in range(14)]
    assert waits == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_failures_are_forgotten_one_a_minute() -> None:
    tries = failed(6)
    assert [tries.failures_at(after(s)) for s in (0, 59, 60, 180, 3600)] == [6, 6, 5, 3, 0]
    assert one_more(tries, after(120)).failures == 5
    assert tries.failures_at(after(-5)) == 6  # a clock that was set back


def test_who_goes_on_at_the_slowest_pace_stays_there() -> None:
    tries, now = failed(MOST), NOW
    for _ in range(50):
        now = tries.until
        tries = one_more(tries, now)
        assert tries.until - now == timedelta(seconds=LONGEST_S)


def test_an_address_waits_after_its_own_failures() -> None:
    address = failed(7)
    asked = {"address": address, "account": None, "pair": None}
    assert refused_until(after(3.9), **asked) == after(4)
    assert refused_until(after(4), **asked) is None
    assert refused_until(NOW, address=failed(4), account=None, pair=None) is None


def test_an_address_that_did_nothing_is_let_in_after_one_wait_whatever_others_do_meanwhile() -> None:
    account = failed(20)
    first = refused_until(NOW, address=None, account=account, pair=None)
    assert first == after(LONGEST_S)
    mine = ticket(account, NOW)
    for second in range(LONGEST_S):
        account = one_more(account, after(second))  # others go on guessing
        assert refused_until(after(second), address=None, account=account, pair=mine) == first
    assert refused_until(first, address=None, account=account, pair=mine) is None


def test_an_account_nobody_guesses_makes_nobody_wait() -> None:
    assert refused_until(NOW, address=None, account=failed(4), pair=None) is None
    assert refused_until(after(60), address=None, account=failed(5), pair=None) is None


def test_a_right_try_is_taken_back() -> None:
    tries = one_less(one_more(failed(3), NOW), NOW)
    assert (tries.failures, tries.until) == (3, NOW)


@given(st.lists(st.integers(min_value=0, max_value=600), max_size=200))
def test_an_address_gets_few_tries_however_it_paces_them(gaps: list[int]) -> None:
    """Never more than those that are free and one a minute, with the growing waits before."""
    tries, now, tried = None, NOW, 0
    for gap in gaps:
        now += timedelta(seconds=gap)
        if refused_until(now, address=tries, account=None, pair=None) is None:
            tries, tried = one_more(tries, now), tried + 1
    passed = (now - NOW).total_seconds()
    assert tried <= MOST + passed / FORGET_S + 1
