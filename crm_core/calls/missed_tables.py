"""The worklist of missed calls as rows."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db.base import Base


class MissedLineRow(Base):
    """One number at one PBX that once reached nobody; columns as in crm_core.calls.missed.Standing.

    Written anew from the calls of its number whenever one of them changes, in that transaction: it never says
    anything the calls do not say, but for *done_…*, which is a person's word. *calls* 0: nothing is open.
    """

    __tablename__ = "missed_lines"
    __table_args__ = (
        UniqueConstraint("number", "pbx"),
        Index("ix_missed_lines_open", "last_at", "id", postgresql_where=text("calls > 0")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    pbx: Mapped[str]
    number: Mapped[str]
    calls: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    last_call_id: Mapped[UUID]
    last_outcome: Mapped[str]
    queue: Mapped[str | None]
    did: Mapped[str | None]
    customer_id: Mapped[UUID | None]
    queues: Mapped[list[str]]
    dids: Mapped[list[str]]
    offered: Mapped[list[str]]
    done_until: Mapped[datetime | None]
    done_by: Mapped[str | None]
    done_at: Mapped[datetime | None]
