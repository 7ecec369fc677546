"""Passwords of phones in the browser."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: going back means restoring the backup made before."""
    op.create_table(
        "phone_credentials",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pbx", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("session", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["pbx", "endpoint"],
            ["devices.pbx", "devices.endpoint"],
            name=op.f("fk_phone_credentials_pbx_endpoint"),
        ),
        sa.ForeignKeyConstraint(["person"], ["people.name"], name=op.f("fk_phone_credentials_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_credentials")),
    )
    op.create_index(
        "ix_phone_credentials_current",
        "phone_credentials",
        ["pbx", "endpoint"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        op.f("ix_phone_credentials_pbx_endpoint_created_at"),
        "phone_credentials",
        ["pbx", "endpoint", "created_at"],
        unique=False,
    )
