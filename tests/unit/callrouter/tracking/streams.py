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
RECORDED = Path(__file__).parents[3] / "data" / "ami"
STREAMS = sorted(path.stem for path in RECORDED.glob("*.txt"))
BEAT = timedelta(milliseconds=100)  # between two observations of a recorded stream

OFFICE = Directory(
    endpoints={"agent-anna-desk": "anna", "agent-boris-desk": "boris", "agent-vera-desk": "vera"},
    agent_extensions={"101": "anna", "102": "boris", "103": "vera"},
    queue_extensions={"601": "sales", "602": "service"},
    trunks=frozenset({"trunk"}),
    number_queues={"+74955550100": "sales"},
)


@cache
def recorded(name: str) -> tuple[Observation, ...]:
    """The observations of one recorded stream, one beat apart."""
    decoder = FrameDecoder(wanted=READERS, systemname="cc-7d0f3b9a", reply_prefix="x-")
    found: list[Observation] = []
    for fields in decoder.feed((RECORDED / f"{name}.txt").read_bytes()):
        item = read_event(fields, AT + BEAT * len(found))
        if item is not None:
            found.append(item)
    return tuple(found)
