"""Offices from plain data, as tests write them."""

from __future__ import annotations

import msgspec

from crm_core.office.model import OfficeFile


def decode_office(raw: object) -> OfficeFile:
    """Plain data as an office. Raises msgspec.ValidationError."""
    return msgspec.convert(raw, OfficeFile)
