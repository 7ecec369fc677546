"""Live calls as routing sees them, and who is next: one line over all queues."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from crm_core.queues.model import Queue
from crm_core.routing.model import WaitingCall


class Place(StrEnum):
    """Where a call stands for us."""

    ASKING = "asking"  # its AGI question is open
    DIALPLAN = "dialplan"  # answered with anything but "wait": the dialplan acts
    WAITING = "waiting"  # music; asks by itself every ten seconds
    NET = "net"  # stands in app_queue: we were away when it came


@dataclass(slots=True)
class LiveCall:
    """One call. *since* is when it entered this queue, monotonic; *heard_at* its last sign of life."""

    id: UUID
    queue: str
    uniqueid: str
    channel: str  # what Redirect names
    since: float
    heard_at: float
    place: Place = Place.ASKING
    turn: int = 0  # counts asks: an answer belongs to one
    identified: bool = False
    owner: str | None = None
    has_card: bool = False
    from_net: bool = False  # the net caught it while we were away: it is served first
    talked: bool = False  # with an agent, since it last entered a queue
    offered: list[str] = field(default_factory=list)  # in this round
    unreached: set[str] = field(default_factory=set)  # of those, whose phone was away
    excluded: frozenset[str] = frozenset()  # in this round
    considered: dict[str, str] = field(default_factory=dict)  # what the trace last said of each agent
    considered_more: bool = False  # it has said once how many it did not name
    pulled: bool = False  # a Redirect is under way: it has its agent
    pull_from: float = 0.0  # not pulled before
    pulls_failed: int = 0

    def new_round(self, excluded: frozenset[str] = frozenset()) -> None:
        """Everybody may be asked again, but *excluded*."""
        self.offered = []
        self.unreached = set()
        self.excluded = excluded


class Line:
    """All live calls; those that wait in order of right: callers in the net first, then by age."""

    # A waiting call asks every 10 s. Three silent slices: it is gone, whatever we have missed.
    SILENT_S = 35.0
    MAX_FAILED_PULLS = 3  # then it keeps no agent from others until it asks by itself

    def __init__(self, served: Callable[[UUID], bool]) -> None:
        """*served* says whether an agent rings or talks in a call: the net may be serving it."""
        self._served = served
        self._calls: dict[UUID, LiveCall] = {}
        self._by_channel: dict[str, LiveCall] = {}
        self._waiting: list[LiveCall] | None = None

    def __len__(self) -> int:
        return len(self._calls)

    def get(self, call_id: UUID) -> LiveCall | None:
        """The call, if it is live."""
        return self._calls.get(call_id)

    def of_uniqueid(self, uniqueid: str) -> LiveCall | None:
        """The call whose caller's channel this is."""
        return self._by_channel.get(uniqueid)

    def add(self, call: LiveCall) -> None:
        """A call we have not seen before."""
        self._calls[call.id] = call
        self._by_channel[call.uniqueid] = call
        self._waiting = None

    def move(self, call: LiveCall, place: Place) -> None:
        """*call* stands elsewhere now."""
        call.place = place
        self._waiting = None

    def rechannel(self, call: LiveCall, uniqueid: str, channel: str) -> None:
        """The caller's channel is another one (a transfer), or has another name."""
        if call.uniqueid != uniqueid:
            self._by_channel.pop(call.uniqueid, None)
            self._by_channel[uniqueid] = call
        call.uniqueid, call.channel = uniqueid, channel

    def requeue(self, call: LiveCall, queue: str, now: float) -> None:
        """*call* enters another queue, or the same one anew: its place in line is the last."""
        call.queue, call.since, call.from_net = queue, now, False
        self._waiting = None

    def drop(self, call_id: UUID) -> LiveCall | None:
        """The call is over."""
        call = self._calls.pop(call_id, None)
        if call is not None:
            if self._by_channel.get(call.uniqueid) is call:
                del self._by_channel[call.uniqueid]
            self._waiting = None
        return call

    def waiting(self, now: float) -> Iterator[LiveCall]:
        """Calls that wait, the one with the oldest right first; silent ones are left out."""
        for call in self._in_order():
            if call.place is Place.NET or now - call.heard_at <= self.SILENT_S:
                yield call

    def waiting_count(self) -> int:
        """How many wait."""
        return len(self._in_order())

    def _in_order(self) -> list[LiveCall]:
        if self._waiting is None:
            places = (Place.WAITING, Place.NET)
            self._waiting = [call for call in self._calls.values() if call.place in places]
            self._waiting.sort(key=order)
        return self._waiting

    def rights(
        self, now: float, queue_of: Callable[[str], Queue | None], before: LiveCall | None = None
    ) -> Iterator[WaitingCall]:
        """Waiting calls as fairness sees them; only those with an older right than *before*, when given."""
        for call in self.waiting(now):
            if before is not None and order(call) >= order(before):
                return
            queue = queue_of(call.queue)
            if queue is None or call.pulled or call.pulls_failed >= self.MAX_FAILED_PULLS:
                continue
            if call.place is Place.NET and self._served(call.id):
                continue
            exhausted = len(call.offered) >= queue.max_offers
            yield WaitingCall(
                call_id=call.id,
                members=() if exhausted else queue.members,
                owner=None if exhausted else call.owner,
                skip=frozenset(call.offered) | call.excluded,
            )

    def phone_is_back(self, agent: str) -> None:
        """What did not reach the agent may be offered anew: a page that is loaded again rings again."""
        for call in self._calls.values():
            if agent in call.unreached:
                call.unreached.discard(agent)
                call.offered = [offered for offered in call.offered if offered != agent]

    def all(self) -> tuple[LiveCall, ...]:
        """Every live call."""
        return tuple(self._calls.values())


def order(call: LiveCall) -> tuple[bool, float, UUID]:
    """Order of right: callers the net caught while we were away, then age."""
    return (not call.from_net, call.since, call.id)
