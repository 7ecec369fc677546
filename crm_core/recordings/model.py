"""What became of a call's audio. A file that is missing says why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class RecordingState(StrEnum):
    """RUNNING is the only state that is not final."""

    RUNNING = "running"
    OK = "ok"
    TRUNCATED = "truncated"  # shorter than the recorded window
    NO_AUDIO = "no_audio"  # a valid file without sound packets
    PARTIAL = "partial"  # one side missing
    MISSING = "missing"  # expected, and not found: see reason
    RECOVERED = "recovered"  # header repaired after a crash
    EXPIRED = "expired"  # deleted when its time was over


class RecordingKind(StrEnum):
    """Why audio was kept."""

    CALL = "call"
    VOICEMAIL = "voicemail"


class RecordingReason(StrEnum):
    """Why a recording is not simply OK. Stored: never renamed."""

    DISK_FULL = "disk_full"
    NOT_WRITABLE = "not_writable"
    NOT_FOUND = "not_found"  # the folder is fine, the PBX made no file
    NO_PACKETS = "no_packets"  # a file without a single sound packet
    SILENCE = "silence"  # packets of digital silence only
    CUSTOMER_SILENT = "customer_silent"
    AGENT_SILENT = "agent_silent"
    ENDED_EARLY = "ended_early"
    UNREADABLE = "unreadable"  # not a WAV file we can make sense of
    CRASH = "crash"  # the PBX died while it wrote
    RETENTION = "retention"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One file of one call. *path* is relative to the recordings root and never leaves the server."""

    id: UUID
    call_id: UUID
    kind: RecordingKind
    state: RecordingState
    reason: str | None = None  # a RecordingReason
    path: str | None = None
    format: str | None = None  # wav or mp3
    size_bytes: int | None = None
    duration_s: float | None = None
    expected_s: float | None = None
    sha256: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
