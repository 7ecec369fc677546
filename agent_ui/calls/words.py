"""The fixed words of calls as people read them."""

from __future__ import annotations

from collections.abc import Mapping

from agent_ui.states import Look
from crm_core.calls.model import Direction, HangupBy, LegRole, LegState, OfferState
from crm_core.i18n import N_

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
ENDED_BY: Mapping[HangupBy, str] = {
    HangupBy.CALLER: N_("the caller"),
    HangupBy.AGENT: N_("the agent"),
    HangupBy.SYSTEM: N_("the system"),
}
