"""AMI bytes → observations, beside bare panoramisk with one callback, on the same bytes in the same run.

The bytes are the recorded calls of `tests/data/ami`, repeated with fresh channel and call ids, as the
listener's own account received them. Prints one JSON line.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

from panoramisk import Manager
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

from callrouter.ami.frames import FrameDecoder
from callrouter.reading.read import WANTED, read_event
from crm_core.clock import SystemClock

SYSTEM = "cc-7d0f3b9a"
BANNER = b"Asterisk Call Manager/11.0.0\r\n"
_READ = 64 * 1024
_DATA = Path(__file__).parents[1] / "tests/data/ami"
# Everything that makes a call distinct on the wire: Uniqueids, channel numbers, call and bridge ids.
_UNIQUEID = re.compile(rb"(%s-\d{10})\.(\d+)" % SYSTEM.encode())
_CHANNEL = re.compile(rb"(PJSIP/[\w-]+-|Local/[\w@-]+-)[0-9a-f]{6}([0-9a-f]{2})\b")
_UUID = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")


def recorded() -> bytes:
    """The pushed events of all recordings; logins and goodbyes are left out."""
    streams = [path.read_bytes().removeprefix(BANNER) for path in sorted(_DATA.glob("*.txt"))]
    frames = [frame for stream in streams for frame in stream.split(b"\r\n\r\n") if frame]
    events = [frame for frame in frames if b"\r\nSystemName: " in frame]
    return b"".join(frame + b"\r\n\r\n" for frame in events)


def renumbered(stream: bytes, times: int) -> Iterator[bytes]:
    """The stream *times* over, each time as other calls."""
    for turn in range(times):
        again = _UNIQUEID.sub(rb"\g<1>.%d\g<2>" % turn, stream)
        again = _CHANNEL.sub(rb"\g<1>%06x\g<2>" % turn, again)
        yield _UUID.sub(rb"%08x\g<1>" % turn, again)


def ours(data: bytes) -> int:
    """Decode and read; returns the number of frames."""
    decoder = FrameDecoder(wanted=WANTED, systemname=SYSTEM, reply_prefix=str(UUID(int=0)))
    at = SystemClock().now()
    decoder.feed(BANNER)
    for start in range(0, len(data), _READ):
        for fields in decoder.feed(data[start : start + _READ]):
            read_event(fields, at)
    assert decoder.rejects == 0, decoder.rejected
    return decoder.frames


def peer(data: bytes) -> int:
    """Bare panoramisk with one callback for all events; returns the number of events."""
    seen = 0

    def callback(_manager: Manager, _message: Message) -> None:
        nonlocal seen
        seen += 1

    loop = asyncio.new_event_loop()
    manager = Manager(loop=loop)
    manager.register_event("*", callback)
    protocol = AMIProtocol()
    protocol.connection_made(None)
    protocol.factory, protocol.encoding = manager, "utf8"
    for start in range(0, len(data), _READ):
        protocol.data_received(data[start : start + _READ])
    loop.close()
    return seen


def rate(run: Callable[[bytes], int], data: bytes) -> tuple[float, int]:
    """Events a second of one run."""
    began = time.perf_counter()
    events = run(data)
    return events / (time.perf_counter() - began), events


def main(times: int = 100, rounds: int = 3) -> None:
    """Measure in turn, so that a busy machine slows both; the best round of each counts."""
    logging.disable(logging.CRITICAL)
    data = b"".join(renumbered(recorded(), times))
    measured = [(rate(ours, data), rate(peer, data)) for _ in range(rounds)]
    events = {count for pair in measured for _, count in pair}
    assert len(events) == 1, "both must have seen every event"
    best_ours, best_peer = (max(pair[side][0] for pair in measured) for side in (0, 1))
    line = {
        "name": "ami.stream.observations",
        "ours": round(best_ours),
        "peer": round(best_peer),
        "ratio": round(best_ours / best_peer, 2),
        "unit": "events/s",
        "n": events.pop(),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
