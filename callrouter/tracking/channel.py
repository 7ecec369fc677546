"""One PBX channel as the tracker knows it: the mutable side of a `Leg`.

A channel is keyed by its Uniqueid, which follows the device through a masquerade (the names are swapped
with it). What identifies it (call, offer, agent) is read once, when it is first there: a masquerade swaps
channel variables too, so a later value may be another channel's.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum, auto
from typing import Any
from uuid import UUID

from callrouter.reading.observations import ChannelFacts
from callrouter.tracking.dialplan import OUTBOUND, TELLING
from callrouter.tracking.directory import Directory
from callrouter.tracking.machines import LEGS, LegFact
from crm_core.calls.model import Leg, LegRole, LegState

_STATES = {5: LegFact.RINGS, 6: LegFact.IS_UP}  # ast_channel_state, include/asterisk/channelstate.h

_PLUMBING = ("Local/", "Surrogate/", "Announcer/", "Recorder/", "Message/", "CBAnn/", "CBRec/")


class Seen(Enum):
    """What a frame told that was not known."""

    NOTHING = auto()
    STATE = auto()  # it rings, it is up: readers learn it with the event that follows
    PARTY = auto()  # whose leg it is


def uniqueid_order(uniqueid: str) -> tuple[int, int]:
    """Sorts channels by making: `[systemname-]<epoch>.<counter>`; unreadable ones come first."""
    epoch, _, counter = uniqueid.rpartition("-")[2].partition(".")
    try:
        return int(epoch), int(counter)
    except ValueError:
        return 0, 0


class Channel:
    """A channel and what it went through. Methods say whether anything visible changed."""

    __slots__ = (
        "_leg",
        "agent",
        "announced",
        "answered_at",
        "asked_at",
        "bridge",
        "bridges",
        "called",
        "caller_name",
        "caller_number",
        "cause",
        "contexts",
        "dial_status",
        "dialled",
        "ended_at",
        "endpoint",
        "exten",
        "heir",
        "last_seen",
        "left",
        "local_pair",
        "name",
        "offer_id",
        "order",
        "plumbing",
        "record",
        "ringing_at",
        "role",
        "source",
        "started_at",
        "state",
        "talk_s",
        "talking_since",
        "uniqueid",
    )

    def __init__(self, uniqueid: str, at: datetime) -> None:
        self.uniqueid = uniqueid
        self.order = uniqueid_order(uniqueid)
        self.record: Any = None  # the CallRecord it is part of now (Registry.owner)
        self.name = ""
        self.plumbing = False  # Local halves and the like: they connect, they are nobody's leg
        self.local_pair: str | None = None  # `Local/x@y-0001` of its halves `…;1` and `…;2`
        self.endpoint: str | None = None
        self.role = LegRole.OTHER
        self.agent: str | None = None
        self.state = LegState.NEW
        self.caller_number = ""
        self.caller_name = ""
        self.contexts: set[str] = set()  # telling ones it ever was in
        self.called: tuple[str, str] | None = None  # an agent's own call outside: trunk and number, E.164
        self.exten = ""
        self.offer_id: UUID | None = None
        self.dialled = False  # the callee's side of a Dial
        self.source: str | None = None  # who dialled it
        self.dial_status: str | None = None
        self.bridge: str | None = None
        self.bridges: set[str] = set()  # every bridge it was ever in: does not depend on order
        self.left: set[str] = set()  # of these, those it was seen to leave
        self.heir: Channel | None = None  # who takes its place where it never leaves: see `gone`
        self.announced = False  # CallAnswered was said for it
        self.started_at = self.last_seen = at
        self.ringing_at: datetime | None = None
        self.answered_at: datetime | None = None
        self.ended_at: datetime | None = None
        self.asked_at: datetime | None = None  # its side asked to hang up
        self.talking_since: datetime | None = None
        self.talk_s = 0.0
        self.cause: int | None = None
        self._leg: Leg | None = None

    @property
    def live(self) -> bool:
        """The PBX still has it, as far as we know."""
        return self.state is not LegState.ENDED

    @property
    def rings_still(self) -> bool:
        """It was dialled and rings, or was just picked up and is not connected yet."""
        connected = self.announced or (self.role is LegRole.CUSTOMER and bool(self.bridges))
        return self.dialled and not connected and self.live and not self.plumbing

    def see(self, facts: ChannelFacts, directory: Directory, at: datetime) -> Seen:
        """Take in what a frame shows of the channel."""
        if at > self.last_seen:
            self.last_seen = at
        found = Seen.NOTHING
        if facts.name and facts.name != self.name and self.rename(facts.name, directory):
            found = Seen.PARTY
        # Before it has its call id, the dialplan has not cleaned who a trunk says is calling: the number may
        # be one that the caller hid. We may know the channel by then, when AGI asked before AMI told of it.
        if facts.call_id is not None or self.role is not LegRole.CUSTOMER:
            if not self.caller_number and facts.caller_number:
                self.caller_number, self._leg, found = facts.caller_number, None, Seen.PARTY
            if not self.caller_name and facts.caller_name:
                self.caller_name = facts.caller_name
        if not self.exten:
            self.exten = facts.exten
        self.stands(facts.context, facts.exten)
        if self.offer_id is None and facts.offer_id is not None:
            self.offer_id = facts.offer_id
        fact = _STATES.get(facts.state)
        if fact is not None and self.step(fact, at) and found is Seen.NOTHING:
            found = Seen.STATE
        return found

    def stands(self, context: str, exten: str) -> None:
        """Take in where in the dialplan it is, or was."""
        if context in TELLING:
            self.contexts.add(context)
        elif self.called is None and context.startswith(OUTBOUND) and exten.startswith("+"):
            self.called = (context.removeprefix(OUTBOUND), exten)

    def rename(self, name: str, directory: Directory) -> bool:
        """Take another name; the passing names of a masquerade (`<MASQ>`, `<ZOMBIE>`) are not taken."""
        if "<" in name:
            return False
        self.name = name
        self.plumbing = name.startswith(_PLUMBING)
        self.local_pair = name[:-2] if name.endswith((";1", ";2")) else None
        self.endpoint = endpoint_of(name)
        if self.endpoint in directory.trunks:
            self.role = LegRole.CUSTOMER
        elif self.endpoint is not None and (agent := directory.endpoints.get(self.endpoint)):
            self.role, self.agent = LegRole.AGENT, agent
        self._leg = None
        return True

    def step(self, fact: LegFact, at: datetime) -> bool:
        """Move the leg's state; False when the table knows no such move or it is where it was."""
        state = LEGS.get((self.state, fact), self.state)
        if fact is LegFact.RINGS and self.ringing_at is None and state is not LegState.ENDED:
            self.ringing_at, self._leg = at, None
        if fact is LegFact.IS_UP and self.answered_at is None:
            # Also for one already gone: its last frame says that it was up.
            self.answered_at, self._leg = at, None
        if state is self.state:
            return False
        self.state, self._leg = state, None
        return True

    def gone(self, at: datetime, cause: int | None) -> None:
        """The PBX has it no more.

        An attended transfer told while the consult call is on its way into its bridge is a masquerade: the
        other party stands in that bridge from then on, and nothing says that the one left or the other came.
        """
        if self.heir is not None and self.heir.live and self.heir.bridge is None:
            self.heir.bridge = self.bridge
        self.step(LegFact.GOES, at)
        self.ended_at = max(at, self.started_at)
        self.cause = cause
        self.bridge = None
        self._leg = None

    def talk(self, talking: bool, at: datetime) -> None:
        """Open, carry on or close its talk time."""
        if self.talking_since is not None:
            if at > self.talking_since:
                self.talk_s += (at - self.talking_since).total_seconds()
            self._leg = None
        self.talking_since = at if talking else None

    def leg(self) -> Leg:
        """The leg as readers get it; made anew only after a change."""
        if self._leg is None:
            self._leg = Leg(
                channel=self.uniqueid,
                channel_name=self.name,
                role=self.role,
                agent=self.agent,
                endpoint=self.endpoint,
                number=self.caller_number or None,
                state=self.state,
                started_at=self.started_at,
                ringing_at=self.ringing_at,
                answered_at=self.answered_at,
                ended_at=self.ended_at,
                talk_s=round(self.talk_s, 3),
                cause=self.cause,
            )
        return self._leg


def endpoint_of(name: str) -> str | None:
    """`agent-anna-desk` of `PJSIP/agent-anna-desk-0000001a`; None for anything but PJSIP."""
    return name[6:].rpartition("-")[0] or None if name.startswith("PJSIP/") else None
