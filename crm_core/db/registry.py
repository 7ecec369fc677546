"""Imports every module that defines tables, so that `Base.metadata` is whole.

Migrations and tests start here; application code imports only the tables it uses.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from sqlalchemy import MetaData

from crm_core.db.base import Base

MODULES = (
    "crm_core.people.tables",
    "crm_core.queues.tables",
    "crm_core.office.tables",
    "crm_core.customers.tables",
    "crm_core.presence.tables",
    "crm_core.calls.tables",
    "crm_core.recordings.tables",
    "crm_core.audit.tables",
    "crm_core.db.outbox",
)


def metadata() -> MetaData:
    """The metadata with all tables of the house."""
    for name in MODULES:
        if find_spec(name) is not None:
            import_module(name)
    return Base.metadata
