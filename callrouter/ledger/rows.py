"""One record of the CEL file, read strictly.

The file is CSV, every column quoted by Asterisk's CSV_QUOTE: a quote inside a field is doubled, a line
break is left as it is. The columns are those of the generated cel_custom.conf, in its order.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

import msgspec

from callrouter.reading.text import clean
from crm_core.ids import parse_id

# Event time, then caller's name and number, then where the channel is; the rest says what it does.
COLUMNS: Final = (
    "eventtype",
    "eventtime",
    "cid_name",
    "cid_num",
    "cid_ani",
    "cid_rdnis",
    "cid_dnid",
    "exten",
    "context",
    "channame",
    "appname",
    "appdata",
    "amaflags",
    "accountcode",
    "uniqueid",
    "linkedid",
    "peer",
    "userfield",
    "userdeftype",
    "eventextra",
)
MAX_RECORD: Final = 16_384  # bytes; Asterisk's own fields are below 1 KiB each, most below 80

_MAX_ID: Final = 256
_MAX_APP_DATA: Final = 1024
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST, _LATEST = 946_684_800, 7_258_118_400  # years 2000 and 2200
_NO_EXTRA: Mapping[str, str | int] = MappingProxyType({})


class CelEvent(StrEnum):
    """Events that calls are settled by. The order is that of one channel's life at one moment."""

    CHAN_START = "CHAN_START"
    APP_START = "APP_START"
    ANSWER = "ANSWER"
    BRIDGE_ENTER = "BRIDGE_ENTER"
    BLINDTRANSFER = "BLINDTRANSFER"
    ATTENDEDTRANSFER = "ATTENDEDTRANSFER"
    BRIDGE_EXIT = "BRIDGE_EXIT"
    HANGUP = "HANGUP"
    CHAN_END = "CHAN_END"


# Written to the file, of no use here. LINKEDID_END comes early for consult legs: nothing is settled by it.
_UNUSED: Final = frozenset(
    {
        "APP_END",
        "FORWARD",
        "LINKEDID_END",
        "LOCAL_OPTIMIZE",
        "PARK_END",
        "PARK_START",
        "PICKUP",
        "STREAM_BEGIN",
        "STREAM_END",
        "USER_DEFINED",
    }
)
_WITH_EXTRA: Final = frozenset(
    {
        CelEvent.BRIDGE_ENTER,
        CelEvent.BRIDGE_EXIT,
        CelEvent.BLINDTRANSFER,
        CelEvent.ATTENDEDTRANSFER,
        CelEvent.HANGUP,
    }
)


class BadRow(ValueError):
    """The record is not of the form the generated configuration writes. The text names the reason only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CelRow:
    """One event of one channel. Texts are cleaned and capped; *extra* is the event's own data."""

    event: CelEvent
    at: datetime  # the PBX's own clock, aware UTC
    caller_name: str
    caller_number: str
    exten: str
    context: str
    channel: str  # PJSIP/agent-anna-desk-0000001a
    app: str  # lower case
    app_data: str
    call_id: UUID | None  # accountcode; None: not set, or not one of ours
    uniqueid: str
    linkedid: str
    extra: Mapping[str, str | int]

    def text(self, key: str) -> str:
        """A text of *extra*; empty when it is not there, or Asterisk says `N/A`."""
        value = self.extra.get(key, "")
        return value if isinstance(value, str) and value != "N/A" else ""


def read_row(record: bytes) -> CelRow | None:
    """The row of one whole record; None when it is well formed but settles nothing.

    Raises BadRow.
    """
    values = _fields(record)
    try:
        event = CelEvent(values["eventtype"])
    except ValueError:
        if values["eventtype"] in _UNUSED:
            return None
        raise BadRow("event type") from None
    return CelRow(
        event=event,
        at=_time(values["eventtime"]),
        caller_name=clean(values["cid_name"]),
        caller_number=clean(values["cid_num"]),
        exten=clean(values["exten"]),
        context=clean(values["context"]),
        channel=_identifier(values["channame"]),
        app=clean(values["appname"]).lower(),
        app_data=clean(values["appdata"], _MAX_APP_DATA),
        call_id=parse_id(values["accountcode"]),
        uniqueid=_identifier(values["uniqueid"]),
        linkedid=_identifier(values["linkedid"]),
        extra=_extra(values["eventextra"]) if event in _WITH_EXTRA else _NO_EXTRA,
    )


def _fields(record: bytes) -> dict[str, str]:
    if len(record) > MAX_RECORD:
        raise BadRow("size")
    if not (record.startswith(b'"') and record.endswith(b'"\n')):
        raise BadRow("not one CSV record")
    try:
        text = record.decode("utf-8", "replace")
        (fields,) = csv.reader(io.StringIO(text, newline=""), strict=True)
    except (csv.Error, ValueError):
        raise BadRow("not one CSV record") from None
    if len(fields) != len(COLUMNS):
        raise BadRow("number of columns")
    return dict(zip(COLUMNS, fields, strict=True))


def _time(text: str) -> datetime:
    """`<seconds>.<6 digits>`, as `dateformat=%s.%6q` writes it; exact, no floats."""
    seconds, dot, micros = text.partition(".")
    if not (dot and len(micros) == 6 and (seconds + micros).isascii() and (seconds + micros).isdigit()):
        raise BadRow("event time")
    if not _EARLIEST <= int(seconds[:12]) < _LATEST:
        raise BadRow("event time")
    return _EPOCH + timedelta(seconds=int(seconds), microseconds=int(micros))


def _identifier(text: str) -> str:
    if not text or len(text) > _MAX_ID or not text.isprintable():
        raise BadRow("an id")
    return text


def _extra(text: str) -> Mapping[str, str | int]:
    try:
        found = msgspec.json.decode(text, type=dict[str, str | int | None]) if text else {}
    except (msgspec.DecodeError, UnicodeError):
        raise BadRow("extra data") from None
    return {
        key: value if isinstance(value, int) else _checked(value)
        for key, value in found.items()
        if value is not None
    }


def _checked(text: str) -> str:
    if len(text) > _MAX_ID or not text.isprintable():
        raise BadRow("extra data")
    return text
