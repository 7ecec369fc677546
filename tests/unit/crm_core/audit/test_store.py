"""What of a change goes into the audit."""

from __future__ import annotations

import pytest

from crm_core.audit.store import changed

pytestmark = pytest.mark.unit


def test_only_what_differs_is_written() -> None:
    before = {"title": "A", "owner": "anna", "phones": ["+74955550142"]}
    after = {"title": "B", "owner": "anna", "phones": ["+74955550142"], "office": "moscow"}
    assert changed(before, after) == ({"title": "A", "office": None}, {"title": "B", "office": "moscow"})
    assert changed(before, before) == ({}, {})
