"""What agents chose, one row each; what is shown is computed from it and the live legs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db.base import Base


class AgentPresenceRow(Base):
    """One agent. An agent without a row is offline."""

    __tablename__ = "agent_presence"
    __table_args__ = (
        CheckConstraint("chosen IN ('available', 'break', 'offline')", name="chosen"),
        CheckConstraint("(chosen = 'break') = (reason IS NOT NULL)", name="reason"),
    )

    agent: Mapped[str] = mapped_column(ForeignKey("people.name"), primary_key=True)
    chosen: Mapped[str]
    reason: Mapped[str | None]
    since: Mapped[datetime]
    wrap_up_until: Mapped[datetime | None]
    misses: Mapped[int] = mapped_column(server_default=text("0"))
    not_answering: Mapped[bool] = mapped_column(server_default=text("false"))
