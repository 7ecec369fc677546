"""Notes of calls, next steps, what may be said of a call, and the worklist of missed calls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: going back means restoring the backup made before."""
    op.create_index(
        "ix_calls_outward",
        "calls",
        ["to_number", "started_at"],
        unique=False,
        postgresql_where=sa.text("direction <> 'in'"),
    )
    op.create_table(
        "dispositions",
        sa.Column("pbx", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("follow_up_days", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.PrimaryKeyConstraint("pbx", "name", name=op.f("pk_dispositions")),
    )
    op.create_table(
        "missed_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pbx", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_call_id", sa.Uuid(), nullable=False),
        sa.Column("last_outcome", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=True),
        sa.Column("did", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("queues", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("dids", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("offered", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("done_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.Text(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_missed_lines")),
        sa.UniqueConstraint("number", "pbx", name=op.f("uq_missed_lines_number_pbx")),
    )
    op.create_index(
        "ix_missed_lines_open",
        "missed_lines",
        ["last_at", "id"],
        unique=False,
        postgresql_where=sa.text("calls > 0"),
    )
    op.create_table(
        "next_steps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_next_steps")),
    )
    op.create_index(
        op.f("ix_next_steps_customer_id_created_at_id"),
        "next_steps",
        ["customer_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_next_steps_due",
        "next_steps",
        ["agent", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_index(
        "ix_next_steps_one_open",
        "next_steps",
        ["call_id", "agent"],
        unique=True,
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "notes",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("corrected", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", "author", name=op.f("pk_notes")),
    )
