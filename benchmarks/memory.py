"""What a worker takes when it is idle, and how much more after 10,000 calls.

`memory.idle`: resident size of a worker (router, web and recorder) that has just started, in its own process.
`memory.worker`: growth of this process while the parts of a worker that hold calls in memory (tracker,
dispatcher, outlet, bus, live view) follow 10,000 recorded calls, two a second, after a warm-up of 1,000;
beside the 10 MB it may grow. Rows are handed to a journal that forgets them.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

from agent_ui.live.hub import LiveHub
from benchmarks import report
from benchmarks.house import running_bench
from benchmarks.tracker_memory import BUDGET_MB, CALLS, WARM_UP, replayed, resident_mb
from callcard.tapped_bus import TappedBus
from callrouter.acd.behind import WorkBehind
from callrouter.acd.core import Core, Limits
from callrouter.acd.dispatcher import Dispatcher
from callrouter.acd.outlet import EventOutlet
from callrouter.reading.observations import Observation
from callrouter.tracking.tracker import CallTracker
from crm_core.calls.events import CallEvent
from crm_core.health import Health
from crm_core.live.directory import Directory
from crm_core.live.projection import Seed
from crm_core.people.model import Reader
from tests.fakes.clock import FakeClock
from tests.unit.callrouter.acd.world import Callers, Keeper, Probes, Switch, person, queue
from tests.unit.callrouter.tracking.streams import OFFICE

NAMES = tuple(OFFICE.endpoints.values())


class Worker:
    """The parts of a worker that hold calls in memory, on a clock that the stream moves."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.people = [person(name) for name in NAMES]
        self.queues = [queue(name, *NAMES) for name in sorted(set(OFFICE.number_queues.values()))]
        self.behind = WorkBehind()
        bus = TappedBus()
        self.outlet = EventOutlet(bus, _forget)
        self.hub = LiveHub(
            bus=bus, load=self._seed, recheck=_nobody, clock=self.clock, health=Health(self.clock)
        )
        bus.tap(self.hub.hand_over)
        core = Core(
            clock=self.clock,
            tracker=CallTracker(OFFICE, "main"),
            outlet=self.outlet,
            pbx="main",
            limits=Limits(),
        )
        self.deadlines = core.deadlines
        self.dispatcher = Dispatcher(
            core,
            switch=Switch(),
            probes=Probes(),
            callers=Callers(),
            keeper=Keeper(self.clock),
            behind=self.behind,
        )
        self.dispatcher.configure(self.people, self.queues)
        core.seeing = True

    async def follow(self, item: Observation) -> None:
        """What the switch showed, and everything that comes of it."""
        self.clock.advance(max(0.0, (item.at - self.clock.now()).total_seconds()))
        self.deadlines.run_due()
        self.dispatcher.observe(item)
        await self.outlet.bus.drain()
        await self.outlet.journal.drain()
        await self.behind.pass_once()

    async def _seed(self) -> Seed:
        return Seed(directory=Directory(people=self.people, queues=self.queues))


async def _forget(_events: Sequence[CallEvent], *, heard: bool) -> None:
    assert heard, "the bus comes first"


async def _nobody(_ids: Collection[str]) -> Mapping[str, Reader]:
    return {}


async def replay() -> None:
    """Measure the growth."""
    worker = Worker()
    showing = asyncio.create_task(worker.hub.run(), name="live")
    for _ in range(500):
        if worker.hub.ready:
            break
        await asyncio.sleep(0.01)
    warm = worker.clock.now() + timedelta(seconds=WARM_UP / 2)
    before = 0.0
    for number, item in enumerate(replayed(WARM_UP + CALLS)):
        if before == 0.0 and item.at >= warm:
            gc.collect()
            before = resident_mb()
        await worker.follow(item)
        if number % 1000 == 0:
            await asyncio.sleep(0)  # the live view's own tasks get their turn
    gc.collect()
    report.line("memory.worker", ours=resident_mb() - before, peer=BUDGET_MB, unit="MB", n=CALLS)
    showing.cancel()
    await asyncio.wait({showing})


async def main() -> None:
    """Print both lines."""
    report.quiet()
    await replay()
    async with running_bench(agents=3) as bench:
        worker = bench.supervisor.worker
        assert worker is not None and worker.child is not None
        report.line("memory.idle", ours=resident_mb(worker.child.pid), peer=None, unit="MB", n=1)


if __name__ == "__main__":
    asyncio.run(main())
