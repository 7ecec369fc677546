"""The applied versions of the office file: its text as it was given, comments included."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db.base import Base


class OfficeVersionRow(Base):
    """One applied version. Numbers count up by one per PBX; the highest is in force."""

    __tablename__ = "office_versions"

    pbx: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    base: Mapped[int | None]  # the version its author started from
    text: Mapped[str]
    sha256: Mapped[bytes]  # of the text as UTF-8
    changes: Mapped[list[str]]  # in plain words, against the version before
    applied_by: Mapped[str]
    applied_at: Mapped[datetime]
