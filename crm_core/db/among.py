"""Rows of some ids, by one and the same statement however many they are."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, any_, literal
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute


def among(column: InstrumentedAttribute[Any], ids: Collection[UUID]) -> ColumnElement[bool]:
    """Rows whose *column* is one of *ids*.

    `IN` has a text for each number of ids, and each text is prepared and planned on each connection. An
    index gives no order by this one: where a few rows are wanted in order, ask for one id.
    """
    return column == any_(literal(list(ids), ARRAY(Uuid())))
