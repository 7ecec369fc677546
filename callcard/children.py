"""What the supervisor owns, told to its worker and to the doctor by a file: state and since when.

`children.json` is replaced at each change, also while a child waits to be started again. It is believed
only while somebody holds the lock of the data folder.
"""

from __future__ import annotations

import asyncio

import structlog

from callcard.layout import Layout, is_owned
from crm_core.errors import BadInput
from crm_core.health import Health, PartHealth
from crm_core.private_file import write_private
from crm_core.reports import Report, decode, encode, fold

log = structlog.get_logger(__name__)

WORKER = "worker"
_LOOK_S = 1.0


class ChildrenFile:
    """The supervisor's side: `say` is what a `Reporter` says it to."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._written: tuple[PartHealth, ...] | None = None

    async def say(self, report: Report) -> None:
        """Replace the file when something differs."""
        if report.parts == self._written:
            return
        try:
            await asyncio.to_thread(write_private, self._layout.children, encode(report), durable=False)
            self._written = report.parts
        except OSError as error:
            log.warning("children file not written", reason=error.strerror)


def read_children(layout: Layout) -> tuple[PartHealth, ...]:
    """The children of the `callcard up` that runs now; none when there is none. Blocking."""
    if not is_owned(layout):
        return ()
    try:
        return decode(layout.children.read_bytes()).parts
    except (OSError, BadInput):
        return ()


class Children:
    """The worker's side: the supervisor's other children as parts of its own health."""

    def __init__(self, layout: Layout, health: Health) -> None:
        self._layout, self._health = layout, health
        self._names: tuple[str, ...] = ()

    async def look(self) -> None:
        """Read the file once. That the worker is up is said by its answering."""
        found = await asyncio.to_thread(read_children, self._layout)
        others = tuple(part for part in found if part.name != WORKER)
        self._names = fold(self._health, self._names, others)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            await self.look()
