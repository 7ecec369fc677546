"""Who may ask."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from callrouter.agi.server import may_ask, peers_of

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


@pytest.mark.parametrize(
    ("address", "may"),
    [("10.1.2.3", True), ("10.1.2.4", False), ("10.9.0.7", True), ("127.0.0.1", True)],
)
def test_the_host_by_its_own_address_and_the_pbx_may_ask(address: str, may: bool) -> None:
    assert may_ask(address, peers_of("10.1.2.3", "10.9.0.7", "pbx.example")) is may
