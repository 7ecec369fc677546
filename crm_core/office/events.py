"""What happened to the office file."""

from __future__ import annotations

from dataclasses import dataclass

from crm_core.bus.event import Event, register


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeApplied(Event):
    """A version of the office file is in force: read it again (`OfficeService.current`)."""

    version: int
    by: str
