"""What time it is where a customer is, as far as the numbers say so for certain."""

from __future__ import annotations

from collections.abc import Iterable

import phonenumbers
from phonenumbers.timezone import time_zones_for_number


def certain_zone(phones: Iterable[str]) -> str | None:
    """The one time zone (IANA) of all *phones* (E.164); None when they leave a choice, or none."""
    zones = {zone for phone in phones for zone in time_zones_for_number(phonenumbers.parse(phone))}
    if len(zones) != 1:
        return None
    (zone,) = zones
    return None if zone == phonenumbers.timezone.UNKNOWN_TIMEZONE else zone
