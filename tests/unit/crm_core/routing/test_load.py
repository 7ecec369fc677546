"""The load formula, checked by hand."""

from __future__ import annotations

import pytest

from crm_core.routing.load import load

pytestmark = pytest.mark.unit


def test_nothing_done_is_no_load() -> None:
    assert load(talk_s=0, ring_s=0, wrap_up_s=0, open_cards=0) == 0.0


def test_each_kind_of_time_counts_once() -> None:
    assert load(talk_s=600, ring_s=60, wrap_up_s=120, open_cards=0) == 13.0


def test_an_open_card_is_three_minutes_of_work() -> None:
    assert load(talk_s=60, ring_s=0, wrap_up_s=0, open_cards=2) == 7.0


def test_an_hour_is_the_most_that_time_can_count() -> None:
    assert load(talk_s=3600, ring_s=30, wrap_up_s=600, open_cards=0) == 60.0


def test_differences_below_a_tenth_of_a_minute_are_ties() -> None:
    assert load(talk_s=600.0, ring_s=0, wrap_up_s=0, open_cards=0) == load(
        talk_s=600.04, ring_s=0, wrap_up_s=0, open_cards=0
    )
