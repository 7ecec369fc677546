"""The way of a phone's SIP messages: browser ⇄ this process ⇄ Asterisk's own web server.

Each direction is one pump: a message is read, and the next only after this one was handed on; so nothing
piles up here, and a side that does not take its messages within `SEND_S` is cut. The switch's digest
is the real guard; what is checked here is that a browser speaks in its own name, and only while its
session, its device and its password last.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Coroutine, Mapping
from contextlib import asynccontextmanager
from enum import Enum
from typing import Any, Protocol
from uuid import UUID

import aiohttp
import structlog
from aiohttp import WSMsgType, web

from agent_ui.phone.metrics import PHONES, PHONES_ENDED
from agent_ui.phone.readiness import until_ready
from agent_ui.phone.sip_text import NotAllowed, check_message
from crm_core.errors import CallcardError, Conflict, Unavailable
from crm_core.people.model import Reader
from crm_core.people.phone_credentials import Issued, Standing

log = structlog.get_logger(__name__)

PROTOCOL = "sip"
MESSAGE_LIMIT = 64 * 1024  # bytes; JsSIP's largest, an INVITE with many candidates, is about 5 KiB
HEARTBEAT_S = 20.0
CONNECT_S = 3.0
SEND_S = 5.0
CLOSE_S = 1.0
RECHECK_S = 1.0
SOCKETS = 2000
SOCKETS_PER_DEVICE = 4  # the one in use, and those that are just being replaced


class Ending(Enum):
    """Why a connection ends, and the close code that says so (4000 and up are ours)."""

    BROWSER = ("browser", 1000)
    GOING_AWAY = ("going_away", 1001)
    NOT_ALLOWED = ("not_allowed", 1008)
    SWITCH = ("switch", 1012)  # Asterisk ended it, or is away: come again
    NOT_SIGNED_IN = ("ended", 4401)  # session, device or password is over: ask for a new one
    TOO_SLOW = ("too_slow", 4408)
    REPLACED = ("replaced", 4409)  # another window has the phone now: do not come again

    def __init__(self, reason: str, code: int) -> None:
        self.reason = reason
        self.code = code


class SwitchAway(CallcardError):
    """The telephone system cannot be reached at the moment."""

    code = "pbx_away"
    status = 502


class TooManyPhones(Conflict):
    """This phone is connected too often."""

    code = "too_many_sockets"
    status = 429


class Credentials(Protocol):
    """Passwords of phones. Raises Unavailable when the database is away."""

    async def issue(self, reader: Reader) -> Issued:
        """A new password that is in force at the switch. Raises NotFound; Unavailable when it is not."""
        ...

    async def endpoint_of(self, reader: Reader, id: UUID) -> str:
        """The device of the reader's own password. Raises NotFound, Conflict."""
        ...

    async def standings(self, ids: Collection[UUID]) -> Mapping[UUID, Standing]:
        """Where each stands."""
        ...

    async def end(self, id: UUID) -> None:
        """Nobody is to use this one any more."""
        ...


class Line:
    """One phone's connection. *ended* resolves when the house wants it closed."""

    def __init__(self, credential: UUID, endpoint: str) -> None:
        self.credential = credential
        self.endpoint = endpoint
        self.ended: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()

    def end(self, why: Ending) -> None:
        """Ask for it to be closed; the first reason stays."""
        if not self.ended.done():
            self.ended.set_result(why)


class PhoneProxy:
    """All phones of this process. Make it inside the running loop; `run()` it until the end."""

    def __init__(self, address: str, credentials: Credentials) -> None:
        """*address*: of Asterisk's WebSocket, `http://127.0.0.1:8088/ws`."""
        self.credentials = credentials
        self._address = address
        self._lines: set[Line] = set()
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_S))

    async def run(self) -> None:
        """Look now and then which phones may go on; when cancelled, end all."""
        try:
            while True:
                await asyncio.sleep(RECHECK_S)
                await self._recheck()
        finally:
            self.close()
            await self._session.close()

    def close(self) -> None:
        """Ask every phone to come again elsewhere: the process ends."""
        for line in tuple(self._lines):
            line.end(Ending.GOING_AWAY)

    async def _recheck(self) -> None:
        ids = {line.credential for line in self._lines}
        if not ids:
            return
        try:
            async with asyncio.timeout(RECHECK_S):
                standings = await self.credentials.standings(ids)
        except (Unavailable, TimeoutError):
            return  # who was let in stays until the database can be asked again: calls outlast it
        over = {id for id, standing in standings.items() if standing is Standing.ENDED}
        for line in tuple(self._lines):
            if line.credential in over:
                line.end(Ending.NOT_SIGNED_IN)
            elif standings.get(line.credential) is Standing.REPLACED:
                line.end(Ending.REPLACED)
        for id in over:
            await self._say_over(id)

    async def _say_over(self, id: UUID) -> None:
        """Let the switch forget the password now: a session or a device that is gone does not say so."""
        try:
            async with asyncio.timeout(RECHECK_S):
                await self.credentials.end(id)
        except (Unavailable, TimeoutError):
            pass  # the router looks by itself, a few seconds later

    @asynccontextmanager
    async def switch(self, endpoint: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """A connection to the switch, which is ready to let *endpoint* prove itself. Raises SwitchAway."""
        ws = None
        try:
            async with asyncio.timeout(CONNECT_S):
                ws = await self._session.ws_connect(
                    self._address,
                    protocols=(PROTOCOL,),
                    max_msg_size=MESSAGE_LIMIT,
                    compress=0,
                    timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_S),
                )
                await until_ready(ws, endpoint)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("phone.switch_away", error=type(error).__name__)
            if ws is not None:
                await ws.close()
            raise SwitchAway from None
        try:
            yield ws
        finally:
            await ws.close()

    def admit(self, endpoint: str) -> None:
        """Check, while HTTP can still say no, that one more phone may come. Raises TooManyPhones."""
        same = sum(line.endpoint == endpoint for line in self._lines)
        if same >= SOCKETS_PER_DEVICE or len(self._lines) >= SOCKETS:
            raise TooManyPhones

    async def serve(
        self,
        browser: web.WebSocketResponse,
        switch: aiohttp.ClientWebSocketResponse,
        *,
        credential: UUID,
        endpoint: str,
    ) -> None:
        """Carry messages both ways until a side ends it or the house does; both are closed then."""
        line = Line(credential, endpoint)
        self._lines.add(line)
        PHONES.inc()
        pumps = [
            asyncio.create_task(work, name=f"phone-{name}-{endpoint}")
            for name, work in (
                ("out", _guarded(line, _from_browser(browser, switch, endpoint))),
                ("in", _guarded(line, _from_switch(switch, browser))),
            )
        ]
        try:
            why = await line.ended
            PHONES_ENDED.labels(reason=why.reason).inc()
            log.info("phone.ended", endpoint=endpoint, reason=why.reason)
            await _close(browser, why)
        finally:
            self._lines.discard(line)
            PHONES.dec()
            for pump in pumps:
                pump.cancel()
            await asyncio.wait(pumps)


async def _guarded(line: Line, pump: Coroutine[Any, Any, Ending]) -> None:
    """Run a pump; however it ends, the line ends with it."""
    try:
        line.end(await pump)
    except NotAllowed as error:
        log.warning("phone.not_allowed", endpoint=line.endpoint, reason=str(error))
        line.end(Ending.NOT_ALLOWED)
    except TimeoutError:
        line.end(Ending.TOO_SLOW)
    except (aiohttp.ClientError, ConnectionError):
        line.end(Ending.SWITCH)
    finally:
        line.end(Ending.GOING_AWAY)


async def _from_browser(
    browser: web.WebSocketResponse, switch: aiohttp.ClientWebSocketResponse, endpoint: str
) -> Ending:
    async for message in browser:
        if message.type is not WSMsgType.TEXT:
            raise NotAllowed("binary")
        check_message(message.data, endpoint)
        async with asyncio.timeout(SEND_S):
            await switch.send_str(message.data)
    return Ending.BROWSER


async def _from_switch(switch: aiohttp.ClientWebSocketResponse, browser: web.WebSocketResponse) -> Ending:
    async for message in switch:
        async with asyncio.timeout(SEND_S):
            match message.type:
                case WSMsgType.TEXT:
                    await browser.send_str(message.data)
                case WSMsgType.BINARY:  # as Asterisk sends what is not UTF-8
                    await browser.send_bytes(message.data)
    return Ending.SWITCH


async def _close(browser: web.WebSocketResponse, why: Ending) -> None:
    try:
        async with asyncio.timeout(CLOSE_S):
            await browser.close(code=why.code, message=why.reason.encode())
    except (TimeoutError, ConnectionError):
        pass  # who does not answer is dropped with its connection
