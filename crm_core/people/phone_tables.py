"""Tables of phones in the browser: which password of which session is in force."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db.base import Base


class PhoneCredentialRow(Base):
    """A password that works for hours, as the digest Asterisk checks; the password itself is never kept.

    One at a time for each device: the newest. *session* is the id of the session or token it was made for.
    """

    __tablename__ = "phone_credentials"
    __table_args__ = (
        ForeignKeyConstraint(["pbx", "endpoint"], ["devices.pbx", "devices.endpoint"]),
        Index(
            "ix_phone_credentials_current",
            "pbx",
            "endpoint",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(None, "pbx", "endpoint", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    pbx: Mapped[str]
    endpoint: Mapped[str]
    person: Mapped[str] = mapped_column(ForeignKey("people.name"))
    session: Mapped[UUID]
    digest: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
