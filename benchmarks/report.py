"""One JSON object a line: what was measured, beside what, in one run."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Sequence

import structlog


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which *share* (0-1) of *values* lie (nearest rank)."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("nothing was measured")
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]


def line(name: str, *, ours: float, peer: float | None, unit: str, n: int) -> None:
    """Print one result. *ratio* is ours to peer; a peer of None is a figure without one."""
    ratio = round(ours / peer, 3) if peer else None
    shown = {
        "name": name,
        "ours": round(ours, 3),
        "peer": None if peer is None else round(peer, 3),
        "ratio": ratio,
        "unit": unit,
        "n": n,
    }
    sys.stdout.write(json.dumps(shown) + "\n")
    sys.stdout.flush()


def spread(
    name: str,
    ours: Sequence[float],
    peer: Sequence[float] | None = None,
    *,
    shares: Sequence[float] = (0.5, 0.95),
) -> None:
    """Print percentiles of times in milliseconds, a line for each of *shares*: `<name>.p50`, `<name>.p95`."""
    for share in shares:
        line(
            f"{name}.p{share * 100:.0f}",
            ours=percentile(ours, share),
            peer=None if peer is None else percentile(peer, share),
            unit="ms",
            n=len(ours),
        )


def quiet() -> None:
    """Only results on standard output: log lines below warning are dropped, the rest go to standard error."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
