"""Recordings: one row per call and kind. Audio itself is a file on the PBX's host."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db.base import Base


class RecordingRow(Base):
    """One recording; columns as in crm_core.recordings.model.Recording.

    *agents* and *did* say who may see it, *from_number* (E.164) finds it. They are copies, and there is
    no foreign key to the call: a recording may be found before its call's facts come out of the spool.
    """

    __tablename__ = "recordings"
    __table_args__ = (
        CheckConstraint("kind IN ('call', 'voicemail')", name="kind"),
        Index(None, "call_id", "kind", unique=True),
        Index(None, "agents", postgresql_using="gin"),
        Index(None, "from_number", "id"),
        Index("ix_recordings_running", "pbx", postgresql_where=text("state = 'running'")),
        Index("ix_recordings_started_at", "started_at", postgresql_where=text("path IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    pbx: Mapped[str]
    call_id: Mapped[UUID]
    kind: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str | None]
    path: Mapped[str | None]
    format: Mapped[str | None]
    size_bytes: Mapped[int | None]
    duration_s: Mapped[float | None]
    expected_s: Mapped[float | None]
    sha256: Mapped[str | None]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    agents: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    did: Mapped[str | None]
    from_number: Mapped[str | None]
