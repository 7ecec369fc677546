"""What happened to recordings."""

from __future__ import annotations

from dataclasses import dataclass

from crm_core.bus.event import Event, register
from crm_core.recordings.model import Recording


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingSettled(Event):
    """A recording reached a final state, or moved to a better form (compressed)."""

    recording: Recording
