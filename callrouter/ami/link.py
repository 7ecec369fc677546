"""A link to one PBX by one AMI account: always coming back, never replaying, never blocking the loop.

connecting → up          logged in and the PBX is fully booted
connecting → refused     wrong secret or account in use: tried again, ever more seldom
connecting | up → lost   closed, silent (half-open), overflowing or not speaking AMI: tried again soon
any → stopped            by `stop`, for good
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import structlog

from callrouter.ami.feed import Feed, Handler
from callrouter.ami.frames import Fields, FrameDecoder
from callrouter.ami.session import LoginRefused, OutcomeUnknown, Session, Value
from callrouter.reading.read import WANTED
from crm_core.clock import Clock
from crm_core.errors import Unavailable
from crm_core.i18n import N_

log = structlog.get_logger(__name__)


class LinkState(StrEnum):
    """What healthz shows of a link."""

    CONNECTING = "connecting"
    UP = "up"
    REFUSED = "refused"
    LOST = "lost"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class LinkLimits:
    """Seconds, and the length of the event queue. The defaults are what the house promises."""

    connect: float = 5.0
    action: float = 5.0
    ping_every: float = 3.0
    ping_limit: float = 3.0  # with ping_every: a half-open link is found within 6 s
    retry_first: float = 0.2
    retry_last: float = 2.0
    refused_first: float = 2.0
    refused_last: float = 60.0
    steady: float = 10.0  # a link that was up this long starts again at the first delay
    resync_every: float = 30.0
    resync_least: float = 2.0  # between two resyncs that refused frames ask for
    drain: float = 2.0  # what the consumer gets to finish at `stop`
    queue: int = 20_000


StateHandler = Callable[[LinkState, str], None]
_BOOTED: Final = "FullyBooted"


class _Backoff:
    """How long to wait before the next try."""

    def __init__(self, limits: LinkLimits) -> None:
        self._limits = limits
        self._lost = self._refused = 0

    def after(self, state: LinkState, in_use: bool, lasted: float) -> float:
        """Seconds to wait after a session that ended in *state* and *lasted* so long."""
        limits = self._limits
        if state is LinkState.REFUSED and in_use:
            return limits.refused_first  # the secret is right: the one before us will let go
        if state is LinkState.REFUSED:
            self._lost, self._refused = 0, min(self._refused + 1, 10)
            return min(limits.refused_first * float(2 ** (self._refused - 1)), limits.refused_last)
        self._lost = 1 if lasted >= limits.steady else min(self._lost + 1, 10)
        self._refused = 0
        return min(limits.retry_first * float(2 ** (self._lost - 1)), limits.retry_last)


class AmiLink:
    """The listener (with *on_observations*) or the actor (without): two accounts, two links.

    *on_observations* is awaited with each batch, in order, never concurrently; the first batch of each
    login is `PbxBooted`, then the devices and the `Snapshot`, then what happened since.
    *on_state* is called on each change with the reason; it must not block or raise.
    """

    def __init__(
        self,
        host: str,
        port: int,
        user: str,
        secret: str,
        *,
        systemname: str | None,
        clock: Clock,
        on_observations: Handler | None = None,
        on_state: StateHandler | None = None,
        limits: LinkLimits | None = None,
    ) -> None:
        self.state = LinkState.STOPPED
        self.reason = ""
        self.systemname = systemname
        self.counts: Counter[str] = Counter()
        self._address = (host, port, user, secret)
        self._clock = clock
        self._on_state = on_state
        self._limits = limits or LinkLimits()
        self._session: Session | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._feed: Feed | None = None
        self._rejects = 0
        self._asked_at = float("-inf")
        if on_observations is not None:
            self._feed = Feed(
                on_observations,
                clock,
                self.counts,
                limit=self._limits.queue,
                list_timeout=self._limits.action,
            )

    async def start(self) -> None:
        """Begin to connect; returns at once."""
        name = self._address[2]
        self._set(LinkState.CONNECTING, "")
        self._tasks = [asyncio.create_task(self._run(), name=f"ami-{name}-link")]
        if self._feed is not None:
            self._tasks.append(asyncio.create_task(self._feed.run(), name=f"ami-{name}-feed"))

    async def stop(self) -> None:
        """End for good: no task, no socket and no timer is left. What was received is handed over first."""
        if self._tasks:
            self._tasks[0].cancel()
            await asyncio.wait(self._tasks[:1])
        if self._feed is not None and self._tasks:
            self._feed.close()
            await asyncio.wait(self._tasks, timeout=self._limits.drain)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        self._set(LinkState.STOPPED, "")

    async def action(self, name: str, /, *, timeout: float | None = None, **headers: Value) -> Fields:
        """Send one action and return its response, `Response: Error` included.

        Raises Unavailable (nothing was sent), OutcomeUnknown (sent, never answered) or BadInput.
        """
        return await self._up().action(name, timeout=timeout or self._limits.action, **headers)

    async def list_action(
        self, name: str, /, *, timeout: float | None = None, **headers: Value
    ) -> list[Fields]:
        """Send one list action and return its rows. Raises as `action`, and Incomplete."""
        return await self._up().list_action(name, timeout=timeout or self._limits.action, **headers)

    def _up(self) -> Session:
        if self._session is None or self.state is not LinkState.UP:
            raise Unavailable(N_("The telephone system is not connected."))
        return self._session

    # --- the life of the link ---

    async def _run(self) -> None:
        backoff = _Backoff(self._limits)
        while True:
            began = self._clock.monotonic()
            in_use = False
            try:
                state, reason = LinkState.LOST, await self._one_session()
            except LoginRefused as error:
                state, reason, in_use = LinkState.REFUSED, str(error), error.in_use
            except Exception:
                # A fault of ours: it is shown and logged, but the link still comes back.
                log.exception("ami link failed")
                state, reason = LinkState.LOST, "internal error"
            self._set(state, reason)
            await asyncio.sleep(backoff.after(state, in_use, self._clock.monotonic() - began))

    async def _one_session(self) -> str:
        """Connect, stay until the session ends, return why. Raises LoginRefused."""
        host, port, user, secret = self._address
        session = Session(
            host,
            port,
            user,
            secret,
            systemname=self.systemname,
            wanted=WANTED if self._feed is not None else (),
            on_event=self._on_event,
            on_read=self._on_read,
        )
        self._session, self._rejects = session, 0
        try:
            await session.open(self._limits.connect)
            self.counts["logins"] += 1
            if self._feed is None:  # an account that reads nothing is not told of FullyBooted
                self._set(LinkState.UP, "")
            await self._stay(session)
        except TimeoutError:
            return "no answer"
        except OSError as error:
            return error.strerror or type(error).__name__
        except OutcomeUnknown:
            return session.reason or "closed during login"
        finally:
            self._session = None
            session.drop("stopped")
        return session.reason

    async def _stay(self, session: Session) -> None:
        """Until the session is lost: ping, and ask for the quiet resync when it is due."""
        while not session.lost.is_set():
            try:
                async with asyncio.timeout(self._limits.ping_every):
                    await session.lost.wait()
                return
            except TimeoutError:
                self._resync_if_due(session)
            before = session.received
            try:
                await session.action("Ping", timeout=self._limits.ping_limit)
            except Unavailable:
                # A flood may stand before the pong; a peer that sends nothing at all is gone.
                if session.received == before:
                    session.drop("silent")

    # --- called by the session, in the middle of a read: no waiting here ---

    def _on_event(self, fields: Fields) -> None:
        session, feed = self._session, self._feed
        if session is None or feed is None:
            return
        if fields["Event"] == _BOOTED:
            self._set(LinkState.UP, "")
            feed.ask_resync(session, fields)
            self._asked_at = self._clock.monotonic()
        elif not feed.put(fields):
            # Stale events are worth less than a fresh snapshot: the session goes, on purpose.
            self.counts["overflows"] += 1
            feed.clear()
            session.drop("event queue overflow")

    def _on_read(self, decoder: FrameDecoder) -> None:
        if decoder.rejects == self._rejects:
            return
        self.counts["rejected"] += decoder.rejects - self._rejects
        self._rejects = decoder.rejects
        log.warning("ami frames refused", reasons={str(why): n for why, n in decoder.rejected.items()})
        if self._feed is not None:
            self._feed.doubted = True
        if self._session is not None:
            self._resync_if_due(self._session)

    def _resync_if_due(self, session: Session) -> None:
        if self._feed is None or self.state is not LinkState.UP:
            return
        age = self._clock.monotonic() - self._asked_at
        least = self._limits.resync_least if self._feed.doubted else self._limits.resync_every
        if age >= least:
            self._asked_at = self._clock.monotonic()
            self._feed.ask_resync(session)

    def _set(self, state: LinkState, reason: str) -> None:
        if (state, reason) == (self.state, self.reason):
            return
        changed = state is not self.state
        self.state, self.reason = state, reason
        if changed:
            log.info("ami link", account=self._address[2], state=str(state), reason=reason)
            if self._on_state is not None:
                self._on_state(state, reason)
