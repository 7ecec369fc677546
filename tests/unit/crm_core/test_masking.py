"""Enough to recognise, not enough to know."""

from __future__ import annotations

import pytest

from crm_core.masking import mask_address, mask_name, mask_number

pytestmark = pytest.mark.unit


def test_masks() -> None:
    assert [mask_number(n) for n in ("+74955550142", "101", "", None)] == ["…42", "…", "…", "…"]
    assert [mask_name(n) for n in ("password1", "a", "")] == ["p…", "a…", "…"]


@pytest.mark.parametrize(
    ("address", "masked"),
    [("203.0.113.7", "203.0.113.…"), ("2001:db8:1:2::", "2001:db8:1:…"), ("unknown", "unknown")],
)
def test_the_last_part_of_an_address_is_nobodys_business(address: str, masked: str) -> None:
    assert mask_address(address) == masked
