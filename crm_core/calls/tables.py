"""Calls, their legs and offers as rows, and what may be said of a call.

Legs and offers are rows because figures are made of them (talk per agent, offers nobody answered). The
trace is a column: it is only ever read with its call, as a whole. Commands to the switch are not kept:
what a command did to a call stands in the call's own trace.

No foreign key leads out of the subject: a call's facts may come out of the spool after the card they name
was merged, and the office may have dropped a queue by then.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.calls.model import CallState, Direction, LegRole, LegState, OfferState
from crm_core.db.base import Base


def _one_of(
    column: str, names: type[CallState | Direction | LegRole | LegState | OfferState]
) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(name.value) for name in names)})", name=column)


class CallRow(Base):
    """One call; columns as in crm_core.calls.model.Call.

    *version* guards the row: an older state never overwrites a newer one. *disposition* is the people's,
    not the switch's: writing a version leaves it alone. *agents* took part or were rung, they may see it.
    """

    __tablename__ = "calls"
    __table_args__ = (
        _one_of("state", CallState),
        _one_of("direction", Direction),
        # Lists walk this downwards; merged calls are not in lists.
        Index("ix_calls_newest", "started_at", "id", postgresql_where=text("merged_into IS NULL")),
        Index(None, "from_number", "started_at"),
        Index(None, "to_number", "started_at"),
        # Whether we reached a number. In the index above our own numbers, which callers dial, outweigh all.
        Index("ix_calls_outward", "to_number", "started_at", postgresql_where=text("direction <> 'in'")),
        Index(None, "customer_id", "started_at"),
        Index(None, "agents", postgresql_using="gin"),
        Index("ix_calls_open", "pbx", postgresql_where=text("state <> 'ended'")),
        Index("ix_calls_merged_into", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    pbx: Mapped[str] = mapped_column(primary_key=True)
    direction: Mapped[str]
    state: Mapped[str]
    outcome: Mapped[str | None]
    disposition: Mapped[str | None]
    from_number: Mapped[str | None]
    from_raw: Mapped[str]
    from_name: Mapped[str]
    to_number: Mapped[str | None]
    did: Mapped[str | None]
    queue: Mapped[str | None]
    agent: Mapped[str | None]
    agents: Mapped[list[str]]
    owner: Mapped[str | None]
    customer_id: Mapped[UUID | None]
    customer_title: Mapped[str | None]
    started_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    wait_s: Mapped[float]
    ring_s: Mapped[float]
    talk_s: Mapped[float]
    hangup_by: Mapped[str | None]
    trace: Mapped[list[Any]]
    merged_into: Mapped[UUID | None]
    settled: Mapped[bool]
    version: Mapped[int]


class CallLegRow(Base):
    """One party's part of a call; columns as in crm_core.calls.model.Leg."""

    __tablename__ = "call_legs"
    __table_args__ = (
        ForeignKeyConstraint(["call_id", "pbx"], ["calls.id", "calls.pbx"], ondelete="CASCADE"),
        _one_of("state", LegState),
        _one_of("role", LegRole),
        Index(None, "agent", "started_at", postgresql_where=text("agent IS NOT NULL")),
    )

    call_id: Mapped[UUID] = mapped_column(primary_key=True)
    pbx: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    channel_name: Mapped[str]
    role: Mapped[str]
    agent: Mapped[str | None]
    endpoint: Mapped[str | None]
    number: Mapped[str | None]
    state: Mapped[str]
    started_at: Mapped[datetime]
    ringing_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    talk_s: Mapped[float]
    cause: Mapped[int | None]


class CallOfferRow(Base):
    """A call shown to one agent; columns as in crm_core.calls.model.Offer."""

    __tablename__ = "call_offers"
    __table_args__ = (
        ForeignKeyConstraint(["call_id", "pbx"], ["calls.id", "calls.pbx"], ondelete="CASCADE"),
        _one_of("state", OfferState),
        Index(None, "agent", "reserved_at"),
    )

    call_id: Mapped[UUID] = mapped_column(primary_key=True)
    pbx: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    agent: Mapped[str]
    attempt: Mapped[int]
    state: Mapped[str]
    ring_s: Mapped[int]
    reserved_at: Mapped[datetime]
    alerting_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class DispositionRow(Base):
    """What may be said of a call at one PBX, in the order of the office file; none: the default list."""

    __tablename__ = "dispositions"

    pbx: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    follow_up_days: Mapped[int | None]
    position: Mapped[int]
    active: Mapped[bool] = mapped_column(server_default=text("true"))
