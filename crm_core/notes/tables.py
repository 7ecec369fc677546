"""Notes of calls and next steps as rows.

No foreign key leads to calls or cards: their facts may still be in the spool, and cards are merged.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db.base import Base


class NoteRow(Base):
    """What one person wrote of one call. *corrected*: its text as first final is in the audit."""

    __tablename__ = "notes"

    call_id: Mapped[UUID] = mapped_column(primary_key=True)
    author: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]
    version: Mapped[int]
    created_at: Mapped[datetime]
    saved_at: Mapped[datetime]
    corrected: Mapped[bool]


class NextStepRow(Base):
    """What comes next after a call; an agent has one that is open for each call."""

    __tablename__ = "next_steps"
    __table_args__ = (
        Index(
            "ix_next_steps_one_open",
            "call_id",
            "agent",
            unique=True,
            postgresql_where=text("done_at IS NULL"),
        ),
        Index("ix_next_steps_due", "agent", "due_at", "id", postgresql_where=text("done_at IS NULL")),
        Index(None, "customer_id", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID | None]
    call_id: Mapped[UUID]
    agent: Mapped[str]
    text: Mapped[str]
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    version: Mapped[int]
