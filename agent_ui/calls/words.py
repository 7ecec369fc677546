"""The fixed words of calls as people read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent_ui.states import Look
from crm_core.calls.model import Direction, HangupBy, Leg, LegRole, LegState, OfferState
from crm_core.i18n import N_
from crm_core.live.model import LiveLeg

DIRECTIONS: Mapping[Direction, Look] = {
    Direction.IN: Look(tone="plain", icon="phone-incoming", text=N_("Incoming")),
    Direction.OUT: Look(tone="plain", icon="phone-outgoing", text=N_("Outgoing")),
    Direction.INTERNAL: Look(tone="plain", icon="users", text=N_("Between colleagues")),
}
ROLES: Mapping[LegRole, str] = {
    LegRole.CUSTOMER: N_("Customer"),
    LegRole.AGENT: N_("Agent"),
    LegRole.OTHER: N_("Other"),
}
LEGS: Mapping[LegState, str] = {
    LegState.NEW: N_("begun"),
    LegState.RINGING: N_("rings"),
    LegState.UP: N_("talks"),
    LegState.HELD: N_("holds"),
    LegState.ENDED: N_("ended"),
}
OFFERS: Mapping[OfferState, Look] = {
    OfferState.RESERVED: Look(tone="plain", icon="hourglass", text=N_("being offered")),
    OfferState.COMMITTED: Look(tone="plain", icon="hourglass", text=N_("being offered")),
    OfferState.DIALLED: Look(tone="plain", icon="hourglass", text=N_("being offered")),
    OfferState.ALERTING: Look(tone="warning", icon="phone-calling", text=N_("rings")),
    OfferState.ANSWERED: Look(tone="success", icon="phone", text=N_("answered")),
    OfferState.REFUSED: Look(tone="danger", icon="phone-off", text=N_("refused")),
    OfferState.NO_ANSWER: Look(tone="danger", icon="phone-x", text=N_("did not answer")),
    OfferState.UNREACHABLE: Look(tone="plain", icon="plug-connected-x", text=N_("could not be reached")),
    OfferState.WITHDRAWN: Look(tone="plain", icon="ban", text=N_("withdrawn")),
}
_ENDED_BY: Mapping[HangupBy, str] = {
    HangupBy.CALLER: N_("the caller"),
    HangupBy.AGENT: N_("the agent"),
    HangupBy.SYSTEM: N_("the system"),
}
# Why a number outside did not answer, by the cause (ITU-T Q.850) with which it was let go.
_UNREACHED: Mapping[int, str] = {
    1: N_("not in service"),
    17: N_("the line is busy"),
    18: N_("no answer"),
    19: N_("no answer"),
    20: N_("switched off or out of reach"),
    21: N_("declined"),
    22: N_("not in service"),
    27: N_("the telephone company has no way there"),
    28: N_("not in service"),
    34: N_("the telephone company takes no calls just now"),
    38: N_("the telephone company takes no calls just now"),
    41: N_("the telephone company takes no calls just now"),
    42: N_("the telephone company takes no calls just now"),
}


def ended_by(side: HangupBy, direction: Direction) -> str:
    """Who ended a call, as a message id; whom an agent called is no caller."""
    if side is HangupBy.CALLER and direction is Direction.OUT:
        return N_("the customer")
    return _ENDED_BY[side]


def unreached_word(legs: Sequence[Leg] | Sequence[LiveLeg]) -> str | None:
    """Why a customer who was called did not answer, as a message id; None when nobody knows."""
    causes = [leg.cause for leg in legs if leg.role is LegRole.CUSTOMER and leg.cause is not None]
    return _UNREACHED.get(causes[-1]) if causes else None
