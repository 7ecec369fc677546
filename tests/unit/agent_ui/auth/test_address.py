"""Whom guesses are counted against."""

from __future__ import annotations

import pytest

from agent_ui.auth.address import network

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::1", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", "unknown"),
        ("evil", "unknown"),
        ("192.0.2.7:1234", "unknown"),
    ],
)
def test_one_customer_counts_once(address: str, counted: str) -> None:
    assert network(address) == counted
