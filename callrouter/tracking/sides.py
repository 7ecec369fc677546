"""Who has a call, who ended it, which of several is kept: what the live side and the ledger say alike.

Pure: they are asked with what each of the two was told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from callrouter.tracking.channel import Channel
from crm_core.calls.model import HangupBy, LegRole


def who_answered(talked: set[Channel], channels: Iterable[Channel], origin: Channel | None) -> set[Channel]:
    """Of the agents' channels that *talked*, in an internal call without the caller's own."""
    if origin is None or any(channel.role is LegRole.CUSTOMER for channel in channels):
        return talked
    return talked - {origin}


def who_has_it(answered: Collection[Channel], handed_over: Collection[str]) -> Channel | None:
    """Of those who *answered* and did not hand the call over (Uniqueids), the last one made."""
    having = [channel for channel in answered if channel.uniqueid not in handed_over]
    return max(having or answered, key=attrgetter("order"), default=None)


def had_it(
    channel: Channel, *, origin: Channel | None, handed_over: Collection[str], agent: str | None, talked: bool
) -> bool:
    """Whether *channel* had the call at its end; *agent* is who has it, *talked* whether this channel did.

    A device that refused an offer did not, nor did one that handed the call over, nor a customer whom an
    agent called in vain.
    """
    if channel.uniqueid in handed_over:
        return False
    if channel is origin:
        return True
    if channel.role is LegRole.CUSTOMER:
        return talked
    return channel.role is LegRole.AGENT and talked and channel.agent == agent


def who_ended(
    asked: Iterable[tuple[datetime, Channel]], origin: Channel | None, *, outgoing: bool
) -> HangupBy | None:
    """The side that asked first, of those who had the call; None when nobody asked.

    Of an *outgoing* call the agent is where it begins, and who was called the other side.
    """
    first = min(asked, key=lambda one: (one[0], one[1].order), default=None)
    if first is None:
        return None
    agents = first[1].role is LegRole.AGENT and (outgoing or first[1] is not origin)
    return HangupBy.AGENT if agents else HangupBy.CALLER


def precedence(outside: bool, order: tuple[int, int], call_id: UUID) -> tuple[bool, tuple[int, int], str]:
    """Sorts the call that is kept first: one with the world *outside*, else the one begun first (*order*).

    Nothing of it depends on the order in which things were told.
    """
    return not outside, order, str(call_id)
