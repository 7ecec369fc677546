"""What became of an ended call, and who ended it, as far as AMI and our own facts tell.

Both are asked again when a late item arrives, so they read only what does not depend on order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from callrouter.tracking.dialplan import GOODBYE, MESSAGE, UNREACHED
from callrouter.tracking.machines import OfferFact
from callrouter.tracking.offers import how_ended
from callrouter.tracking.sides import had_it, who_ended
from crm_core.calls.model import Direction, HangupBy, LegRole, Outcome
from crm_core.calls.trace import Code

if TYPE_CHECKING:
    from callrouter.tracking.channel import Channel
    from callrouter.tracking.record import CallRecord

# Q.850: no route, no circuit, network out of order, temporary failure, congestion, … of the caller's leg.
_FAILURES = frozenset({1, 2, 3, 27, 34, 38, 41, 42, 44, 47, 50, 57, 58, 65, 66, 79, 88, 95, 102, 111})
_UNTAKEN = frozenset({OfferFact.REFUSE, OfferFact.MISS, OfferFact.FAIL})
_OVERFLOWS = frozenset({Code.OVERFLOW_NO_AGENTS.value, Code.OVERFLOW_MAX_WAIT.value})


def outcome_of(record: CallRecord) -> Outcome | None:
    """The outcome of a call whose channels are all gone; None for a consult call that became another's."""
    if record.pbx_lost:
        return Outcome.PBX_LOST
    if record.answered_at is not None:
        return Outcome.ANSWERED
    if record.merged_into is not None:
        return None
    caller = record.origin
    if record.direction is Direction.OUT:
        return Outcome.FAILED if _was_in(caller, UNREACHED) else Outcome.ABANDONED
    if record.voicemail_at is not None or _was_in(caller, MESSAGE):
        return Outcome.VOICEMAIL
    if any(line.code in _OVERFLOWS for line in record.trace) or _was_in(caller, GOODBYE):
        return Outcome.OVERFLOW
    if caller is not None and caller.asked_at is not None:
        return Outcome.ABANDONED
    return Outcome.FAILED if _failed(record, caller) else Outcome.ABANDONED


def _was_in(caller: Channel | None, context: str) -> bool:
    return caller is not None and context in caller.contexts


def _failed(record: CallRecord, caller: Channel | None) -> bool:
    """Something says that it was not the caller who gave up."""
    if caller is not None and caller.cause in _FAILURES:
        return True
    if caller is None or caller.role is LegRole.CUSTOMER:
        # Our dialplan keeps a customer in a loop until somebody answers or an overflow is said.
        return False
    dialled = [channel for channel in record.channels.values() if channel.dialled and not channel.plumbing]
    last = max(dialled, key=lambda channel: channel.order, default=None)
    return last is not None and how_ended(last) in _UNTAKEN


def hangup_side(record: CallRecord, outcome: Outcome | None) -> HangupBy | None:
    """Who asked first to end it, of those who had the call at its end."""
    if record.pbx_lost:
        return HangupBy.SYSTEM
    if record.merged_into is not None:
        return None
    asked = [
        (channel.asked_at, channel)
        for channel in record.channels.values()
        if channel.asked_at is not None and _had_it(record, channel)
    ]
    outgoing = record.direction is Direction.OUT
    side = who_ended(asked, record.origin, outgoing=outgoing)
    if side is not None:
        return side
    if outcome is not Outcome.ABANDONED:
        return HangupBy.SYSTEM
    return HangupBy.AGENT if outgoing else HangupBy.CALLER


def word_of(side: HangupBy, direction: Direction | None) -> str:
    """*side* as the trace says it: in an outgoing call the other side is no caller."""
    return "customer" if direction is Direction.OUT and side is HangupBy.CALLER else side.value


def _had_it(record: CallRecord, channel: Channel) -> bool:
    return had_it(
        channel,
        origin=record.origin,
        handed_over=record.handed_over,
        agent=record.agent,
        talked=bool(channel.bridges),
    )
