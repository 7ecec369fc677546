"""What happened to notes and next steps: ids only. Who may read the text asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from crm_core.bus.event import Event, register


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSaved(Event):
    """*author*'s note of a call has a new version: other tabs read it again."""

    call_id: UUID
    customer_id: UUID | None
    author: str
    version: int


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class NextStepChanged(Event):
    """A next step of *agent* was planned, changed or done."""

    step_id: UUID
    call_id: UUID
    customer_id: UUID | None
    agent: str
    version: int
    done: bool
