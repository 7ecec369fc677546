"""First tables."""

# ruff: noqa: E501

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: going back means restoring the backup made before."""
    op.create_table(
        "audit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_actor_id"), "audit", ["actor", "id"], unique=False)
    op.create_index(
        op.f("ix_audit_subject_kind_subject_id_id"),
        "audit",
        ["subject_kind", "subject_id", "id"],
        unique=False,
    )
    op.create_table(
        "calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pbx", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("disposition", sa.Text(), nullable=True),
        sa.Column("from_number", sa.Text(), nullable=True),
        sa.Column("from_raw", sa.Text(), nullable=False),
        sa.Column("from_name", sa.Text(), nullable=False),
        sa.Column("to_number", sa.Text(), nullable=True),
        sa.Column("did", sa.Text(), nullable=True),
        sa.Column("queue", sa.Text(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("agents", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("customer_title", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wait_s", sa.Float(), nullable=False),
        sa.Column("ring_s", sa.Float(), nullable=False),
        sa.Column("talk_s", sa.Float(), nullable=False),
        sa.Column("hangup_by", sa.Text(), nullable=True),
        sa.Column("trace", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("merged_into", sa.Uuid(), nullable=True),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("direction IN ('in', 'out', 'internal')", name=op.f("ck_calls_direction")),
        sa.CheckConstraint(
            "state IN ('new', 'routing', 'waiting', 'offered', 'talking', 'held', 'ended')",
            name=op.f("ck_calls_state"),
        ),
        sa.PrimaryKeyConstraint("id", "pbx", name=op.f("pk_calls")),
    )
    op.create_index(op.f("ix_calls_agents"), "calls", ["agents"], unique=False, postgresql_using="gin")
    op.create_index(
        op.f("ix_calls_customer_id_started_at"), "calls", ["customer_id", "started_at"], unique=False
    )
    op.create_index(
        op.f("ix_calls_from_number_started_at"), "calls", ["from_number", "started_at"], unique=False
    )
    op.create_index(
        "ix_calls_merged_into",
        "calls",
        ["merged_into"],
        unique=False,
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.create_index(
        "ix_calls_newest",
        "calls",
        ["started_at", "id"],
        unique=False,
        postgresql_where=sa.text("merged_into IS NULL"),
    )
    op.create_index(
        "ix_calls_open", "calls", ["pbx"], unique=False, postgresql_where=sa.text("state <> 'ended'")
    )
    op.create_index(op.f("ix_calls_to_number_started_at"), "calls", ["to_number", "started_at"], unique=False)
    op.create_table(
        "contact_points",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('phone', 'email', 'messenger')", name=op.f("ck_contact_points_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_points")),
        sa.UniqueConstraint("kind", "value", name=op.f("uq_contact_points_kind_value")),
    )
    op.create_index(
        "ix_contact_points_end",
        "contact_points",
        [sa.literal_column("reverse(value)").label("ending")],
        unique=False,
        postgresql_ops={"ending": "text_pattern_ops"},
    )
    op.create_index(
        "ix_contact_points_start",
        "contact_points",
        ["value"],
        unique=False,
        postgresql_ops={"value": "text_pattern_ops"},
    )
    op.create_table(
        "dead_letters",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("buried_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_dead_letters")),
    )
    op.create_table(
        "ledger_offsets",
        sa.Column("pbx", sa.Text(), nullable=False),
        sa.Column("inode", sa.BigInteger(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("pbx", name=op.f("pk_ledger_offsets")),
    )
    op.create_table(
        "office_versions",
        sa.Column("pbx", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("base", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("changes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("applied_by", sa.Text(), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pbx", "version", name=op.f("pk_office_versions")),
    )
    op.create_table(
        "offices",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_offices")),
    )
    op.create_table(
        "outbox",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("tries", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_outbox")),
        sa.UniqueConstraint("event_id", name=op.f("uq_outbox_event_id")),
    )
    op.create_index(
        "ix_outbox_waiting", "outbox", ["seq"], unique=False, postgresql_where=sa.text("published_at IS NULL")
    )
    op.create_table(
        "queues",
        sa.Column("pbx", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("extension", sa.Text(), nullable=True),
        sa.Column("ring_s", sa.BigInteger(), nullable=False),
        sa.Column("max_offers", sa.BigInteger(), nullable=False),
        sa.Column("max_misses", sa.BigInteger(), nullable=False),
        sa.Column("max_wait_s", sa.BigInteger(), nullable=False),
        sa.Column("wrap_up_s", sa.BigInteger(), nullable=False),
        sa.Column("service_level_s", sa.BigInteger(), nullable=False),
        sa.Column("music", sa.Text(), nullable=False),
        sa.Column("overflow", sa.Text(), nullable=False),
        sa.Column("record", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint("overflow IN ('voicemail', 'hangup')", name=op.f("ck_queues_overflow")),
        sa.PrimaryKeyConstraint("pbx", "name", name=op.f("pk_queues")),
    )
    op.create_table(
        "recordings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pbx", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("format", sa.Text(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("duration_s", sa.Float(), nullable=True),
        sa.Column("expected_s", sa.Float(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("agents", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("did", sa.Text(), nullable=True),
        sa.Column("from_number", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('call', 'voicemail')", name=op.f("ck_recordings_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recordings")),
    )
    op.create_index(
        op.f("ix_recordings_agents"), "recordings", ["agents"], unique=False, postgresql_using="gin"
    )
    op.create_index(op.f("ix_recordings_call_id_kind"), "recordings", ["call_id", "kind"], unique=True)
    op.create_index(op.f("ix_recordings_from_number_id"), "recordings", ["from_number", "id"], unique=False)
    op.create_index(
        "ix_recordings_running",
        "recordings",
        ["pbx"],
        unique=False,
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_index(
        "ix_recordings_started_at",
        "recordings",
        ["started_at"],
        unique=False,
        postgresql_where=sa.text("path IS NOT NULL"),
    )
    op.create_table(
        "call_legs",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("pbx", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("channel_name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("endpoint", sa.Text(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ringing_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("talk_s", sa.Float(), nullable=False),
        sa.Column("cause", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("role IN ('customer', 'agent', 'other')", name=op.f("ck_call_legs_role")),
        sa.CheckConstraint(
            "state IN ('new', 'ringing', 'up', 'held', 'ended')", name=op.f("ck_call_legs_state")
        ),
        sa.ForeignKeyConstraint(
            ["call_id", "pbx"],
            ["calls.id", "calls.pbx"],
            name=op.f("fk_call_legs_call_id_pbx"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("call_id", "pbx", "channel", name=op.f("pk_call_legs")),
    )
    op.create_index(
        op.f("ix_call_legs_agent_started_at"),
        "call_legs",
        ["agent", "started_at"],
        unique=False,
        postgresql_where=sa.text("agent IS NOT NULL"),
    )
    op.create_table(
        "call_offers",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("pbx", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ring_s", sa.BigInteger(), nullable=False),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("alerting_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('reserved', 'committed', 'dialled', 'alerting', 'answered', 'refused', 'no_answer', 'unreachable', 'withdrawn')",
            name=op.f("ck_call_offers_state"),
        ),
        sa.ForeignKeyConstraint(
            ["call_id", "pbx"],
            ["calls.id", "calls.pbx"],
            name=op.f("fk_call_offers_call_id_pbx"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("call_id", "pbx", "id", name=op.f("pk_call_offers")),
    )
    op.create_index(
        op.f("ix_call_offers_agent_reserved_at"), "call_offers", ["agent", "reserved_at"], unique=False
    )
    op.create_table(
        "numbers",
        sa.Column("pbx", sa.Text(), nullable=False),
        sa.Column("e164", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("dialled", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("answer", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.ForeignKeyConstraint(["office"], ["offices.name"], name=op.f("fk_numbers_office")),
        sa.ForeignKeyConstraint(
            ["pbx", "queue"], ["queues.pbx", "queues.name"], name=op.f("fk_numbers_pbx_queue")
        ),
        sa.PrimaryKeyConstraint("pbx", "e164", name=op.f("pk_numbers")),
    )
    op.create_table(
        "teams",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.ForeignKeyConstraint(["office"], ["offices.name"], name=op.f("fk_teams_office")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_teams")),
    )
    op.create_table(
        "people",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("extension", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint("role IN ('agent', 'supervisor', 'admin')", name=op.f("ck_people_role")),
        sa.ForeignKeyConstraint(["office"], ["offices.name"], name=op.f("fk_people_office")),
        sa.ForeignKeyConstraint(["team"], ["teams.name"], name=op.f("fk_people_team")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_people")),
    )
    op.create_table(
        "agent_presence",
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("chosen", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wrap_up_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("misses", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("not_answering", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "(chosen = 'break') = (reason IS NOT NULL)", name=op.f("ck_agent_presence_reason")
        ),
        sa.CheckConstraint(
            "chosen IN ('available', 'break', 'offline')", name=op.f("ck_agent_presence_chosen")
        ),
        sa.ForeignKeyConstraint(["agent"], ["people.name"], name=op.f("fk_agent_presence_agent")),
        sa.PrimaryKeyConstraint("agent", name=op.f("pk_agent_presence")),
    )
    op.create_table(
        "credentials",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.name"], name=op.f("fk_credentials_person")),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_credentials")),
    )
    op.create_table(
        "customers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("office", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('provisional', 'kept', 'merged')", name=op.f("ck_customers_status")),
        sa.ForeignKeyConstraint(["office"], ["offices.name"], name=op.f("fk_customers_office")),
        sa.ForeignKeyConstraint(["owner"], ["people.name"], name=op.f("fk_customers_owner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
    )
    op.create_index(op.f("ix_customers_office_id"), "customers", ["office", "id"], unique=False)
    op.create_index(op.f("ix_customers_owner_id"), "customers", ["owner", "id"], unique=False)
    op.create_index(
        "ix_customers_provisional",
        "customers",
        ["owner"],
        unique=False,
        postgresql_where=sa.text("status = 'provisional' AND owner IS NOT NULL"),
    )
    op.create_index(
        "ix_customers_title_words",
        "customers",
        [sa.literal_column("to_tsvector('simple', title)")],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    op.create_table(
        "devices",
        sa.Column("pbx", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint("kind IN ('sip', 'contact', 'browser')", name=op.f("ck_devices_kind")),
        sa.ForeignKeyConstraint(["person"], ["people.name"], name=op.f("fk_devices_person")),
        sa.PrimaryKeyConstraint("pbx", "endpoint", name=op.f("pk_devices")),
    )
    op.create_index(op.f("ix_devices_person"), "devices", ["person"], unique=False)
    op.create_table(
        "queue_members",
        sa.Column("pbx", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["agent"], ["people.name"], name=op.f("fk_queue_members_agent")),
        sa.ForeignKeyConstraint(
            ["pbx", "queue"], ["queues.pbx", "queues.name"], name=op.f("fk_queue_members_pbx_queue")
        ),
        sa.PrimaryKeyConstraint("pbx", "queue", "agent", name=op.f("pk_queue_members")),
    )
    op.create_index(op.f("ix_queue_members_agent"), "queue_members", ["agent"], unique=False)
    op.create_table(
        "tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person"], ["people.name"], name=op.f("fk_tokens_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("sha256", name=op.f("uq_tokens_sha256")),
    )
    op.create_index(op.f("ix_tokens_person"), "tokens", ["person"], unique=False)
    op.create_table(
        "contact_choices",
        sa.Column("contact_point_id", sa.Uuid(), nullable=False),
        sa.Column("did", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("chosen_by", sa.Text(), nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_point_id"], ["contact_points.id"], name=op.f("fk_contact_choices_contact_point_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_contact_choices_customer_id")
        ),
        sa.PrimaryKeyConstraint("contact_point_id", "did", name=op.f("pk_contact_choices")),
    )
    op.create_index(op.f("ix_contact_choices_customer_id"), "contact_choices", ["customer_id"], unique=False)
    op.create_table(
        "customer_contacts",
        sa.Column("contact_point_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_point_id"], ["contact_points.id"], name=op.f("fk_customer_contacts_contact_point_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_customer_contacts_customer_id")
        ),
        sa.PrimaryKeyConstraint("contact_point_id", "customer_id", name=op.f("pk_customer_contacts")),
    )
    op.create_index(
        op.f("ix_customer_contacts_customer_id"), "customer_contacts", ["customer_id"], unique=False
    )
