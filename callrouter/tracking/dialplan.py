"""Contexts of the generated dialplan (docs/architecture.md) that say where a call is by themselves."""

from __future__ import annotations

WAIT, NET, MESSAGE, GOODBYE = "cc-wait", "cc-net", "cc-voicemail", "cc-goodbye"

INBOUND = "cc-in-"  # how those of trunks begin

WAITING = frozenset({WAIT, NET})
TELLING = frozenset({WAIT, NET, MESSAGE, GOODBYE})
