"""Fresh secrets for a private PBX of a test."""

from __future__ import annotations

import secrets
from collections.abc import Iterable


def new_secret() -> str:
    """A secret of 192 bits in letters, digits, `-` and `_`."""
    return secrets.token_urlsafe(24)


def new_system_name() -> str:
    """Like that of a real installation: short, and nobody can guess it."""
    return "cc" + secrets.token_hex(8)


def new_device_secrets(endpoints: Iterable[str]) -> dict[str, str]:
    """A password for each endpoint."""
    return {endpoint: new_secret() for endpoint in endpoints}
