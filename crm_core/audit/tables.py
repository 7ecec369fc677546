"""Who did what to what. Rows are only ever added."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db.base import Base


class AuditRow(Base):
    """One deed. *before* and *after* hold only the fields that changed."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "subject_kind", "subject_id", "id"), Index(None, "actor", "id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]  # a person's name, or `system`
    action: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[str]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
