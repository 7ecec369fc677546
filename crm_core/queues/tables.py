"""Tables of queues and numbers, as the applied office file says. The PBX is in every key."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db.base import Base


class QueueRow(Base):
    """One queue; columns as in crm_core.queues.model.Queue, times in seconds."""

    __tablename__ = "queues"
    __table_args__ = (CheckConstraint("overflow IN ('voicemail', 'hangup')", name="overflow"),)

    pbx: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    extension: Mapped[str | None]
    ring_s: Mapped[int]
    max_offers: Mapped[int]
    max_misses: Mapped[int]
    max_wait_s: Mapped[int]
    wrap_up_s: Mapped[int]
    service_level_s: Mapped[int]
    music: Mapped[str]
    overflow: Mapped[str]
    record: Mapped[bool]
    active: Mapped[bool] = mapped_column(server_default=text("true"))


class QueueMemberRow(Base):
    """An agent in a queue; *position* is the order of the office file. Deleted when it leaves."""

    __tablename__ = "queue_members"
    __table_args__ = (
        ForeignKeyConstraint(["pbx", "queue"], ["queues.pbx", "queues.name"]),
        Index(None, "agent"),
    )

    pbx: Mapped[str] = mapped_column(primary_key=True)
    queue: Mapped[str] = mapped_column(primary_key=True)
    agent: Mapped[str] = mapped_column(ForeignKey("people.name"), primary_key=True)
    position: Mapped[int]


class NumberRow(Base):
    """A number callers dial (DID), in E.164."""

    __tablename__ = "numbers"
    __table_args__ = (ForeignKeyConstraint(["pbx", "queue"], ["queues.pbx", "queues.name"]),)

    pbx: Mapped[str] = mapped_column(primary_key=True)
    e164: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    office: Mapped[str] = mapped_column(ForeignKey("offices.name"))
    queue: Mapped[str]
    source: Mapped[str | None]
    dialled: Mapped[list[str]]
    answer: Mapped[bool]
    active: Mapped[bool] = mapped_column(server_default=text("true"))
