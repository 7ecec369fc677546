"""The demo's callers belong to the sample office, and each kind of call comes."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest

from callcard.demo.sample import sample_office
from callcard.demo.script import OPENING, SALES, SUPPORT, callers
from crm_core.office.reading import read_office
from crm_core.phone_number import CallerKind, parse_caller

pytestmark = pytest.mark.unit

OFFICE = read_office(sample_office().read_text("utf-8"))
FIRST = tuple(itertools.islice(callers(), 400))


def test_the_script_is_the_same_each_time() -> None:
    assert tuple(itertools.islice(callers(), 400)) == FIRST
    assert FIRST[: len(OPENING)] == OPENING


def test_every_caller_dials_a_number_of_the_sample_office() -> None:
    assert {caller.did for caller in FIRST} == {SALES, SUPPORT} == set(OFFICE.numbers)


def test_known_callers_are_customers_of_the_sample_office_and_others_are_not() -> None:
    known = {phone for customer in OFFICE.customers for phone in customer.phones}
    for caller in FIRST:
        assert (caller.number in known) == bool(caller.name and caller.name != "Anonymous"), caller


def test_every_number_can_be_read_or_is_withheld() -> None:
    kinds = Counter(parse_caller(caller.number, country="RU").kind for caller in FIRST)
    assert set(kinds) == {CallerKind.KNOWN, CallerKind.WITHHELD}
    assert kinds[CallerKind.WITHHELD] > 10


def test_the_office_stays_bearable() -> None:
    """Three agents talk less than the callers would like, and not much less."""
    rest = FIRST[len(OPENING) :]
    span = sum(caller.after_s for caller in rest)
    work = sum(caller.talk_s + 10 for caller in rest)  # wrap-up of the sample office
    assert 0.8 < work / span / 3 < 1.6


def test_a_known_caller_does_not_ring_again_while_the_call_before_may_be_up() -> None:
    known = [caller.number for caller in FIRST[len(OPENING) :] if caller.story == "known"]
    assert all(len({*known[at : at + 4]}) == 4 for at in range(len(known) - 3))
