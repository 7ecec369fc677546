"""One finished group of rows → what the call was. Pure.

Channels, roles, agents and who is connected with whom are those of callrouter.tracking: the ledger and
the live side cannot differ in what a leg or a talk is, only in what they were told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from callrouter.ledger.rows import CelEvent, CelRow
from callrouter.tracking.channel import Channel
from callrouter.tracking.dialplan import GOODBYE, INBOUND
from callrouter.tracking.directory import Directory
from callrouter.tracking.machines import LegFact
from callrouter.tracking.sides import had_it, precedence, who_answered, who_ended, who_has_it
from callrouter.tracking.talk import talking_now
from crm_core.calls.model import Direction, HangupBy, LegRole
from crm_core.calls.settlement import Settlement

_CONNECTS = frozenset(CelEvent) - {CelEvent.CHAN_START, CelEvent.APP_START, CelEvent.ANSWER, CelEvent.HANGUP}
_RANK = {event: rank for rank, event in enumerate(CelEvent)}


def settlement_of(
    rows: Iterable[CelRow],
    directory: Directory,
    *,
    closed_at: datetime | None = None,
    lost: bool = False,
) -> Settlement | None:
    """What the call of *rows* was; None when it is none of ours (no call id in any row).

    The order of *rows* does not matter. *closed_at*: when channels without an end are taken to have
    ended; *lost*: because the PBX went away under them.
    """
    ordered = sorted(rows, key=lambda row: (row.at, _RANK[row.event], row.uniqueid))
    if not any(row.call_id for row in ordered):
        return None
    story = _Story(directory)
    for row in ordered:
        story.tell(row)
    story.close(max(closed_at or ordered[-1].at, ordered[-1].at))
    return story.settlement(lost=lost)


class _Story:
    """The fold: channels as they stand after each row, and what adds up over them."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.channels: dict[str, Channel] = {}
        self.first: dict[str, CelRow] = {}  # of each channel
        self.call_of: dict[str, UUID] = {}  # channel -> call; the first id counts, a masquerade swaps it
        self.handed_over: set[str] = set()
        self.asked: dict[str, datetime] = {}  # channel name -> when it is first named as who hung up
        self.talked: set[Channel] = set()
        self.queue: str | None = None
        self.answered_at: datetime | None = None
        self.talking_since: datetime | None = None
        self.talk_s = 0.0
        self.recorded = False

    # -- folding ----------------------------------------------------------------------------------

    def tell(self, row: CelRow) -> None:
        """Fold one row; rows come in the order of time."""
        channel = self._channel(row)
        match row.event:
            case CelEvent.ANSWER:
                channel.step(LegFact.IS_UP, row.at)
            case CelEvent.BRIDGE_ENTER:
                channel.bridge = row.text("bridge_id") or None
            case CelEvent.BRIDGE_EXIT:
                if channel.bridge == row.text("bridge_id"):
                    channel.bridge = None
            case CelEvent.APP_START:
                self._started(row)
            case CelEvent.BLINDTRANSFER:
                self.handed_over.add(row.uniqueid)
                self.queue = self.directory.queue_extensions.get(row.text("extension"), self.queue)
            case CelEvent.ATTENDEDTRANSFER:
                self._joined(row)
            case CelEvent.HANGUP:
                self._hung_up(channel, row)
            case CelEvent.CHAN_END:
                channel.gone(row.at, channel.cause)
        if row.event in _CONNECTS:
            self._measure(row.at)

    def _channel(self, row: CelRow) -> Channel:
        channel = self.channels.get(row.uniqueid)
        if channel is None:
            channel = self.channels[row.uniqueid] = Channel(row.uniqueid, row.at)
            self.first[row.uniqueid] = row
        if not channel.name:
            channel.rename(row.channel, self.directory)
            if channel.role is LegRole.OTHER and row.context.startswith(INBOUND):
                channel.role = LegRole.CUSTOMER  # of a trunk that is not in the office any more
        # Before it has its call id, it may still be what the network was asked to hide.
        if row.call_id is not None or not row.context.startswith(INBOUND):
            channel.caller_number = channel.caller_number or row.caller_number
            channel.caller_name = channel.caller_name or row.caller_name
        channel.stands(row.context, row.exten)
        if row.call_id is not None:
            self.call_of.setdefault(row.uniqueid, row.call_id)
        return channel

    def _joined(self, row: CelRow) -> None:
        second = row.text("channel2_uniqueid")
        self.handed_over |= {row.uniqueid, second}
        if row.text("app") and second in self.channels:  # it was in no bridge: a masquerade
            self.channels[second].heir = self.channels.get(row.text("transferee_channel_uniqueid"))

    def _started(self, row: CelRow) -> None:
        if row.app == "record":
            self.recorded = True
        elif row.app == "queue":
            self.queue = row.app_data.partition(",")[0] or self.queue

    def _hung_up(self, channel: Channel, row: CelRow) -> None:
        cause = row.extra.get("hangupcause")
        channel.cause = cause if isinstance(cause, int) else None
        if source := row.text("hangupsource"):
            self.asked.setdefault(source, row.at)

    def _measure(self, at: datetime) -> None:
        """Carry the stop-watches on to *at*."""
        channels = self.channels.values()
        talking = {one for one in talking_now(channels) if one.uniqueid not in self.handed_over}
        for channel in channels:
            if channel in talking or channel.talking_since is not None or channel.role is LegRole.CUSTOMER:
                with_them = channel.role is LegRole.CUSTOMER and channel.bridge is not None and bool(talking)
                channel.talk(channel in talking or with_them, at)
        if self.talking_since is not None:
            self.talk_s += (at - self.talking_since).total_seconds()
        self.talking_since = at if talking else None
        if talking and self.answered_at is None:
            self.answered_at = at
        self.talked |= talking

    def close(self, at: datetime) -> None:
        """Whatever still stands ended at *at*."""
        for channel in self.channels.values():
            if channel.live:
                channel.gone(at, channel.cause)
        self._measure(at)

    # -- what it amounts to -----------------------------------------------------------------------

    def settlement(self, *, lost: bool) -> Settlement:
        """The call; call this after `close`."""
        call_id, *merged = self._calls()
        own = [channel for channel in self.channels.values() if self.call_of.get(channel.uniqueid) == call_id]
        origin = min([one for one in own if not one.plumbing] or own, key=attrgetter("order"))
        start = self.first[origin.uniqueid]
        inside = origin.role is LegRole.AGENT
        trunk, called = (inside and origin.called) or (None, None)
        did = self.directory.caller_ids.get(trunk or "") if inside else self._did(start)
        agent = self._agent(origin) or (origin.agent if called else None)
        direction = Direction.OUT if called else Direction.INTERNAL if inside else Direction.IN
        return Settlement(
            call_id=call_id,
            direction=direction,
            from_raw=origin.caller_number,
            from_name=origin.caller_name,
            to=called or start.exten or None if inside else did,
            did=did,
            queue=self.queue or self._queue(did, start),
            started_at=min(channel.started_at for channel in own),
            answered_at=self.answered_at,
            ended_at=max(channel.ended_at or channel.started_at for channel in self.channels.values()),
            talk_s=round(self.talk_s, 3),
            agent=agent,
            hangup_by=HangupBy.SYSTEM if lost else self._hangup_by(origin, agent, direction),
            recorded_message=self.recorded,
            turned_away=GOODBYE in origin.contexts,
            pbx_lost=lost,
            legs=tuple(channel.leg() for channel in self._parties()),
            merged=tuple(merged),
        )

    def _calls(self) -> Sequence[UUID]:
        """Call ids, the one that is kept first."""
        members: dict[UUID, list[Channel]] = {}
        for uniqueid, call_id in self.call_of.items():
            members.setdefault(call_id, []).append(self.channels[uniqueid])

        def kept_first(call_id: UUID) -> tuple[bool, tuple[int, int], str]:
            channels = members[call_id]
            outside = any(channel.role is LegRole.CUSTOMER for channel in channels)
            return precedence(outside, min(channel.order for channel in channels), call_id)

        return sorted(members, key=kept_first)

    def _parties(self) -> list[Channel]:
        legs = [channel for channel in self.channels.values() if not channel.plumbing]
        return sorted(legs, key=attrgetter("order"))

    def _did(self, start: CelRow) -> str | None:
        """E.164 of what was dialled; a form nobody has any more is kept only when it is E.164 itself."""
        if not start.context.startswith(INBOUND):
            return None
        known = self.directory.dialled.get(start.exten)
        return known or (start.exten if start.exten.startswith("+") else None)

    def _queue(self, did: str | None, start: CelRow) -> str | None:
        if did is not None:
            return self.directory.number_queues.get(did)
        return self.directory.queue_extensions.get(start.exten)

    def _agent(self, origin: Channel) -> str | None:
        answered = who_answered(self.talked, self.channels.values(), origin)
        holder = who_has_it(answered, self.handed_over)
        return holder.agent if holder is not None else None

    def _hangup_by(self, origin: Channel, agent: str | None, direction: Direction) -> HangupBy:
        """Who asked first, of those who had the call at its end; nobody: the dialplan did."""
        asked = [
            (self.asked[channel.name], channel)
            for channel in self._parties()
            if channel.name in self.asked
            and had_it(
                channel,
                origin=origin,
                handed_over=self.handed_over,
                agent=agent,
                talked=channel in self.talked or channel.talk_s > 0,
            )
        ]
        return who_ended(asked, origin, outgoing=direction is Direction.OUT) or HangupBy.SYSTEM
