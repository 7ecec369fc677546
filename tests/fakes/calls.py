"""Calls as values, for tests that need one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from crm_core.calls.model import (
    Call,
    CallState,
    Direction,
    Leg,
    LegRole,
    LegState,
    Offer,
    OfferState,
    Outcome,
)

_CHANNELS = iter(range(1, 1_000_000))


def agent_leg(agent: str, at: datetime, *, talk_s: float = 0.0) -> Leg:
    """A leg of *agent* that answered at *at*."""
    number = next(_CHANNELS)
    return Leg(
        channel=f"1700000000.{number}",
        channel_name=f"PJSIP/agent-{agent}-desk-{number:08x}",
        role=LegRole.AGENT,
        agent=agent,
        endpoint=f"agent-{agent}-desk",
        number=None,
        state=LegState.UP,
        started_at=at,
        answered_at=at,
        talk_s=talk_s,
    )


def answered_call(
    at: datetime, *, agent: str | None = "anna", talk_s: float = 0.0, id: UUID | None = None, **changes: Any
) -> Call:
    """A call from outside that *agent* answered at *at*."""
    values: dict[str, Any] = {
        "id": id or uuid4(),
        "pbx": "main",
        "direction": Direction.IN,
        "state": CallState.TALKING,
        "from_number": "+74955550142",
        "from_raw": "+74955550142",
        "from_name": "",
        "to": None,
        "did": "+74955550100",
        "queue": "sales",
        "started_at": at - timedelta(seconds=4),
        "answered_at": at,
        "agent": agent,
        "talk_s": talk_s,
        "legs": (agent_leg(agent, at, talk_s=talk_s),) if agent else (),
    }
    return Call(**(values | changes))


def missed_call(at: datetime, *, rang: Collection[str] = (), **changes: Any) -> Call:
    """A call from outside that began at *at* and that nobody took; devices of *rang* rang for it."""
    offers = tuple(
        Offer(
            id=uuid4(),
            agent=agent,
            attempt=attempt,
            state=OfferState.NO_ANSWER,
            ring_s=15,
            reserved_at=at,
            alerting_at=at,
            ended_at=at + timedelta(seconds=15),
        )
        for attempt, agent in enumerate(rang, start=1)
    )
    values: dict[str, Any] = {
        "agent": None,
        "answered_at": None,
        "started_at": at,
        "ended_at": at + timedelta(seconds=30),
        "state": CallState.ENDED,
        "outcome": Outcome.ABANDONED,
        "offers": offers,
    }
    return answered_call(at, **(values | changes))
