"""Contexts of the generated dialplan (docs/architecture.md) that say where a call is by themselves."""

from __future__ import annotations

WAIT, NET, MESSAGE, GOODBYE = "cc-wait", "cc-net", "cc-voicemail", "cc-goodbye"

INBOUND = "cc-in-"  # how those of trunks begin
OUTBOUND = "cc-out-"  # and those in which agents call over them: the extension is the number, E.164

UNREACHED = "cc-unreached"  # where an agent's call goes on when the customer was not reached

WAITING = frozenset({WAIT, NET})
TELLING = frozenset({WAIT, NET, MESSAGE, GOODBYE, UNREACHED})
