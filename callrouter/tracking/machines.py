"""The three state machines of a call as tables: `(state, fact) -> state`.

A pair that is not in its table changes nothing and is counted by the tracker. No pair leaves a final
state. AMI may reorder and repeat, so each machine moves forward only: a fact that is already true is a
self-loop, a fact of an earlier stage is not in the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, auto

from crm_core.calls.model import CallState, LegState, OfferState


class LegFact(IntEnum):
    """What a channel shows of itself."""

    RINGS = auto()
    IS_UP = auto()
    HOLDS = auto()
    RESUMES = auto()
    GOES = auto()


class OfferFact(IntEnum):
    """What happens to an offer."""

    COMMIT = auto()
    DIAL = auto()
    ALERT = auto()
    ANSWER = auto()
    REFUSE = auto()
    MISS = auto()  # it rang and nobody answered
    FAIL = auto()  # it never rang
    WITHDRAW = auto()


class CallFact(IntEnum):
    """What a call's channels and offers, taken together, amount to now."""

    IS_ASKED = auto()  # between steps: the router or the dialplan decides
    WAITS = auto()
    IS_OFFERED = auto()
    TALKS = auto()
    IS_HELD = auto()
    ENDS = auto()


def _legs() -> dict[tuple[LegState, LegFact], LegState]:
    table = {
        (LegState.NEW, LegFact.RINGS): LegState.RINGING,
        (LegState.RINGING, LegFact.RINGS): LegState.RINGING,
        (LegState.NEW, LegFact.IS_UP): LegState.UP,
        (LegState.RINGING, LegFact.IS_UP): LegState.UP,
        (LegState.UP, LegFact.IS_UP): LegState.UP,
        (LegState.HELD, LegFact.IS_UP): LegState.HELD,
        (LegState.HELD, LegFact.RESUMES): LegState.UP,
        (LegState.UP, LegFact.RESUMES): LegState.UP,
    }
    live = (LegState.NEW, LegState.RINGING, LegState.UP, LegState.HELD)
    table |= {(state, LegFact.HOLDS): LegState.HELD for state in live}
    table |= {(state, LegFact.GOES): LegState.ENDED for state in live}
    return table


def _offers() -> dict[tuple[OfferState, OfferFact], OfferState]:
    live = (OfferState.RESERVED, OfferState.COMMITTED, OfferState.DIALLED, OfferState.ALERTING)
    onward = {
        OfferFact.COMMIT: OfferState.COMMITTED,
        OfferFact.DIAL: OfferState.DIALLED,
        OfferFact.ALERT: OfferState.ALERTING,
    }
    final = {
        OfferFact.ANSWER: OfferState.ANSWERED,
        OfferFact.REFUSE: OfferState.REFUSED,
        OfferFact.MISS: OfferState.NO_ANSWER,
        OfferFact.FAIL: OfferState.UNREACHABLE,
        OfferFact.WITHDRAW: OfferState.WITHDRAWN,
    }
    table = {
        (state, fact): target
        for state in live
        for fact, target in onward.items()
        if live.index(target) >= live.index(state)
    }
    return table | {(state, fact): target for state in live for fact, target in final.items()}


def _calls() -> dict[tuple[CallState, CallFact], CallState]:
    targets = {
        CallFact.IS_ASKED: CallState.ROUTING,
        CallFact.WAITS: CallState.WAITING,
        CallFact.IS_OFFERED: CallState.OFFERED,
        CallFact.TALKS: CallState.TALKING,
        CallFact.IS_HELD: CallState.HELD,
        CallFact.ENDS: CallState.ENDED,
    }
    live = [state for state in CallState if state is not CallState.ENDED]
    table = {(state, fact): target for state in live for fact, target in targets.items()}
    # What is derived anew after each late item about an ended call says "ended" again.
    return table | {(CallState.ENDED, CallFact.ENDS): CallState.ENDED}


LEGS: Mapping[tuple[LegState, LegFact], LegState] = _legs()
OFFERS: Mapping[tuple[OfferState, OfferFact], OfferState] = _offers()
CALLS: Mapping[tuple[CallState, CallFact], CallState] = _calls()
