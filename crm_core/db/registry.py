"""Imports every module that defines tables, so that `Base.metadata` is whole.

Migrations and tests start here; application code imports only the tables it uses.
"""

from __future__ import annotations

from sqlalchemy import MetaData

import crm_core.audit.tables
import crm_core.calls.ledger_tables
import crm_core.calls.missed_tables
import crm_core.calls.tables
import crm_core.customers.tables
import crm_core.db.outbox
import crm_core.notes.tables
import crm_core.office.tables
import crm_core.people.phone_tables
import crm_core.people.tables
import crm_core.presence.tables
import crm_core.queues.tables
import crm_core.recordings.tables  # noqa: F401
from crm_core.db.base import Base


def metadata() -> MetaData:
    """The metadata with all tables of the house."""
    return Base.metadata
