"""The router: composes links, tracker, dispatcher, AGI server and mirror, and owns their tasks.

listener link → reading → tracker → dispatcher ─┬→ outlet → bus, journal
dialplan ⇄ AGI server ⇄ dispatcher             └→ commands → actor link
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any

import structlog

from callrouter.acd.behind import WorkBehind
from callrouter.acd.cards import Cards
from callrouter.acd.core import Core
from callrouter.acd.dispatcher import Dispatcher
from callrouter.acd.leading import Leading
from callrouter.acd.outlet import EventOutlet
from callrouter.acd.presence_cache import PresenceCache
from callrouter.acd.questions import Questions
from callrouter.agi.answering import agi_server
from callrouter.ami.actions import Actor
from callrouter.control.commands import Commands
from callrouter.control.dialler import Dialler
from callrouter.control.mirror import Mirror
from callrouter.control.probes import Probes
from callrouter.given import Customers, Journal, Presences, RouterSettings, in_time
from callrouter.links import Links
from callrouter.metrics import Noticed
from callrouter.news import News
from callrouter.reading.observations import Observation, Snapshot
from callrouter.tracking.directory import Directory
from callrouter.tracking.facts import Fact
from callrouter.tracking.tracker import CallTracker
from callrouter.tracking.up_now import UpNow
from crm_core.bus.port import Bus
from crm_core.call_path import CallPath
from crm_core.clock import Clock
from crm_core.db.engine import PART as DATABASE
from crm_core.errors import Unavailable
from crm_core.health import Health, HealthState, PartHealth
from crm_core.office.model import OfficeFile
from crm_core.presence.events import AgentStateChosen
from crm_core.showing import Showing

log = structlog.get_logger(__name__)

PART = "router"
_LEAD_AGAIN_S = 1.0


class Router:
    """One PBX's router. Make it inside the running loop; `start`, then `stop`."""

    def __init__(
        self,
        settings: RouterSettings,
        office: OfficeFile,
        *,
        clock: Clock,
        bus: Bus,
        customers: Customers,
        presences: Presences,
        journal: Journal,
        health: Health,
        path: CallPath | None = None,
        showing: Showing | None = None,
    ) -> None:
        path = path or CallPath()
        self._presences = presences
        self._journal = journal
        self._health = health
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._behind = WorkBehind(path=path)
        self._copies = WorkBehind(path=path)  # local files: they must not wait for the database
        self._outlet = EventOutlet(bus, journal.record, path=path)
        self._cache = PresenceCache(settings.presence_cache) if settings.presence_cache else None
        self._tracker = CallTracker(Directory.of(office), settings.pbx)
        self.up_now = UpNow()
        self._core = Core(
            clock=clock,
            tracker=self._tracker,
            outlet=self._outlet,
            pbx=settings.pbx,
            limits=settings.limits,
            showing=showing,
        )
        self._links = Links(
            settings,
            clock,
            health,
            on_observations=self._observed,
            on_listening=self._listening,
            on_acting=self._acting,
        )
        actor = Actor(self._links.actor)
        self._commands = Commands(actor, is_up=self._links.can_act)
        self._probes = Probes(actor)
        self._cards = Cards(customers)
        self.dispatcher = Dispatcher(
            self._core,
            switch=self._commands,
            probes=self._probes,
            callers=self._cards,
            keeper=presences,
            behind=self._behind,
        )
        self._news = News(
            bus, self.dispatcher, self._core, customers, self._behind, self._load_again, pbx=settings.pbx
        )
        self._dialler = Dialler(bus, actor, self._core, pbx=settings.pbx, is_up=self._links.can_act)
        self._mirror = Mirror(
            actor,
            clock,
            agents=self._core.agents.all,
            queues=lambda: self._core.queues,
            is_up=self._links.can_act,
        )
        self.dispatcher.seats.on_change(self._agents_changed)
        self._leading = Leading(self.dispatcher, actor)
        self._lead_wanted = asyncio.Event()
        self._agi = agi_server(settings, Questions(self.dispatcher, path))
        self._noticed = Noticed(
            {
                "ami_listener": self._links.listener.counts,
                "ami_actor": self._links.actor.counts,
                "agi": self._agi.counts,
                "calls": self._tracker.oddities,
            }
        )
        self._take(office)
        health.on_change(self._health_changed)

    @property
    def agi_port(self) -> int:
        """Where the dialplan is answered: of use when port 0 was asked for."""
        return self._agi.port

    def configure(self, office: OfficeFile) -> None:
        """Take the applied office; live states stay. Who came with it may have chosen already."""
        self._take(office)
        self._behind.put(("load",), self._load_again)
        self.dispatcher.settle()

    def _take(self, office: OfficeFile) -> None:
        self._tracker.relearn(Directory.of(office))
        self._cards.configure(office.number_list())
        self._dialler.configure(office)
        self.dispatcher.configure(office.person_list(), office.queue_list())

    def apply(self, fact: Fact) -> None:
        """Fold a fact of another part of this process (the ledger's settlements)."""
        self._core.say(fact)
        self.dispatcher.settle()

    # -- life -----------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen for questions at once (answering none), then learn, connect and lead."""
        self._health.set(PART, HealthState.DOWN, "does not lead yet")
        await self._agi.start()
        # Before the rows are read: a choice made in between is heard, not lost.
        await asyncio.gather(self._news.subscribe(), self._dialler.subscribe())
        await self._load()
        self._task("bus", self._outlet.bus.run())
        self._task("journal", self._outlet.journal.run())
        self._task("behind", self._behind.run())
        self._task("copies", self._copies.run())
        self._task("deadlines", self._core.deadlines.run())
        self._task("mirror", self._mirror.run())
        self._task("lead", self._lead())
        self._task("news", self._news.run())
        self._task("dialler", self._dialler.run())
        await self._links.start()
        self._noticed.show()

    async def stop(self) -> None:
        """Answer nobody any more, then end every task; what waits is sent within a few seconds."""
        self._leading.resign()
        self._noticed.hide()
        await self._agi.stop()
        await self._commands.stop()
        await self._probes.stop()
        await self._links.stop()
        await asyncio.gather(self._news.close(), self._dialler.close())
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tasks.clear()
        await self._outlet.bus.finish(1.0)
        await self._outlet.journal.finish(3.0)
        await self._copies.finish(1.0)
        await self._behind.finish(2.0)

    async def _load(self) -> None:
        """Presence and unfinished calls from the database, at once: while it is away callers wait for this.

        Presence is then taken from the local copy; the PBX's snapshot tells which calls are up.
        """
        rows, calls = await asyncio.gather(
            in_time(self._presences.load_all()), in_time(self._journal.open_calls())
        )
        if rows is None:
            known = self._cache.load() if self._cache else ()
            log.warning("started without the database", presences=len(known))
            self._behind.put(("load",), self._load_again)
        else:
            known = tuple(rows.values())
        self.dispatcher.seats.load(known)
        self.dispatcher.settle()
        if calls is None:
            calls = await self._journal.spooled_calls()
            log.warning("started with the calls of the spool alone", calls=len(calls))
        self._tracker.restore(calls)
        self._behind.put(("owed",), self._see_to_what_is_owed)

    async def _see_to_what_is_owed(self) -> None:
        """Cards and owners that the router before us was about to see to when it ended."""
        for call in await self._journal.owing_calls():
            self.dispatcher.settled(call)

    async def _load_again(self) -> None:
        """Take choices that are later than what we know: the database is back, or the office another."""
        for row in (await self._presences.load_all()).values():
            self.dispatcher.seats.chosen(AgentStateChosen(presence=row, by="database"))
        self.dispatcher.settle()

    # -- links ----------------------------------------------------------------------------------

    def _listening(self, up: bool) -> None:
        self._core.seeing = self._core.seeing and up  # seeing again only after the next snapshot
        if not up:
            self.up_now.lost()

    def _acting(self, up: bool) -> None:
        if up:
            self._lead_wanted.set()
            self._mirror.doubt()

    async def _observed(self, batch: Sequence[Observation]) -> None:
        for observation in batch:
            self.up_now.observe(observation)
            self._dialler.observe(observation)
        resynced = any(isinstance(observation, Snapshot) for observation in batch)
        self._core.seeing = self._core.seeing or resynced
        self.dispatcher.observe(*batch)
        if resynced:
            self._leading.in_the_picture()
            self._say_whether_leading()

    async def _lead(self) -> None:
        """Raise the term at each login of the actor."""
        while True:
            await self._lead_wanted.wait()
            self._lead_wanted.clear()
            try:
                await self._leading.raise_term()
                self._say_whether_leading()
            except Unavailable as error:
                self._health.set(PART, HealthState.DEGRADED, str(error))
                await asyncio.sleep(_LEAD_AGAIN_S)
                if self._links.can_act():
                    self._lead_wanted.set()

    def _say_whether_leading(self) -> None:
        """Up is who answers the dialplan: with a term, and in the picture."""
        if self._leading.leads:
            self._health.set(PART, HealthState.UP, f"term {self.dispatcher.term}")

    def _health_changed(self, part: PartHealth) -> None:
        if part.name == DATABASE and part.state is HealthState.UP:
            self.dispatcher.database_back()

    # -- chores -----------------------------------------------------------------------------------

    def _agents_changed(self) -> None:
        self._mirror.touch()
        if self._cache is not None:
            self._copies.put(("cache",), self._save_cache)

    async def _save_cache(self) -> None:
        assert self._cache is not None
        await self._cache.save(agent.presence for agent in self._core.agents.all().values())

    def _task(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=f"router-{name}")
        task.add_done_callback(partial(self._ended, name))
        self._tasks[name] = task

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        """A task of ours ends only when it is cancelled: anything else is said loudly."""
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("router task died", task=name, error=repr(error))
            self._health.set(f"router.{name}", HealthState.DOWN, repr(error))
