"""Run by Alembic for each command. The connection, its transaction and lock are `migrate`'s."""

from __future__ import annotations

from alembic import context

from crm_core.db.registry import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata(),
    compare_server_default=True,
)
context.run_migrations()
