"""The life of an offer, from the reservation to its end. Every path through here frees the agent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from callrouter.acd.core import Core
from callrouter.acd.devices import Devices
from callrouter.acd.line import LiveCall
from callrouter.acd.ports import Switch
from callrouter.acd.reservations import Reservation, Stage
from callrouter.metrics import OFFERS
from callrouter.tracking.facts import Offered, OfferMoved, Traced
from crm_core.calls.model import FINAL_OFFER_STATES, Call, LegState, Offer, OfferState
from crm_core.calls.trace import Code, line
from crm_core.routing.model import Decision

_MISSES = frozenset({OfferState.NO_ANSWER, OfferState.REFUSED})
_ORDER = (Stage.RESERVED, Stage.COMMITTED, Stage.DIALLED, Stage.ALERTING)
_STAGES = {
    OfferState.COMMITTED: Stage.COMMITTED,
    OfferState.DIALLED: Stage.DIALLED,
    OfferState.ALERTING: Stage.ALERTING,
}


class Offers:
    """Makes offers, watches them by what the tracker sees, and ends what the switch does not end."""

    def __init__(self, core: Core, switch: Switch, devices: Devices) -> None:
        self._core = core
        self._switch = switch
        self._devices = devices

    def make(self, call: LiveCall, decision: Decision, attempt: int) -> Offer:
        """Reserve the chosen agent, then let the world know: in this order, in one breath."""
        core = self._core
        assert decision.agent is not None
        taken = core.reservations.take(decision.agent, call.id, Stage.RESERVED, decision.ring_s)
        at = core.clock.now()
        offer = Offer(
            id=taken.id,
            agent=taken.agent,
            attempt=attempt,
            state=OfferState.RESERVED,
            ring_s=taken.ring_s,
            reserved_at=at,
        )
        call.offered.append(taken.agent)
        offered = line(at, Code.OFFERED, agent=taken.agent, ring_s=taken.ring_s)
        self._arm(taken, core.limits.dialled_s, self._never_dialled)
        core.say(
            Traced(at=at, call_id=call.id, lines=(*decision.trace, offered)),
            Offered(at=at, call_id=call.id, offer=offer),
        )
        return offer

    def commit(self, offer: Offer, call: LiveCall) -> None:
        """The dialplan was told: from here it dials within a second, or the offer is withdrawn."""
        taken = self._core.reservations.of_call(call.id)
        if taken is None or taken.id != offer.id:
            return
        taken.stage = Stage.COMMITTED
        self._arm(taken, self._core.limits.dialled_s, self._never_dialled)
        self._move(taken, OfferState.COMMITTED)

    def withdraw(self, offer: Offer, call: LiveCall) -> None:
        """The answer did not reach the dialplan: the offer was never one."""
        taken = self._core.reservations.of_call(call.id)
        if taken is not None and taken.id == offer.id:
            self._end(taken, OfferState.WITHDRAWN)

    def dial_ended(self, call: LiveCall, state: OfferState) -> None:
        """The dialplan says how its Dial ended; AMI may have said so before.

        NOANSWER is also how a declined call looks from here, while AMI tells the two apart: the agent's
        place is free at once, the word on the offer is left to AMI for a second.
        """
        taken = self._core.reservations.of_call(call.id)
        if taken is None or taken.stage is Stage.PULL:
            return
        if state is OfferState.NO_ANSWER and self._core.seeing:
            self._release(taken)
            self._arm(taken, self._core.limits.dialled_s, self._no_answer)
        elif state is OfferState.ANSWERED:
            self._release(taken)
        else:
            self._end(taken, state)

    def abandon(self, call: LiveCall) -> bool:
        """The call is not being offered any more: nothing of it may hold an agent. Whether it did."""
        taken = self._core.reservations.of_call(call.id)
        if taken is None or taken.stage is Stage.PULL:
            return False
        self._end(taken, OfferState.WITHDRAWN)
        return True

    def made_since(self, call: LiveCall, at: datetime) -> bool:
        """Whether the call is being offered, and that began after *at*."""
        taken, known = self._core.reservations.of_call(call.id), self._core.call(call.id)
        if taken is None or known is None:
            return False
        return any(offer.id == taken.id and offer.reserved_at > at for offer in known.offers)

    def follow(self, call: Call) -> None:
        """Take the state of the call's offer as the tracker has it now."""
        self._devices.heard(call)
        for ended in call.offers:
            if ended.state in FINAL_OFFER_STATES:
                self._core.deadlines.cancel(("offer", ended.id))
        taken = self._core.reservations.of_call(call.id)
        if taken is None or taken.stage is Stage.PULL:
            return
        offer = next((o for o in call.offers if o.id == taken.id), None)
        if offer is None:
            return
        if offer.state in FINAL_OFFER_STATES:
            self._release(taken)
            return
        stage = _STAGES.get(offer.state)
        if stage is None or _ORDER.index(stage) <= _ORDER.index(taken.stage):
            return
        taken.stage = stage
        if stage is Stage.DIALLED:
            self._arm(taken, self._core.limits.ringing_s, self._never_rang)
        elif stage is Stage.ALERTING:
            self._arm(taken, taken.ring_s + self._core.limits.spare_s, self._overdue)

    def ended(self, call: Call, offer: Offer) -> None:
        """An offer reached its end, whoever noticed first: count it, and remember it of the agent."""
        core = self._core
        OFFERS.labels(result=offer.state.value).inc()
        if core.agents.get(offer.agent) is None:
            return
        if offer.state in _MISSES:
            queue = core.queues.get(call.queue or "")
            core.agents.missed(offer.agent, queue.max_misses if queue else 3)
        elif offer.state is OfferState.ANSWERED:
            core.agents.answered(offer.agent)
        elif offer.state is OfferState.UNREACHABLE:
            self._devices.count_out(call, offer)
            if (live := core.line.get(call.id)) is not None:
                live.unreached.add(offer.agent)
        core.rematch = True

    # -- deadlines --------------------------------------------------------------------------------

    def _never_dialled(self, taken: Reservation) -> None:
        if self._core.seeing:
            self._end(taken, OfferState.WITHDRAWN)
        else:
            # Blind: the phone may well be ringing. Keep the agent until it certainly is not.
            self._arm(taken, taken.ring_s + self._core.limits.spare_s, self._overdue)

    def _never_rang(self, taken: Reservation) -> None:
        if not self._core.seeing:
            self._arm(taken, taken.ring_s + self._core.limits.spare_s, self._overdue)
            return
        call = self._core.call(taken.call_id)
        legs = _legs_of(call, taken.agent) if call else ()
        self._end(taken, OfferState.UNREACHABLE)
        for name in legs:
            # Only the dialled legs: the caller stays, and the dialplan asks for the next agent.
            self._switch.hang_up(name)

    def _no_answer(self, taken: Reservation) -> None:
        self._move(taken, OfferState.NO_ANSWER)

    def _overdue(self, taken: Reservation) -> None:
        self._end(taken, OfferState.WITHDRAWN)

    def _arm(self, taken: Reservation, seconds: float, then: Callable[[Reservation], None]) -> None:
        self._core.deadlines.set(("offer", taken.id), seconds, partial(then, taken))

    # -- ends -------------------------------------------------------------------------------------

    def _end(self, taken: Reservation, state: OfferState) -> None:
        """Our own word on an offer. The tracker keeps the first final state it was told."""
        if not self._core.reservations.holds(taken):
            return
        call = self._core.line.get(taken.call_id)
        undialled = taken.stage in (Stage.RESERVED, Stage.COMMITTED)
        if state is OfferState.WITHDRAWN and undialled and call and taken.agent in call.offered:
            call.offered.remove(taken.agent)  # the agent never heard of it: it may be offered again
        self._move(taken, state)
        self._release(taken)

    def _release(self, taken: Reservation) -> None:
        self._core.deadlines.cancel(("offer", taken.id))
        self._core.reservations.release(taken)
        self._core.rematch = True

    def _move(self, taken: Reservation, state: OfferState) -> None:
        at = self._core.clock.now()
        self._core.say(OfferMoved(at=at, call_id=taken.call_id, offer_id=taken.id, state=state))


def _legs_of(call: Call, agent: str) -> tuple[str, ...]:
    """Channel names of the agent's legs that were dialled and are not up."""
    return tuple(
        leg.channel_name
        for leg in call.legs
        if leg.agent == agent and leg.state in (LegState.NEW, LegState.RINGING) and leg.ringing_at is None
    )
