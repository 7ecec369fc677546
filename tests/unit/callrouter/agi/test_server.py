"""Who may ask."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from callrouter.agi.server import may_ask

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("127.0.0.9", True),
        ("::1", True),
        ("10.1.2.3", True),
        ("10.2.0.1", False),
        ("203.0.113.9", False),
        ("2001:db8::1", False),
    ],
)
def test_only_loopback_and_named_networks_may_ask(address: str, may: bool) -> None:
    assert may_ask(address, (ip_network("10.1.0.0/16"),)) is may
