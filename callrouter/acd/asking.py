"""One question of the dialplan: admit the call, identify, decide, reserve, hand the offer over.

Between two awaits nothing else happens in this loop, so a decision and its reservation are one step. The
only awaits are identification and the showing of the offer on the agent's screens, both bounded.
"""

from __future__ import annotations

from dataclasses import replace

import structlog

from callrouter.acd.ask import OFFER_RESULT, Answer, Ask, DialStatus, Reason
from callrouter.acd.callers import Identification
from callrouter.acd.core import Core
from callrouter.acd.line import LiveCall, Place
from callrouter.acd.offers import Offers
from callrouter.acd.pulls import Pulls
from callrouter.metrics import SHOWN_LATE
from callrouter.tracking.facts import Arrived, Traced, Waits
from crm_core.calls.model import Call, CallState, Offer, TraceLine
from crm_core.calls.trace import Code, line
from crm_core.queues.model import Queue
from crm_core.routing.choose import assign, decide
from crm_core.routing.model import Action, Decision, RouteQuestion
from crm_core.showing import WITHIN_S

log = structlog.get_logger(__name__)

_OVER = frozenset({DialStatus.ANSWER, DialStatus.CANCEL})


class Asking:
    """Answers asks. `Dispatcher` is the one who is asked from outside."""

    def __init__(self, core: Core, offers: Offers, pulls: Pulls, identification: Identification) -> None:
        self._core = core
        self._offers = offers
        self._pulls = pulls
        self._identification = identification

    async def ask(self, ask: Ask, queue: Queue, term: int) -> Answer | None:
        """Decide; None when the answer would come too late or to nobody."""
        core = self._core
        began = core.clock.monotonic()
        call = self._admit(ask)
        turn = call.turn
        pulled_for = self._pulls.asked(call)
        if ask.dial_status is not None:
            self._offers.dial_ended(call, OFFER_RESULT[ask.dial_status])
        else:
            self._offers.abandon(call)  # it asks, so what it was answered before is not being dialled
        if not call.identified:
            await self._identification.identify(call, ask)
            if not self.current(call, turn):
                return None
        answer = self._decide(call, ask, queue, term, pulled_for)
        try:
            if answer.offer is not None:
                await self._show(call, answer.offer, began)
        except BaseException:
            self.lost(answer)
            raise
        if not self.current(call, turn) or core.clock.monotonic() - began > core.limits.answer_s:
            self.lost(answer)
            return None
        return answer

    async def _show(self, call: LiveCall, offer: Offer, began: float) -> None:
        """Let the offer come to its agent's screens, and stand there before the phone rings."""
        core = self._core
        if not await core.outlet.handed(core.limits.hand_off_s):
            log.warning("offer not on the agent's socket in time", call=str(call.id))
        left = core.limits.answer_s / 2 - (core.clock.monotonic() - began)
        if not await core.showing.wait(offer.id, max(0.0, min(left, WITHIN_S))):
            SHOWN_LATE.inc()

    def told(self, answer: Answer) -> None:
        """The dialplan has the answer: an offer is committed, a waiting caller may be pulled."""
        call = self._core.line.get(answer.call_id)
        if call is None or call.turn != answer.turn:
            self.lost(answer)
        elif answer.decision.action is Action.WAIT:
            self._core.line.move(call, Place.WAITING)
            self._pulls.answered_wait(call)
        else:
            self._core.line.move(call, Place.DIALPLAN)
            if answer.offer is not None:
                self._offers.commit(answer.offer, call)

    def lost(self, answer: Answer) -> None:
        """The answer did not reach the dialplan: nothing of it holds."""
        call = self._core.line.get(answer.call_id)
        if call is None:
            return
        if answer.offer is not None:
            self._offers.withdraw(answer.offer, call)
        if call.turn == answer.turn:
            self._core.line.move(call, Place.DIALPLAN)

    def current(self, call: LiveCall, turn: int) -> bool:
        """Whether the caller is still there and has not asked anew."""
        return call.turn == turn and self._core.line.get(call.id) is call

    def _admit(self, ask: Ask) -> LiveCall:
        """The live call behind the ask, made when this is the first we hear of it."""
        core = self._core
        now = core.clock.monotonic()
        known = core.call(ask.call_id)
        call = core.line.get(known.id if known else ask.call_id)
        if call is None:
            call = self._new(ask, known, now)
        core.line.rechannel(call, ask.uniqueid, ask.channel_name or ask.uniqueid)
        if ask.reason is Reason.TRANSFERRED or call.talked or call.queue != ask.queue:
            # It comes back from an agent, or was sent elsewhere: a new place in line, a new round, and
            # whoever has just let go of it does not get it back in this round.
            sent_by = (known.agent if known else None) or ask.from_agent
            core.line.requeue(call, ask.queue, now)
            call.new_round(excluded=frozenset({sent_by}) if sent_by else frozenset())
            call.talked = False
        elif ask.reason is Reason.WAITING:
            call.new_round()
        call.heard_at = now
        call.turn += 1
        core.line.move(call, Place.ASKING)
        return call

    def _new(self, ask: Ask, known: Call | None, now: float) -> LiveCall:
        """A call we did not have. When the tracker has: we were away, or AMI was faster."""
        call = LiveCall(
            id=known.id if known else ask.call_id,
            queue=ask.queue,
            uniqueid=ask.uniqueid,
            channel=ask.channel_name,
            since=now - self._core.age(ask.call_id),
            heard_at=now,
        )
        if known is not None:
            # Who had an offer of it does not get it again at once.
            call.offered = [offer.agent for offer in known.offers]
            call.owner, call.has_card = known.owner, known.customer_id is not None
            call.identified = call.has_card
            call.talked = known.answered_at is not None
        self._core.line.add(call)
        self._arrived(ask)
        return call

    def _arrived(self, ask: Ask) -> None:
        self._core.say(
            Arrived(
                at=self._core.clock.now(),
                call_id=ask.call_id,
                uniqueid=ask.uniqueid,
                channel_name=ask.channel_name,
                did=ask.did,
                queue=ask.queue,
                caller_raw=ask.caller_raw,
                caller_name=ask.caller_name,
                direction=ask.direction.value,
                from_agent=ask.from_agent,
            )
        )

    def _decide(self, call: LiveCall, ask: Ask, queue: Queue, term: int, pulled_for: str | None) -> Answer:
        """The decision and its reservation: no await in here."""
        if ask.dial_status in _OVER:
            # Talked already, or the caller hung up: nobody else is to ring for it.
            return Answer(
                ask=ask, call_id=call.id, turn=call.turn, term=term, decision=Decision(action=Action.HANGUP)
            )
        decision = decide(self._question(call, queue), queue)
        decision = replace(decision, trace=_news(call, decision.trace))
        if decision.action is Action.DIAL:
            if pulled_for is not None and decision.agent == pulled_for:
                self._trace(call, line(self._core.clock.now(), Code.FREED, agent=pulled_for))
            offer = self._offers.make(call, decision, ask.attempt)
            return Answer(ask=ask, call_id=call.id, turn=call.turn, term=term, decision=decision, offer=offer)
        known = self._core.call(call.id)
        if decision.action is not Action.WAIT:
            self._trace(call, *decision.trace)
        elif known is None or known.state is not CallState.WAITING:
            # Said once, not every ten seconds: the trace of a long wait stays readable.
            self._trace(call, *decision.trace)
            self._core.say(Waits(at=self._core.clock.now(), call_id=call.id))
        return Answer(ask=ask, call_id=call.id, turn=call.turn, term=term, decision=decision)

    def _question(self, call: LiveCall, queue: Queue) -> RouteQuestion:
        core = self._core
        now = core.clock.monotonic()
        claimed: frozenset[str] = frozenset()
        older = list(core.line.rights(now, core.queues.get, before=call))
        if older:
            claimed = frozenset(assign(older, core.agents.free()).values())
        names = queue.members if call.owner is None else (call.owner, *queue.members)
        return RouteQuestion(
            call_id=call.id,
            at=core.clock.now(),
            agents=core.agents.views(names),
            owner=call.owner,
            has_card=call.has_card,
            offered=tuple(call.offered),
            excluded=call.excluded,
            claimed=claimed,
            waited_s=now - call.since,
        )

    def _trace(self, call: LiveCall, *lines: TraceLine) -> None:
        self._core.say(Traced(at=self._core.clock.now(), call_id=call.id, lines=lines))


def _news(call: LiveCall, lines: tuple[TraceLine, ...]) -> tuple[TraceLine, ...]:
    """The lines without what the trace says already: an agent is named again when something changed."""
    fresh = []
    for one in lines:
        if one.code == Code.CONSIDERED:
            agent, word = str(one.values["agent"]), str(one.values["state"])
            if call.considered.get(agent) == word:
                continue
            call.considered[agent] = word
        elif one.code == Code.CONSIDERED_MORE:
            if call.considered_more:
                continue
            call.considered_more = True
        fresh.append(one)
    return tuple(fresh)
