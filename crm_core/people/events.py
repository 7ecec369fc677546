"""What happened to people and to how they prove who they are."""

from __future__ import annotations

from dataclasses import dataclass

from crm_core.bus.event import Event, register


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsEnded(Event):
    """Sessions of these people ended: look again who is still signed in."""

    people: tuple[str, ...]
