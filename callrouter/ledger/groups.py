"""Rows → groups → settlements: the fold over the whole file. Pure but for its own memory.

A group is every channel that belongs together: rows share a group when they share a channel, a Linkedid
(which a merge changes silently), a call id, a bridge, or when a transfer names both. It is settled when
every channel in it has had its CHAN_END and nothing more came for a moment; LINKEDID_END comes early for
consult legs and says nothing.

Asterisk that dies writes no ends. The next one counts its channels from 0 again (Uniqueid is
`<systemname>-<epoch>.<counter>`): a later channel with a lower number shows it, also when the file is
read long after.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from callrouter.ledger.reader import Place
from callrouter.ledger.rows import CelEvent, CelRow
from callrouter.ledger.settling import settlement_of
from callrouter.tracking.channel import uniqueid_order
from callrouter.tracking.directory import Directory
from crm_core.calls.settlement import Settlement

log = structlog.get_logger(__name__)

QUIET_S = 0.5  # rows of one moment are not written in the order of their times
MAX_GROUPS = 10_000
MAX_ROWS = 4_000  # of one group
MAX_DONE = 50_000  # channels whose late rows are known to be late
_BOOT_S = 2  # two channels of one boot this far apart cannot be numbered the other way round

_SHARED = (
    "bridge_id",
    "bridge2_id",
    "channel2_uniqueid",
    "transferee_channel_uniqueid",
    "transfer_target_channel_uniqueid",
)
_ENDS = frozenset({CelEvent.HANGUP, CelEvent.CHAN_END})


@dataclass(slots=True, eq=False)
class _Group:
    first: Place
    began: datetime
    latest: datetime
    read_at: float  # monotonic, of the last row
    rows: list[CelRow] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    channels: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    closed_at: datetime | None = None  # when what has no end is taken to have ended
    lost: bool = False  # the PBX went away under it

    @property
    def open(self) -> set[str]:
        """Channels without an end."""
        return self.channels - self.ended

    @property
    def over(self) -> bool:
        return self.lost or not self.open

    def absorb(self, other: _Group) -> None:
        self.first = min(self.first, other.first)
        self.began = min(self.began, other.began)
        self.latest = max(self.latest, other.latest)
        self.read_at = max(self.read_at, other.read_at)
        self.rows += other.rows
        self.keys |= other.keys
        self.channels |= other.channels
        self.ended |= other.ended
        self.lost |= other.lost
        self.closed_at = max((at for at in (self.closed_at, other.closed_at) if at), default=None)


class CallGroups:
    """`add` rows, `take` what is settled. Everything held is bounded."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory  # may be replaced when the office changes
        self.late = 0  # rows of channels that were settled already
        self.given_up = 0  # groups or rows beyond the bounds
        self.poisoned = 0  # groups that cannot be settled
        self._by_key: dict[str, _Group] = {}
        self._groups: dict[_Group, None] = {}  # in the order they began to be read
        self._done: OrderedDict[str, None] = OrderedDict()
        self._newest = (0, 0)  # Uniqueid order of the last channel made
        self._watermark: datetime | None = None  # the latest time in the file

    @property
    def unsettled(self) -> int:
        """Groups that are not settled."""
        return len(self._groups)

    @property
    def needed(self) -> Place | None:
        """The oldest record an open group was made of; None when none is open."""
        return min((group.first for group in self._groups), default=None)

    def add(self, place: Place, row: CelRow, now: float) -> None:
        """Fold one row, read at *now* (monotonic seconds)."""
        if row.uniqueid in self._done:
            self.late += 1
            return
        if row.event is CelEvent.CHAN_START:
            self._count_channel(row)
        group = self._group_of(place, row, now)
        group.channels.add(row.uniqueid)
        if row.event is CelEvent.CHAN_END:
            group.ended.add(row.uniqueid)
        if len(group.rows) < MAX_ROWS or row.event in _ENDS:
            group.rows.append(row)
        else:
            self.given_up += 1
        self._watermark = max(self._watermark or row.at, row.at)

    def take(self, now: float, *, all_read: bool) -> list[Settlement]:
        """Settle what is over and quiet. *all_read*: the file has nothing more at this moment."""
        settled = []
        for group in [group for group in self._groups if group.over and self._quiet(group, now, all_read)]:
            self._forget(group)
            if (settlement := self._settle(group)) is not None:
                settled.append(settlement)
        return settled

    def _settle(self, group: _Group) -> Settlement | None:
        try:
            return settlement_of(group.rows, self.directory, closed_at=group.closed_at, lost=group.lost)
        except Exception:
            # One group nobody foresaw must not keep all others from being settled, now and at each start.
            self.poisoned += 1
            log.exception("calls cannot be settled", offset=group.first.offset, rows=len(group.rows))
            return None

    def pbx_restarted(self, at: datetime, alive_at: datetime | None = None) -> None:
        """The PBX started anew at *at*: channels of before are gone.

        *alive_at*: when it was last known to be alive; without it, the last time in the file counts.
        """
        for group in self._groups:
            if not group.over and group.began < at:
                group.lost = True
                group.closed_at = min(alive_at or self._watermark or group.latest, at)

    def open_channels(self, quiet_since: float) -> set[str]:
        """Channels without an end in groups of which nothing was read since (monotonic seconds)."""
        quiet = [group for group in self._groups if not group.over and group.read_at <= quiet_since]
        return {channel for group in quiet for channel in group.open}

    def end_absent(self, channels: Collection[str], at: datetime) -> None:
        """The PBX has these channels no more, and their end was never written: they ended by *at*."""
        for channel in channels:
            group = self._by_key.get(channel)
            if group is not None and channel in group.open:
                group.ended.add(channel)
                group.closed_at = at

    # -- groups -----------------------------------------------------------------------------------

    def _group_of(self, place: Place, row: CelRow, now: float) -> _Group:
        keys = _keys(row)
        found = list(dict.fromkeys(self._by_key[key] for key in keys if key in self._by_key))
        if found:
            group = max(found, key=lambda one: len(one.rows))
            for other in found:
                if other is not group:
                    self._merge(group, other)
        else:
            self._make_room()
            group = _Group(place, row.at, row.at, now)
            self._groups[group] = None
        group.began = min(group.began, row.at)
        group.latest = max(group.latest, row.at)
        group.read_at = now
        for key in keys - group.keys:
            group.keys.add(key)
            self._by_key[key] = group
        return group

    def _merge(self, group: _Group, other: _Group) -> None:
        group.absorb(other)
        del self._groups[other]
        for key in other.keys:
            self._by_key[key] = group

    def _forget(self, group: _Group) -> None:
        del self._groups[group]
        for key in group.keys:
            del self._by_key[key]
        for channel in group.channels:
            self._done[channel] = None
        while len(self._done) > MAX_DONE:
            self._done.popitem(last=False)

    def _make_room(self) -> None:
        """Beyond the bound the oldest call is settled as far as it was read."""
        open_ones = (group for group in self._groups if not group.over)
        if len(self._groups) >= MAX_GROUPS and (oldest := next(open_ones, None)) is not None:
            self.given_up += 1
            oldest.ended |= oldest.channels
            log.error("too many calls without an end", groups=len(self._groups))

    def _quiet(self, group: _Group, now: float, all_read: bool) -> bool:
        """Nothing more comes: a while has passed, in the file or, at its end, on our clock."""
        assert self._watermark is not None
        if self._watermark - group.latest >= timedelta(seconds=QUIET_S):
            return True
        return all_read and now - group.read_at >= QUIET_S

    # -- boots ------------------------------------------------------------------------------------

    def _count_channel(self, row: CelRow) -> None:
        """Notice by the channel's number that the PBX was started since the last one."""
        epoch, counter = uniqueid_order(row.uniqueid)
        if epoch == 0:
            return  # named by who originated it
        if epoch >= self._newest[0] + _BOOT_S and counter <= self._newest[1] and self._watermark is not None:
            log.warning("the ledger shows a restart of the PBX", open=len(self._groups))
            self.pbx_restarted(row.at)
        self._newest = max(self._newest, (epoch, counter))


def _keys(row: CelRow) -> set[str]:
    keys = {row.uniqueid, row.linkedid}
    if row.call_id is not None:
        keys.add(str(row.call_id))
    keys.update(text for name in _SHARED if (text := row.text(name)))
    return keys
