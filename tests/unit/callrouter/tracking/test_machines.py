"""The tables: complete where they must be, forward only, final states final."""

from __future__ import annotations

import pytest

from callrouter.tracking.machines import CALLS, LEGS, OFFERS, CallFact, OfferFact
from crm_core.calls.model import FINAL_OFFER_STATES, CallState, LegState, OfferState

pytestmark = pytest.mark.unit

FINAL = frozenset({LegState.ENDED, CallState.ENDED, *FINAL_OFFER_STATES})


def test_no_pair_leaves_a_final_state() -> None:
    for table in (LEGS, OFFERS, CALLS):
        for (state, _), target in table.items():
            assert state not in FINAL or target is state


def test_every_live_offer_can_end_in_every_way_and_never_steps_back() -> None:
    live = [OfferState.RESERVED, OfferState.COMMITTED, OfferState.DIALLED, OfferState.ALERTING]
    ends = (OfferFact.ANSWER, OfferFact.REFUSE, OfferFact.MISS, OfferFact.FAIL, OfferFact.WITHDRAW)
    for state in live:
        assert {OFFERS[state, fact] for fact in ends} == FINAL_OFFER_STATES
    for (state, _), target in OFFERS.items():
        assert target not in live or live.index(target) >= live.index(state)


def test_every_live_call_takes_every_fact() -> None:
    for state in CallState:
        known = {fact for one, fact in CALLS if one is state}
        assert known == ({CallFact.ENDS} if state is CallState.ENDED else set(CallFact))
