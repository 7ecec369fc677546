"""CEL records for the ledger's tests: those of recorded calls, and made ones as Asterisk writes them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from callrouter.ledger.rows import COLUMNS, CelRow, read_row
from callrouter.tracking.directory import Directory

DATA = Path(__file__).parents[3] / "data" / "calls"
NAMES = sorted(path.parent.name for path in DATA.glob("*/cel.csv"))
OFFICE = Directory(
    endpoints={f"agent-{name}-desk": name for name in ("anna", "boris", "clara")},
    agent_extensions={"101": "anna", "102": "boris", "103": "clara"},
    queue_extensions={"600": "sales"},
    trunks=frozenset({"trunk-carrier"}),
    number_queues={"+74955550100": "sales", "+994125550100": "quiet"},
    caller_ids={"carrier": "+74955550100"},
    dialled={"+74955550100": "+74955550100", "74955550100": "+74955550100", "+994125550100": "+994125550100"},
)
CALL = "0e4a8a52-6d5c-4c1f-9a52-3f0f5f6f7a01"
OTHER = "0e4a8a52-6d5c-4c1f-9a52-3f0f5f6f7a02"


@cache
def recorded(name: str) -> bytes:
    """The CEL file of one recorded call."""
    return (DATA / name / "cel.csv").read_bytes()


def record(event: str = "CHAN_START", at: float = 1_795_000_000.0, /, **values: Any) -> bytes:
    """One record as CSV_QUOTE writes it; columns that are not given are those of a plain caller's channel."""
    seconds, micros = divmod(round(at * 1_000_000), 1_000_000)
    given = {
        "eventtype": event,
        "eventtime": f"{seconds}.{micros:06}",
        "cid_num": "+79161234567",
        "exten": "+74955550100",
        "context": "cc-in-carrier",
        "channame": "PJSIP/trunk-carrier-00000001",
        "amaflags": "3",
        "uniqueid": "cc-5e1f0a9b-1795000000.1",
        "linkedid": "cc-5e1f0a9b-1795000000.1",
        **values,
    }
    fields = (str(given.pop(name, "")) for name in COLUMNS)
    line = ",".join('"' + field.replace('"', '""') + '"' for field in fields)
    assert not given, given
    return line.encode() + b"\n"


def row(event: str = "CHAN_START", at: float = 1_795_000_000.0, /, **values: Any) -> CelRow:
    """The same, read."""
    read = read_row(record(event, at, **values))
    assert read is not None
    return read
