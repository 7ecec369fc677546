"""Tables of customer cards and contact points.

A contact point is one row for the whole installation and always leads to at least one card: who
takes the last card away takes the point away. That, and the unique key, make the provisional card
of a new number exactly one.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    DDL,
    CheckConstraint,
    ForeignKey,
    Index,
    UniqueConstraint,
    event,
    func,
    literal_column,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db.base import Base

# What stands between the words of a title. PostgreSQL's own reading would take `a.b` for the name of a
# host, `<b>` for nothing at all, and 8.3 for one number.
BLANKS = r"""!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~«»„“”‘’–—…·№"""
_QUOTED = BLANKS.replace("'", "''")
TITLE_WORDS = f"to_tsvector('simple', translate(title, '{_QUOTED}', repeat(' ', {len(BLANKS)})))"


class CustomerRow(Base):
    """A card."""

    __tablename__ = "customers"
    __table_args__ = (
        CheckConstraint("status IN ('provisional', 'kept', 'merged')", name="status"),
        # Lists walk the key downwards (UUIDv7: newest first) inside what the reader may see.
        Index(None, "office", "id"),
        Index(None, "owner", "id"),
        # Search as one types looks at what changed last first.
        Index(None, "updated_at"),
        Index(None, "office", "updated_at"),
        Index(None, "owner", "updated_at"),
        Index("ix_customers_title", text("lower(title)")),
        Index("ix_customers_merged_into", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
        # Open work by agent is counted while calls are routed.
        Index(
            "ix_customers_provisional",
            "owner",
            postgresql_where=text("status = 'provisional' AND owner IS NOT NULL"),
        ),
        # Words of the title, by their beginnings, in any of our languages. No pending list: its
        # flush would fall on a caller.
        Index(
            "ix_customers_title_words",
            literal_column(TITLE_WORDS),
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str]
    status: Mapped[str]
    owner: Mapped[str | None] = mapped_column(ForeignKey("people.name"))
    office: Mapped[str | None] = mapped_column(ForeignKey("offices.name"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    merged_into: Mapped[UUID | None] = mapped_column(ForeignKey("customers.id"))


class ContactPointRow(Base):
    """A phone in E.164, an e-mail or a messenger address."""

    __tablename__ = "contact_points"
    __table_args__ = (
        CheckConstraint("kind IN ('phone', 'email', 'messenger')", name="kind"),
        UniqueConstraint("kind", "value"),
        # People remember a number by its beginning or by its end: both are index scans.
        Index("ix_contact_points_start", "value", postgresql_ops={"value": "text_pattern_ops"}),
        Index(
            "ix_contact_points_end",
            func.reverse(literal_column("value")).label("ending"),
            postgresql_ops={"ending": "text_pattern_ops"},
        ),
        # Or by some digits in the middle.
        Index(
            "ix_contact_points_part",
            "value",
            postgresql_using="gin",
            postgresql_ops={"value": "gin_trgm_ops"},
            postgresql_with={"fastupdate": "off"},
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    value: Mapped[str]
    created_at: Mapped[datetime]


_TRIGRAMS = DDL("CREATE EXTENSION IF NOT EXISTS pg_trgm")  # type: ignore[no-untyped-call]
event.listen(ContactPointRow.__table__, "before_create", _TRIGRAMS)


class CustomerContactRow(Base):
    """This card can be reached there."""

    __tablename__ = "customer_contacts"

    contact_point_id: Mapped[UUID] = mapped_column(ForeignKey("contact_points.id"), primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customers.id"), primary_key=True, index=True)


class ContactChoiceRow(Base):
    """Which card an agent chose for a shared contact point, by the number that was dialled."""

    __tablename__ = "contact_choices"

    contact_point_id: Mapped[UUID] = mapped_column(ForeignKey("contact_points.id"), primary_key=True)
    did: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customers.id"), index=True)
    chosen_by: Mapped[str]
    chosen_at: Mapped[datetime]
