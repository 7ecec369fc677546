"""An offer as it is folded: one agent, one deadline, one or several devices ringing for it.

A forked Dial rings all of an agent's devices: the offer is answered when one of them answers, and ends
otherwise only when every device that was dialled has ended.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from callrouter.tracking.channel import Channel
from callrouter.tracking.machines import OFFERS, OfferFact
from crm_core.calls.model import FINAL_OFFER_STATES, Offer, OfferState

# Q.850 causes of a dialled channel that was hung up without a DialEnd (include/asterisk/causes.h).
_CAUSE_STATUS = {16: "CANCEL", 26: "CANCEL", 17: "BUSY", 21: "BUSY", 18: "NOANSWER", 19: "NOANSWER"}

_OWN_MOVES = {
    OfferState.COMMITTED: OfferFact.COMMIT,
    OfferState.WITHDRAWN: OfferFact.WITHDRAW,
    OfferState.UNREACHABLE: OfferFact.FAIL,
    OfferState.NO_ANSWER: OfferFact.MISS,
    OfferState.REFUSED: OfferFact.REFUSE,
}


class OfferRecord:
    """The mutable side of an `Offer`."""

    __slots__ = (
        "_frozen",
        "agent",
        "alerting_at",
        "attempt",
        "devices",
        "ended_at",
        "id",
        "reserved_at",
        "ring_s",
        "state",
    )

    def __init__(self, offer: Offer) -> None:
        self.id: UUID = offer.id
        self.agent = offer.agent
        self.attempt = offer.attempt
        self.ring_s = offer.ring_s
        self.reserved_at = offer.reserved_at
        self.state = offer.state
        self.alerting_at = offer.alerting_at
        self.ended_at = offer.ended_at
        self._frozen: Offer | None = None
        self.devices: dict[str, OfferFact | None] = {}  # dialled channel -> how its Dial ended

    @property
    def final(self) -> bool:
        """Nothing moves it any more."""
        return self.state in FINAL_OFFER_STATES

    def describe(self, offer: Offer) -> bool:
        """Take what the router says of an offer that AMI showed first."""
        before = (self.attempt, self.ring_s, self.reserved_at)
        self.attempt, self.ring_s, self.reserved_at = offer.attempt, offer.ring_s, offer.reserved_at
        self._frozen = None
        return before != (self.attempt, self.ring_s, self.reserved_at)

    def step(self, fact: OfferFact, at: datetime) -> bool:
        """Move by the table; False when nothing changed."""
        state = OFFERS.get((self.state, fact), self.state)
        if state is self.state:
            return False
        self.state, self._frozen = state, None
        if state is OfferState.ALERTING:
            self.alerting_at = at
        if state in FINAL_OFFER_STATES:
            self.ended_at = max(at, self.reserved_at)
        return True

    def move(self, state: OfferState, at: datetime) -> bool:
        """The router's own move. States only the switch may report change nothing."""
        fact = _OWN_MOVES.get(state)
        return fact is not None and self.step(fact, at)

    def dialled(self, uniqueid: str, at: datetime) -> bool:
        """DialBegin of one of the agent's devices."""
        self.devices.setdefault(uniqueid, None)
        return self.step(OfferFact.DIAL, at)

    def device_ended(self, channel: Channel, at: datetime) -> bool:
        """One device's Dial ended, by DialEnd or because its channel is gone."""
        if self.devices.get(channel.uniqueid) is not None:
            return False
        ended = how_ended(channel)
        self.devices[channel.uniqueid] = ended
        if ended is OfferFact.ANSWER:
            return self.step(OfferFact.ANSWER, at)
        ends = list(self.devices.values())
        if None in ends:
            return False
        for fact in (OfferFact.ANSWER, OfferFact.REFUSE, OfferFact.MISS, OfferFact.WITHDRAW):
            if fact in ends:
                return self.step(fact, at)
        return self.step(OfferFact.FAIL, at)

    def snapshot(self) -> Offer:
        """The offer as readers get it; made anew only after a change."""
        if self._frozen is None:
            self._frozen = Offer(
                id=self.id,
                agent=self.agent,
                attempt=self.attempt,
                state=self.state,
                ring_s=self.ring_s,
                reserved_at=self.reserved_at,
                alerting_at=self.alerting_at,
                ended_at=self.ended_at,
            )
        return self._frozen


def how_ended(channel: Channel) -> OfferFact:
    """What the end of one dialled channel says of the agent.

    A declined call (SIP 603) is told as NOANSWER too (`ast_hangup_cause_to_dial_status`), but then the
    device itself asked to hang up. A device that never rang says nothing of its agent, and one that was
    picked up in the moment in which the caller went (NOANSWER as well) nothing bad.
    """
    status = channel.dial_status
    if status is None:
        answered = channel.answered_at is not None
        status = "ANSWER" if answered else _CAUSE_STATUS.get(channel.cause or 16, "CHANUNAVAIL")
    rang = channel.ringing_at is not None
    match status:
        case "ANSWER":
            return OfferFact.ANSWER
        case _ if channel.answered_at is not None:
            return OfferFact.WITHDRAW
        case "BUSY":
            return OfferFact.REFUSE
        case "NOANSWER" if rang:
            return OfferFact.REFUSE if channel.asked_at is not None else OfferFact.MISS
        case "NOANSWER" | "CHANUNAVAIL" | "CONGESTION":
            return OfferFact.FAIL
        case _:  # CANCEL, ABORT, and what later versions may say: the caller's side ended it
            return OfferFact.WITHDRAW
