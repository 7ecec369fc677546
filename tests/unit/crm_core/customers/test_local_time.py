"""A customer's time is said when the numbers leave no choice."""

from __future__ import annotations

import pytest

from crm_core.customers.local_time import certain_zone

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("phones", "zone"),
    [
        (["+74955550142"], "Europe/Moscow"),
        (["+74955550142", "+74955550143"], "Europe/Moscow"),
        (["+994125550142"], "Asia/Baku"),
        (["+79165550142"], None),  # a mobile of eleven zones
        (["+74955550142", "+994125550142"], None),
        ([], None),
    ],
)
def test_one_zone_or_none(phones: list[str], zone: str | None) -> None:
    assert certain_zone(phones) == zone
