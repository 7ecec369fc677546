"""Proves, while calls talk, that their recordings grow. The PBX says nothing when they do not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import structlog

from crm_core.calls.model import Call
from crm_core.clock import Clock
from crm_core.errors import Unavailable
from crm_core.health import Health, HealthState
from crm_core.recordings.model import Recording, RecordingReason, RecordingState
from crm_core.recordings.service import RecordingService
from recordings import disk
from recordings.naming import Part, spooled_name
from recordings.threads import FileThreads

log = structlog.get_logger(__name__)

PART = "recordings"
GRACE_S = 5.0  # until the first look at a new recording
STALL_S = 5.0  # the PBX flushes every 2 s at 8 kHz; more than two of these without growth are suspect
HEADER_BYTES = 44
_DISK_REASONS = (RecordingReason.DISK_FULL, RecordingReason.NOT_WRITABLE)


@dataclass(slots=True)
class _Watched:
    call: Call
    recording: Recording | None  # None: the database was away when it began
    since: float
    grown_at: float
    size: int = 0
    present: bool = False
    told: bool = False


class Watch:
    """Calls that are up and recorded. `look` is called about once a second."""

    def __init__(
        self, service: RecordingService, root: Path, clock: Clock, health: Health, threads: FileThreads
    ) -> None:
        self._service, self._root, self._clock, self._health = service, root, clock, health
        self._threads = threads
        self._watched: dict[UUID, _Watched] = {}
        self._failing: RecordingReason | None = None  # why the last recording that failed did

    def begin(self, call: Call, recording: Recording | None) -> None:
        """Watch the recording of *call*, just answered. Again for the same call: nothing new."""
        now = self._clock.monotonic()
        self._watched.setdefault(call.id, _Watched(call, recording, now, now))

    def end(self, call_id: UUID) -> None:
        """The call is over."""
        self._watched.pop(call_id, None)

    def __contains__(self, call_id: UUID) -> bool:
        return call_id in self._watched

    async def look(self) -> None:
        """Look at every file once; tell of those that do not grow. Never raises Unavailable."""
        now = self._clock.monotonic()
        due = [entry for entry in self._watched.values() if now - entry.since >= GRACE_S]
        sizes = await self._threads.run(_sizes, self._root, [entry.call.id for entry in due])
        suspects = [entry for entry, size in zip(due, sizes, strict=True) if self._suspect(entry, size, now)]
        room = await self._threads.run(_room, self._root)
        full = room is not None and room.free < disk.PROBE_BYTES
        if suspects or full or self._failing in _DISK_REASONS:
            reason = await self._threads.run(disk.probe, self._root)
            for entry in suspects:
                await self._judge(entry, reason)
            self._probed(reason)
        self._report(room)

    def _suspect(self, entry: _Watched, size: int | None, now: float) -> bool:
        if size is not None and size > max(entry.size, HEADER_BYTES):
            entry.size, entry.grown_at = size, now
            if self._failing is RecordingReason.NOT_FOUND:
                self._failing = None  # the PBX makes files again
            return False
        entry.size, entry.present = size or 0, size is not None
        return not entry.told and (size is None or now - entry.grown_at >= STALL_S)

    async def _judge(self, entry: _Watched, reason: RecordingReason | None) -> None:
        """Tell why *entry* is not recorded. A file that only does not grow may be a silent call."""
        if reason is None and entry.present:
            entry.grown_at = self._clock.monotonic()
            return
        why = reason or RecordingReason.NOT_FOUND
        has_sound = entry.size > HEADER_BYTES
        state = RecordingState.TRUNCATED if has_sound else RecordingState.MISSING
        try:
            entry.recording = entry.recording or await self._service.expect(entry.call)
            if entry.recording is None:  # the office does not record this queue
                self.end(entry.call.id)
                return
            await self._service.change(
                entry.recording, lambda row: replace(row, state=state, reason=why), entry.call
            )
        except Unavailable:
            return  # still suspect at the next look
        entry.told = True
        self._failing = why
        log.error("call is not recorded", call=str(entry.call.id), reason=why.value)

    def _probed(self, reason: RecordingReason | None) -> None:
        if reason is not None:
            self._failing = reason
        elif self._failing in _DISK_REASONS:
            self._failing = None

    def _report(self, room: disk.Space | None) -> None:
        if self._failing is not None or room is None:
            reason = self._failing or RecordingReason.NOT_WRITABLE
            self._health.set(PART, HealthState.DEGRADED, f"not recorded: {reason.value}")
        elif room.is_low:
            detail = f"disk {room.used_share:.0%} used, {room.free >> 20} MiB free"
            self._health.set(PART, HealthState.DEGRADED, detail)
        else:
            self._health.set(PART, HealthState.UP)


def _sizes(root: Path, calls: list[UUID]) -> list[int | None]:
    """Length of each call's mixed file, None where there is none."""
    sizes: list[int | None] = []
    for call_id in calls:
        try:
            sizes.append((root / spooled_name(call_id, Part.MIX)).stat().st_size)
        except OSError:
            sizes.append(None)
    return sizes


def _room(root: Path) -> disk.Space | None:
    try:
        return disk.space(root)
    except OSError:
        return None
