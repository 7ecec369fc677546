"""Room for customer desk: search as one types, and cards that became part of others."""

# ruff: noqa: E501

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import DBAPIError

from crm_core.db.failures import driver_error
from crm_core.errors import StartRefused

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_WORDS = r"""to_tsvector('simple', translate(title, '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~«»„“”‘’–—…·№', repeat(' ', 44)))"""


def upgrade() -> None:
    """Forward only: going back means restoring the backup made before."""
    _trigrams()
    op.add_column("customers", sa.Column("merged_into", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_customers_merged_into"), "customers", "customers", ["merged_into"], ["id"])
    op.create_index(
        "ix_customers_merged_into",
        "customers",
        ["merged_into"],
        unique=False,
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.create_index(op.f("ix_customers_updated_at"), "customers", ["updated_at"], unique=False)
    op.create_index(
        op.f("ix_customers_office_updated_at"), "customers", ["office", "updated_at"], unique=False
    )
    op.create_index(op.f("ix_customers_owner_updated_at"), "customers", ["owner", "updated_at"], unique=False)
    op.create_index("ix_customers_title", "customers", [sa.text("lower(title)")], unique=False)
    op.drop_index("ix_customers_title_words", table_name="customers")
    op.create_index(
        "ix_customers_title_words",
        "customers",
        [sa.literal_column(_WORDS)],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    op.create_index(
        "ix_contact_points_part",
        "contact_points",
        ["value"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"value": "gin_trgm_ops"},
        postgresql_with={"fastupdate": "off"},
    )


def _trigrams() -> None:
    """Any part of a number is found by its trigrams. The extension may be made by a database's owner."""
    try:
        op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DBAPIError as error:
        why = str(driver_error(error)).partition("\n")[0]
        raise StartRefused(
            "CALLCARD_DATABASE_URL: the extension pg_trgm is needed and cannot be made here; let its owner "
            f'or an administrator run "CREATE EXTENSION pg_trgm" in this database ({why})'
        ) from error
