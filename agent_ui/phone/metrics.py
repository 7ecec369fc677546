"""What the web counts of phones in the browser, under the names dashboards rely on."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

PHONES = Gauge("callcard_browser_phones", "Phones in the browser that are connected through this process.")
PHONES_ENDED = Counter("callcard_browser_phones_ended", "Their connections by why they ended.", ["reason"])
PHONE_KEYS = Counter("callcard_browser_phone_keys", "Passwords asked for, by outcome.", ["result"])
