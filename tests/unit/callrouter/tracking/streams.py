"""Streams for the tracker's tests: those recorded from a real Asterisk, as observations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from callrouter.ami.frames import FrameDecoder
from callrouter.reading.observations import Observation
from callrouter.reading.read import READERS, read_event
from callrouter.tracking.directory import Directory

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DATA = Path(__file__).parents[3] / "data"
BEAT = timedelta(milliseconds=100)  # between two observations of a recorded stream

OFFICE = Directory(
    endpoints={f"agent-{name}-desk": name for name in ("anna", "boris", "clara", "vera")},
    agent_extensions={"101": "anna", "102": "boris", "103": "clara"},
    queue_extensions={"600": "sales"},
    trunks=frozenset({"trunk", "trunk-carrier"}),
    number_queues={"+74955550100": "sales", "+994125550100": "quiet"},
    caller_ids={"carrier": "+74955550100"},
)


def _streams() -> dict[str, tuple[Path, str]]:
    """Name -> file and system name: one group per dialplan they were recorded with."""
    found = {path.stem: (path, "cc-7d0f3b9a") for path in (DATA / "ami").glob("*.txt")}
    walked = {
        f"walked_{path.parent.name}": (path, "cc-5e1f0a9b") for path in (DATA / "calls").glob("*/ami.txt")
    }
    return dict(sorted((found | walked).items()))


_FILES = _streams()
STREAMS = list(_FILES)
WALKED = [name for name in STREAMS if name.startswith("walked_")]


@cache
def recorded(name: str) -> tuple[Observation, ...]:
    """The observations of one recorded stream, one beat apart."""
    path, systemname = _FILES[name]
    decoder = FrameDecoder(wanted=READERS, systemname=systemname, reply_prefix="tap-")
    found: list[Observation] = []
    for fields in decoder.feed(path.read_bytes()):
        item = read_event(fields, AT + BEAT * len(found))
        if item is not None:
            found.append(item)
    return tuple(found)
