"""FastAGI: the dialplan's questions, answered in time or not at all.

Silence is safe: a connection closed before `ROUTE` was set leaves the call to the dialplan's net. So every
doubt (a wrong token, a forged line, too many at once, a late decision) ends in closing the socket.
"""

from __future__ import annotations

import asyncio
import hmac
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

import structlog
from panoramisk.fast_agi import Application

from callrouter.agi.session import AgiSession
from callrouter.agi.wire import AgiReader, CommandRefused, Environment, Hangup, WireError

log = structlog.get_logger(__name__)

Handler = Callable[[AgiSession], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class AgiLimits:
    """Seconds and counts. *deadline* runs from the whole question to the whole answer."""

    deadline: float = 0.3
    environment: float = 5.0
    sessions: int = 200  # above it a connection is closed at once: its call goes to the net


class Ended(StrEnum):
    """How a connection ended: the label of its counter."""

    ANSWERED = "answered"
    HANGUP = "hangup"
    DEADLINE = "deadline"  # the decision was late: nothing was sent after that
    FAILED = "failed"  # our handler raised
    STOPPED = "stopped"  # we end
    COMMAND = "command"  # Asterisk refused a command
    OVERFLOW = "overflow"
    PEER = "peer"  # from an address that has no business here
    TOKEN = "token"  # noqa: S105 - the name of a counter
    ROUTE = "route"  # the right token, but no such route
    MALFORMED = "malformed"  # not what Asterisk sends, or forged by a caller
    SILENT = "silent"  # no whole environment in time


_EXPECTED: Final = (Ended.ANSWERED, Ended.HANGUP)


class FastAgiServer(Application):
    """Routes behind a token. Make it inside the running loop.

    The dialplan asks `agi://host:port/<token>/<route>`. *peers*: networks beside loopback that may ask.
    *systemname*: when set, a Uniqueid that does not begin with it is refused as forged.
    """

    def __init__(
        self,
        host: str,
        port: int,
        token: str,
        routes: Mapping[str, Handler],
        *,
        limits: AgiLimits | None = None,
        peers: tuple[IPv4Network | IPv6Network, ...] = (),
        systemname: str | None = None,
    ) -> None:
        super().__init__(loop=asyncio.get_running_loop())
        self.counts: Counter[Ended] = Counter()
        self._address = (host, port)
        self._token = token.encode()
        self._limits = limits or AgiLimits()
        self._peers = peers
        self._systemname = systemname
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        for path, handler in routes.items():
            self.add_route(path, handler)

    @property
    def port(self) -> int:
        """The port listened on: of use when 0 was asked for."""
        assert self._server is not None, "not started"
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def active(self) -> int:
        """Connections open now."""
        return len(self._tasks)

    async def start(self) -> None:
        """Listen. Raises OSError when the address cannot be had."""
        self._server = await self.loop.create_server(self._make_protocol, *self._address, backlog=512)

    async def stop(self) -> None:
        """Close the port and every connection; calls being decided go to the net."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def add_route(self, path: str, endpoint: Handler) -> None:
        """Answer *path* with *endpoint*: any callable that returns an awaitable, unlike in panoramisk."""
        if path in self._route:
            raise ValueError(f"two handlers for {path}")
        self._route[path] = endpoint

    def _make_protocol(self) -> asyncio.StreamReaderProtocol:
        return asyncio.StreamReaderProtocol(AgiReader(), self.handler, loop=self.loop)

    async def handler(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, count how it ended, close it. Raises nothing."""
        task = asyncio.current_task()
        assert task is not None and isinstance(reader, AgiReader)
        task.set_name(f"agi-{next(self._numbers)}")
        if len(self._tasks) >= self._limits.sessions:
            self.counts[Ended.OVERFLOW] += 1
            writer.transport.abort()
            return
        self._tasks.add(task)
        ended = Ended.FAILED
        try:
            ended = await self._serve(reader, writer)
        except asyncio.CancelledError:
            ended = Ended.STOPPED  # not raised: asyncio's streams log a cancelled handler as a fault (3.11)
        except Exception:
            log.exception("agi route failed")
        finally:
            self._tasks.discard(task)
            self.counts[ended] += 1
            if ended in _EXPECTED:
                writer.close()
            else:
                writer.transport.abort()  # what is still unsent shall stay so
                log.warning("agi connection refused", reason=str(ended))

    async def _serve(self, reader: AgiReader, writer: asyncio.StreamWriter) -> Ended:
        peer = writer.get_extra_info("peername")
        if not peer or not may_ask(peer[0], self._peers):
            return Ended.PEER
        try:
            async with asyncio.timeout(self._limits.environment):
                environment = await reader.read_environment()
        except TimeoutError:
            return Ended.SILENT
        except WireError:
            return Ended.MALFORMED
        token, _, path = environment.path.partition("/")
        if not hmac.compare_digest(token.encode(), self._token):
            return Ended.TOKEN
        route: Handler | None = self._route.get(path)
        if route is None:
            return Ended.ROUTE
        return await self._answer(route, environment, reader, writer)

    async def _answer(
        self, route: Handler, environment: Environment, reader: AgiReader, writer: asyncio.StreamWriter
    ) -> Ended:
        session = AgiSession(self, environment, reader, writer)
        if self._systemname and not session.uniqueid.startswith(f"{self._systemname}-"):
            return Ended.MALFORMED
        try:
            async with asyncio.timeout(self._limits.deadline) as scope:
                # The rest of a forged environment arrives with its end: look before deciding anything.
                await reader.check_quiet()
                await route(session)
        except TimeoutError:
            if scope.expired():
                return Ended.DEADLINE
            raise
        except Hangup:
            return Ended.HANGUP
        except WireError:
            return Ended.MALFORMED
        except CommandRefused:
            return Ended.COMMAND
        return Ended.ANSWERED


def peers_of(*hosts: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Networks of one address each. The name of a host is none: nobody is asked what it stands for."""
    found = []
    for host in hosts:
        try:
            found.append(ip_network(host))
        except ValueError:
            continue
    return tuple(found)


def may_ask(address: str, peers: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    """True for loopback addresses and those of *peers*: whoever else asks would get our answers too."""
    peer = ip_address(address)
    return peer.is_loopback or any(peer in network for network in peers)
