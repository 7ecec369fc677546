"""AMI bytes → call changes, beside bare panoramisk with one callback, on the same bytes in the same run.

The whole way of the listener's stream: decoded, read, folded into calls, as batches of what one read of the
socket brings. The bytes are those of `benchmarks.ami_stream`.
"""

from __future__ import annotations

import logging
import sys
from uuid import UUID

from benchmarks import report
from benchmarks.ami_stream import BANNER, SYSTEM, peer, rate, recorded, renumbered
from callrouter.ami.frames import FrameDecoder
from callrouter.reading.read import WANTED, read_event
from callrouter.tracking.tracker import CallTracker
from crm_core.clock import SystemClock
from tests.unit.callrouter.tracking.streams import OFFICE

READ = 64 * 1024


def ours(data: bytes) -> int:
    """Decode, read and fold; returns the number of frames."""
    decoder = FrameDecoder(wanted=WANTED, systemname=SYSTEM, reply_prefix=str(UUID(int=0)))
    tracker = CallTracker(OFFICE, "main")
    at = SystemClock().now()
    decoder.feed(BANNER)
    for start in range(0, len(data), READ):
        read = (read_event(fields, at) for fields in decoder.feed(data[start : start + READ]))
        tracker.apply_all(item for item in read if item is not None)
    assert not list(tracker.live_calls()), "every recorded call ends"
    return decoder.frames


def main(times: int = 100, rounds: int = 3) -> None:
    """Measure in turn, so that a busy machine slows both; the best round of each counts."""
    logging.disable(logging.CRITICAL)
    data = b"".join(renumbered(recorded(), times))
    measured = [(rate(ours, data), rate(peer, data)) for _ in range(rounds)]
    best_ours, best_peer = (max(pair[side][0] for pair in measured) for side in (0, 1))
    events = measured[0][0][1]
    report.line("ami.stream.changes", ours=best_ours, peer=best_peer, unit="events/s", n=events)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
