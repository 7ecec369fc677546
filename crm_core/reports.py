"""What one process tells the others of itself: its parts' health and what it counted."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from crm_core.errors import BadInput
from crm_core.health import Health, PartHealth
from crm_core.i18n import N_


class Report(Struct, frozen=True, kw_only=True):
    """A process as it is at one moment.

    *run* is another after each start of the process, *beat* after each report of a run. *metrics* is
    Prometheus' text format.
    """

    run: str
    beat: int
    parts: tuple[PartHealth, ...]
    metrics: str = ""


_decoder = msgspec.json.Decoder(Report)


def encode(report: Report) -> bytes:
    """JSON."""
    return msgspec.json.encode(report)


def decode(data: bytes) -> Report:
    """The report that *data* holds. Raises BadInput when it is none."""
    try:
        return _decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise BadInput(N_("This is not a report."), field="report") from error


def fold(health: Health, before: tuple[str, ...], parts: tuple[PartHealth, ...]) -> tuple[str, ...]:
    """Put *parts* into *health* in the place of those named *before*; their names, for the next time.

    A process that was started again may not have spoken of each of its parts yet: what it said of them
    before its end holds no longer.
    """
    names = tuple(part.name for part in parts)
    for part in parts:
        health.take(part)
    for name in before:
        if name not in names:
            health.forget(name)
    return names
