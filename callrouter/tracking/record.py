"""One call as it is folded: the mutable side of a `Call`, and what its channels amount to."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from callrouter.tracking import offering
from callrouter.tracking.channel import Channel
from callrouter.tracking.freeze import freeze
from callrouter.tracking.machines import CALLS, CallFact
from callrouter.tracking.offers import OfferRecord
from callrouter.tracking.outcome import hangup_side, outcome_of, word_of
from callrouter.tracking.shelves import Shelf
from callrouter.tracking.sides import who_answered, who_has_it
from callrouter.tracking.talk import ever_talked, talking_now
from crm_core.calls import events
from crm_core.calls.model import (
    Call,
    CallState,
    Direction,
    HangupBy,
    LegRole,
    LegState,
    Outcome,
    TraceLine,
)
from crm_core.calls.settlement import Settlement
from crm_core.calls.trace import Code, line
from crm_core.customers.model import CardChoice

MAX_TRACE = 200  # lines of one call; a caller who waits for long loses lines of the middle, not the ends

_STATE_EVENTS: dict[CallState, type[events.CallEvent]] = {
    CallState.WAITING: events.CallWaiting,
    CallState.HELD: events.CallHeld,
    CallState.ENDED: events.CallEnded,
}


class CallRecord:
    """Everything known of one call. `refresh` derives, `freeze` gives it to readers."""

    def __init__(self, call_id: UUID, pbx: str, at: datetime) -> None:
        self.id = call_id
        self.pbx = pbx
        self.channels: dict[str, Channel] = {}
        self.offers: dict[UUID, OfferRecord] = {}
        self.trace: list[TraceLine] = []
        self.handed_over: set[str] = set()  # agents' channels that transferred the call away
        self.blind_told = self.blind_marked = 0  # blind transfers, by AMI's event and by the dialplan's mark
        self.bridges: set[str] = set()
        self._now: set[Channel] | None = None  # who talks
        self._ever: set[Channel] | None = None  # who ever did
        self._parties: list[Channel] | None = None
        self.pending: list[tuple[type[events.CallEvent], dict[str, Any]]] = []
        self.changed = True  # something a reader sees is new
        self.touched = False  # in the registry's list of calls to derive anew
        self.version = 0
        # What was said of it
        self.first_at = at
        self.direction: Direction | None = None
        self.did: str | None = None
        self.queue: str | None = None
        self.to: str | None = None
        self.caller_raw = ""
        self.caller_name = ""
        self.from_agent: str | None = None
        self.e164: str | None = None
        self.customer_id: UUID | None = None
        self.title: str | None = None
        self.owner: str | None = None
        self.choices: tuple[CardChoice, ...] = ()
        self.disposition: str | None = None
        self.asked = False
        self.waiting = False
        self.pbx_lost = False
        self.voicemail_at: datetime | None = None
        self.vanished = False  # the PBX has nothing of it, and we never saw a channel
        self.settlement: Settlement | None = None
        self.shelf: Shelf | None = None  # where it waits for late items once it has ended
        self.latest: Call | None = None  # as last built
        # What follows from it
        self.state = CallState.NEW
        self.outcome: Outcome | None = None
        self.hangup_by: HangupBy | None = None
        self.agent: str | None = None
        self.answered_at: datetime | None = None
        self.ended_at: datetime | None = None
        self.merged_into: UUID | None = None
        self.talking_since: datetime | None = None
        self.talk_s = 0.0
        self.ringing_since: datetime | None = None
        self.ring_s = 0.0

    @property
    def started_at(self) -> datetime:
        """When its first channel was seen."""
        return min((channel.started_at for channel in self.channels.values()), default=self.first_at)

    @property
    def ended(self) -> bool:
        """The final state."""
        return self.state is CallState.ENDED

    @property
    def origin(self) -> Channel | None:
        """The caller's channel: the first that was made."""
        parties = self.parties()
        return parties[0] if parties else None

    @property
    def guest(self) -> Channel | None:
        """Who waits when nobody talks with them: the customer, in an internal call the caller."""
        parties = self.parties()
        return next((channel for channel in parties if channel.role is LegRole.CUSTOMER), self.origin)

    def parties(self) -> list[Channel]:
        """Channels that are somebody's leg, in the order they were made."""
        if self._parties is None:
            legs = (channel for channel in self.channels.values() if not channel.plumbing)
            self._parties = sorted(legs, key=lambda channel: channel.order)
        return self._parties

    def regroup(self) -> None:
        """Channels came, changed their part, or came into a new bridge: see anew who is or was with whom."""
        self._now = self._ever = self._parties = None

    def parted(self) -> None:
        """Somebody left a bridge or went: see anew who is with whom; who ever was stays as it is."""
        self._now = None

    def add_line(self, added: TraceLine) -> None:
        """Append to the trace; the same line twice is one."""
        if added in self.trace:
            return
        if len(self.trace) >= MAX_TRACE:
            del self.trace[MAX_TRACE // 2]
        self.trace.append(added)
        self.changed = True

    def say(self, event: type[events.CallEvent], **values: Any) -> None:
        """Let *event* be emitted with the call as it stands when the item is folded."""
        self.pending.append((event, values))
        self.changed = True

    def refresh(self, at: datetime) -> None:
        """Derive state, talk and ring times, agent and outcome from the channels."""
        channels = self.channels.values()
        if self._now is None:
            self._now = talking_now(channels)
        if self._ever is None:
            self._ever = who_answered(ever_talked(channels), channels, self.origin)
        talking, talked = self._now, self._ever
        if self.handed_over:
            talking = {channel for channel in talking if channel.uniqueid not in self.handed_over}
        live = self._measure(talking, at)
        if talked:
            if self.answered_at is None:
                self.answered_at, self.changed = max(at, self.started_at), True
            self._name_agent(talked)
        if not live and (channels or self.vanished):
            self._end(at)
            return
        if talking and not self.ended:
            self._announce(talking & talked, at)
        fact = self._fact(talking)
        if fact is not None:
            self._move(fact)

    def _name_agent(self, talked: set[Channel]) -> None:
        holder = who_has_it(talked, self.handed_over)
        if holder is not None and holder.agent != self.agent:
            self.agent, self.changed = holder.agent, True

    def _announce(self, talking: set[Channel], at: datetime) -> None:
        for channel in sorted(talking, key=lambda channel: channel.order):
            if channel.announced or channel.agent is None:
                continue
            channel.announced, self.waiting = True, False
            waited = round(max(0.0, (at - self.started_at).total_seconds()), 1)
            code = Code.REACHED if self.direction is Direction.OUT else Code.ANSWERED
            self.add_line(line(at, code, agent=channel.agent, seconds=waited))
            self.say(events.CallAnswered, agent=channel.agent)

    def _fact(self, talking: set[Channel]) -> CallFact | None:
        """What the channels amount to now; None: nothing that would move the call."""
        if talking:
            rooms = {channel.bridge for channel in talking}
            held = any(
                channel.state is LegState.HELD and (channel in talking or channel.bridge in rooms)
                for channel in self.channels.values()
            )
            return CallFact.IS_HELD if held else CallFact.TALKS
        for offer in self.offers.values():
            if not offer.final:
                return CallFact.IS_OFFERED
        for channel in self.channels.values():
            if channel.rings_still:
                return CallFact.IS_OFFERED
        if self.waiting:
            return CallFact.WAITS
        if self.direction is Direction.OUT and self.answered_at is None:
            return CallFact.IS_OFFERED  # to the customer, from the first moment until the agent is told no
        if self.state in (CallState.TALKING, CallState.HELD) and not self._handed_over():
            return None  # the parting of the two sides at the end is not a step back
        return CallFact.IS_ASKED

    def _handed_over(self) -> bool:
        """The last agent who talked gave the call away."""
        talked = [channel for channel in self.channels.values() if channel.announced]
        last = max(talked, key=lambda channel: channel.order, default=None)
        return last is not None and last.uniqueid in self.handed_over

    def _move(self, fact: CallFact) -> None:
        if fact is CallFact.IS_ASKED and not self.asked:
            return  # still new: nobody was asked
        state = CALLS.get((self.state, fact), self.state)
        if state is self.state:
            return
        before, self.state, self.changed = self.state, state, True
        if before is CallState.HELD and state is CallState.TALKING:
            self.say(events.CallResumed)
        elif state in _STATE_EVENTS:
            self.say(_STATE_EVENTS[state])

    def _measure(self, talking: set[Channel], at: datetime) -> bool:
        """Carry the stop-watches on: agents' talk, the call's talk, the ringing. Whether a channel lives."""
        live = ringing = False
        for channel in self.channels.values():
            if channel.state is not LegState.ENDED:
                live = True
                ringing |= channel.state is LegState.RINGING and channel.role is not LegRole.OTHER
            talks = channel in talking or (bool(talking) and channel.role is LegRole.CUSTOMER)
            if talks or channel.talking_since is not None:
                channel.talk(talks, at)
        if self.talking_since is not None and at > self.talking_since:
            self.talk_s += (at - self.talking_since).total_seconds()
        self.talking_since = at if talking else None
        if self.ringing_since is not None and at > self.ringing_since:
            self.ring_s += (at - self.ringing_since).total_seconds()
        self.ringing_since = at if ringing and self.answered_at is None else None
        return live

    def _end(self, at: datetime) -> None:
        """Every channel is gone. A late item about an ended call comes here again."""
        self.ended_at = max(
            (channel.ended_at for channel in self.channels.values() if channel.ended_at is not None),
            default=at,
        )
        outcome = outcome_of(self)
        side = hangup_side(self, outcome)
        if (outcome, side) != (self.outcome, self.hangup_by):
            self.outcome, self.hangup_by, self.changed = outcome, side, True
        if not self.ended:
            self.waiting = False
            offering.close(self, at)
            if side is not None:
                self.add_line(line(at, Code.ENDED_BY, by=word_of(side, self.direction)))
        self._move(CallFact.ENDS)

    def freeze(self, at: datetime) -> Call:
        """The call as it stands, one version on."""
        self.latest = freeze(self, at)
        self.changed = False
        return self.latest

    def take_pending(self) -> list[tuple[type[events.CallEvent], dict[str, Any]]]:
        """What is to be said."""
        taken, self.pending = self.pending, []
        return taken

    def settle(self, settlement: Settlement, at: datetime) -> None:
        """Take the ledger's word; saying the same again changes nothing."""
        if settlement == self.settlement:
            return
        self.vanished = True
        self.refresh(at)
        self.settlement = settlement
        self.add_line(line(at, Code.SETTLED))
        self.say(events.CallSettled)
