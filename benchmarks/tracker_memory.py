"""What the tracker holds on to: resident size before and after 10,000 calls, two a second, replayed.

`memory.tracker`: growth after a warm-up of 1,000 calls, beside the 10 MB it may grow. `tracker.observation`:
the time of folding one observation.
"""

from __future__ import annotations

import gc
import itertools
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from msgspec.structs import asdict, replace

from benchmarks import report
from callrouter.reading.observations import ChannelFacts, Observation, PbxBooted
from callrouter.tracking.tracker import CallTracker
from tests.unit.callrouter.tracking.streams import OFFICE, WALKED, recorded

CALLS, WARM_UP, BUDGET_MB = 10_000, 1_000, 10.0


def resident_mb(pid: int | None = None) -> float:
    """VmRSS of this process, or of *pid*."""
    for line in Path(f"/proc/{pid or 'self'}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmRSS")


def replayed(count: int) -> Iterator[Observation]:
    """*count* recorded calls one after another, each with channels, bridges and ids of its own."""
    kinds = itertools.cycle(WALKED)
    for number in range(count):
        later = timedelta(seconds=number / 2)
        ids: dict[UUID, UUID] = {}
        for item in recorded(next(kinds)):
            if not isinstance(item, PbxBooted):
                yield _renewed(item, number, later, ids)


def _renewed(item: Observation, number: int, later: timedelta, ids: dict[UUID, UUID]) -> Observation:
    changes: dict[str, Any] = {"at": item.at + later}
    for name, value in asdict(item).items():
        if isinstance(value, ChannelFacts):
            call_id = ids.setdefault(value.call_id, uuid4()) if value.call_id is not None else None
            uniqueid = f"{value.uniqueid}{number:06}"
            changes[name] = replace(value, uniqueid=uniqueid, call_id=call_id)
        elif name == "bridge":
            changes["bridge"] = f"{value}-{number}"
    return replace(item, **changes)


def main() -> None:
    """Print the line."""
    tracker = CallTracker(OFFICE, "main")
    items = replayed(WARM_UP + CALLS)
    observations = 0
    spent = 0.0
    before = 0.0
    for item in items:
        if before == 0.0 and item.at >= recorded(WALKED[0])[0].at + timedelta(seconds=WARM_UP / 2):
            gc.collect()
            before = resident_mb()
        began = time.process_time()
        tracker.apply(item)
        spent += time.process_time() - began
        observations += 1
    gc.collect()
    grown = resident_mb() - before
    report.line("memory.tracker", ours=grown, peer=BUDGET_MB, unit="MB", n=CALLS)
    report.line("tracker.observation", ours=spent / observations * 1e6, peer=None, unit="us", n=observations)


if __name__ == "__main__":
    main()
