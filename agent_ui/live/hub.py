"""The hub: one projection, one numbered stream, all sockets.

Everything that changes the projection and everything that joins it runs synchronously on the event
loop: between a snapshot and the events after it there is no gap. Each socket has a place in the one
stream and is brought forward along it, so order holds whoever is served first: the agent whom a call
is offered to at once, everybody else in small portions between which calls are routed.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable
from uuid import UUID

import structlog

from agent_ui.live.readers import Readers, Recheck
from agent_ui.live.rounds import PACE_S, Rounds
from agent_ui.live.socket import Close, LiveSocket
from crm_core.bus.event import Event
from crm_core.bus.port import Bus, Lagged
from crm_core.calls.events import CallOffered
from crm_core.clock import Clock
from crm_core.errors import Conflict, Unavailable
from crm_core.health import Health, PartHealth
from crm_core.i18n import N_
from crm_core.live.directory import Directory
from crm_core.live.model import LiveEvent, Offered, Snapshot, Tick
from crm_core.live.projection import LiveState, Seed
from crm_core.live.stream import KEPT_EVENTS, LiveStream, NumberedEvent, frame
from crm_core.office.events import OfficeApplied
from crm_core.people.events import SessionsEnded
from crm_core.people.model import Reader
from crm_core.showing import Showing

log = structlog.get_logger(__name__)

SEEN_EVENTS = 4096  # ids remembered, so that what was handed over is not told again by the bus
SOCKETS_PER_PERSON = 16
SOCKETS = 2000
DURING_EVENTS = 10_000  # kept while a reload is owed; beyond it the oldest, which it will have read
TICK_S = 10.0
LOAD_TIMEOUT_S = 10.0
RETRY_S = 1.0

Load = Callable[[], Awaitable[Seed]]


class TooManySockets(Conflict):
    """This person has too many live connections open."""

    code = "too_many_sockets"
    status = 429


class LiveHub:
    """Give it the bus and a way to load; `run()` it; `hand_over` what must not wait for the bus.

    *load* reads the database's view of now; *recheck* gives the readers behind those of some token
    ids that are still valid.
    """

    def __init__(
        self,
        *,
        bus: Bus,
        load: Load,
        recheck: Recheck,
        clock: Clock,
        health: Health,
        showing: Showing | None = None,
        kept: int = KEPT_EVENTS,
    ) -> None:
        self._bus = bus
        self._load = load
        self._clock = clock
        self._showing = showing or Showing()
        self._stream = LiveStream(kept=kept)
        self._state: LiveState | None = None
        self._sockets: set[LiveSocket] = set()
        told = (self._bring_forward, self._is_behind, self._newest)
        self._feeds = Rounds(clock, *told, done=self._release)
        self._screens = Rounds(clock, *told, pace_s=PACE_S)
        self._readers = Readers(recheck, self._sockets, leave=self.leave, draw=self._send_snapshot)
        self._ticks = 0
        self._fresh: list[NumberedEvent] = []
        self._seen: OrderedDict[UUID, None] = OrderedDict()
        self._stale = asyncio.Event()
        # What happens while a reload is owed or under way: the read may miss it.
        self._during: deque[Event] | None = None
        self._mark_stale()
        self._health = health
        health.on_change(self._on_health)

    @property
    def ready(self) -> bool:
        """Whether there is something to show."""
        return self._state is not None

    @property
    def sockets(self) -> int:
        """How many readers are connected."""
        return len(self._sockets)

    @property
    def directory(self) -> Directory:
        """Who belongs where. Raises Unavailable before the first load."""
        return self._loaded().directory

    @property
    def state(self) -> LiveState:
        """What happens now, for whoever draws it: to be asked only. Raises Unavailable before the load."""
        return self._loaded()

    @property
    def last_id(self) -> str:
        """Id of the newest event that `state` holds: who shows it goes on with `?since=` this."""
        return self._stream.last_id

    def snapshot(self, reader: Reader) -> Snapshot:
        """All that *reader* may see now. Raises Unavailable before the first load."""
        return self._loaded().snapshot(reader, self._clock.now())

    async def run(self) -> None:
        """Follow the bus until cancelled; then all sockets are asked to close."""
        events = await self._bus.subscribe(name="live")
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._reload_when_stale(), name="live-reload")
                group.create_task(self._tick(), name="live-tick")
                group.create_task(self._readers.run(), name="live-recheck")
                async for event in events:
                    self.hand_over(event)
                raise Unavailable(N_("The bus is closed."))
        finally:
            await events.close()
            self.close()

    def close(self) -> None:
        """Ask every socket to close: the process ends."""
        for socket in tuple(self._sockets):
            socket.end(Close.GOING_AWAY)

    def hand_over(self, event: Event) -> None:
        """Fold *event* in and tell it, once. An offer is on its agent's sockets when this returns.

        Bounded work, no waiting, never raises: usable on the call path. The copy that the bus brings
        later is recognised by its id.
        """
        try:
            self._take(event)
        except Exception:
            # Whoever publishes routes calls: an event we cannot show must not cost one.
            log.exception("live.event_failed", type=type(event).__name__, id=str(event.id))

    def tick(self) -> None:
        """A sign of life with the house's time to everybody; also the moment when a new day begins."""
        if self._state is None:
            return
        self._tell(self._state.roll(self._clock.now()))
        self._ticks += 1
        self._feeds.begin()
        self._screens.begin()

    def _sign_of_life(self, socket: LiveSocket) -> None:
        socket.ticks = self._ticks
        socket.send(frame(self._stream.id_of(socket.told), "tick", Tick(at=self._clock.now())))

    def admit(self, reader: Reader) -> None:
        """Check, while HTTP can still say no, that *reader* may join now.

        Raises Unavailable before the first load, TooManySockets beyond the limits.
        """
        self._loaded()
        mine = sum(socket.reader.person == reader.person for socket in self._sockets)
        if mine >= SOCKETS_PER_PERSON or len(self._sockets) >= SOCKETS:
            raise TooManySockets

    def join(self, socket: LiveSocket, since: str | None) -> None:
        """Connect an admitted *socket*: it gets what it missed since *since*, else a snapshot; then all.

        A page that goes on hears at once also that there is no more: until then it calls what it shows old.
        """
        self._loaded()
        number = self._stream.number(since) if since is not None else None
        socket.told = -1 if number is None else number
        socket.ticks = self._ticks
        self._sockets.add(socket)
        self._rounds_of(socket).sockets.add(socket)
        missed = self._stream.after(socket.told) or ()
        self._bring_forward(socket)
        for event in missed:
            event.release()
        if number is not None and socket.face.steady:
            self._sign_of_life(socket)

    def leave(self, socket: LiveSocket) -> None:
        """Forget *socket*."""
        self._sockets.discard(socket)
        self._rounds_of(socket).sockets.discard(socket)
        self._showing.gone(socket)

    def shown(self, socket: LiveSocket, offer: UUID) -> bool:
        """The page of *socket* says that it shows *offer*; False when it was not asked."""
        return self._showing.shown(offer, socket)

    def _ask_for_word(self, socket: LiveSocket, offer: UUID) -> None:
        """The phone is not rung before the page says that the offer it was just told of stands there."""
        if socket not in self._sockets:
            return
        self._showing.ask(offer, socket)
        if not socket.send(frame(self._stream.id_of(socket.told), "offered", Offered(offer=offer))):
            self.leave(socket)

    def _rounds_of(self, socket: LiveSocket) -> Rounds:
        return self._screens if socket.face.steady else self._feeds

    def _is_behind(self, socket: LiveSocket) -> bool:
        return socket.told < self._stream.last or socket.ticks < self._ticks

    def _newest(self) -> int:
        return self._stream.last

    def _release(self) -> None:
        """Everybody has the bytes of these events."""
        for event in self._fresh:
            event.release()
        self._fresh.clear()

    def _take(self, event: Event) -> None:
        if event.id in self._seen:
            return
        self._seen[event.id] = None
        if len(self._seen) > SEEN_EVENTS:
            self._seen.popitem(last=False)
        if isinstance(event, SessionsEnded):
            self._readers.signed_out()
            return
        if isinstance(event, Lagged | OfficeApplied):
            self._mark_stale()
            return
        if self._during is not None:
            self._during.append(event)
        if self._state is not None:
            self._tell(self._state.apply(event))
            if isinstance(event, CallOffered):
                for socket in [s for s in self._sockets if s.reader.person == event.offer.agent]:
                    self._bring_forward(socket)
                    if socket.face.pops:
                        self._ask_for_word(socket, event.offer.id)

    def _loaded(self) -> LiveState:
        if self._state is None:
            raise Unavailable(N_("The live view is still being loaded."))
        return self._state

    def _tell(self, changes: Iterable[LiveEvent]) -> None:
        added = self._stream.add(changes)
        if not added or not self._sockets:
            return
        self._fresh += added
        self._feeds.begin()
        self._screens.begin()

    def _bring_forward(self, socket: LiveSocket, until: int | None = None) -> None:
        """Send what *socket* has not been told yet, up to the event *until* or all; a snapshot when that is
        no longer known.
        """
        if socket not in self._sockets:
            return
        try:
            self._tell_one(socket, self._stream.last if until is None else until)
            if socket.ticks < self._ticks:
                self._sign_of_life(socket)
        except Exception:
            # One that cannot be told must not keep the others waiting.
            log.exception("live.socket_failed")
            socket.end(Close.INTERNAL)
            self.leave(socket)

    def _tell_one(self, socket: LiveSocket, until: int) -> None:
        state = self._loaded()
        missed = self._stream.after(socket.told, until)
        if missed is None:
            self._send_snapshot(socket)
            return
        socket.told = max(socket.told, until)
        for payload in socket.face.changes(missed, state, socket.reader):
            if not socket.send(payload):
                self.leave(socket)
                return

    def _send_snapshot(self, socket: LiveSocket) -> None:
        if self._state is None:
            return  # the first load gives everybody one
        socket.told = self._stream.last
        payload = socket.face.snapshot(self._state, socket.reader, self._stream.last_id, self._clock.now())
        if not socket.send(payload):
            self.leave(socket)

    def _on_health(self, part: PartHealth) -> None:
        if self._state is not None:
            self._tell(self._state.apply_health(part))

    def _mark_stale(self) -> None:
        self._stale.set()
        if self._during is None:
            self._during = deque(maxlen=DURING_EVENTS)

    async def _reload_when_stale(self) -> None:
        """Load at the start, when the bus dropped events, and when the office changed."""
        while True:
            await self._stale.wait()
            self._stale.clear()
            try:
                async with asyncio.timeout(LOAD_TIMEOUT_S):
                    seed = await self._load()
            except (Unavailable, TimeoutError):
                # What is shown goes on from the bus; the reload is owed.
                log.warning("live.reload_failed")
                self._mark_stale()
                await asyncio.sleep(RETRY_S)
                continue
            self._replace(seed, self._during or ())
            if not self._stale.is_set():
                self._during = None

    def _replace(self, seed: Seed, during: Iterable[Event]) -> None:
        state = LiveState(seed, self._clock.now())
        for part in self._health.snapshot():
            state.apply_health(part)
        for event in during:
            state.apply(event)
        self._state = state
        # Kept events were judged by the old directory; what the bus still brings is told again.
        self._stream.forget()
        self._seen.clear()
        self._feeds.begin()
        self._screens.begin()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self.tick()
