"""A phone in the browser as the switch sees it, without media: SIP over WebSocket (RFC 7118)."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp
from aiohttp import WSMsgType

from tests.fakes.sip.digest import Credentials, authorize
from tests.fakes.sip.message import Request, Response, parse, reply, uri_of

WAIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Account:
    """What `POST /phone/credentials` answered."""

    endpoint: str
    uri: str
    password: str = field(repr=False)
    ws: str = ""

    @classmethod
    def read(cls, body: dict[str, Any]) -> Account:
        """The parts of the answer that a phone needs."""
        return cls(body["endpoint"], body["uri"], body["password"], body["ws"])


class WsPhone:
    """`async with await WsPhone.open(…)`. Answers OPTIONS; INVITEs ring and wait for the test.

    `hang` makes it a page that is too slow: what comes stays unread until `wake`.
    """

    def __init__(self, ws: aiohttp.ClientWebSocketResponse, account: Account) -> None:
        self.account = account
        self.ws = ws
        self.invites: asyncio.Queue[Request] = asyncio.Queue()
        self.requests: list[str] = []  # methods, in the order in which they came
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()  # close code
        self._host = f"{secrets.token_hex(6)}.invalid"
        self._call_id, self._cseq = secrets.token_hex(11), 0
        self._answers: asyncio.Queue[Response] = asyncio.Queue()
        self._awake = asyncio.Event()
        self._awake.set()
        self._reading = asyncio.create_task(self._read(), name="ws-phone")

    @classmethod
    async def open(
        cls, http: aiohttp.ClientSession, server: str, account: Account, headers: dict[str, str]
    ) -> Self:
        """Connect to *server* (`http://…`). Raises aiohttp.WSServerHandshakeError."""
        ws = await http.ws_connect(
            server + account.ws,
            protocols=("sip",),
            headers=headers,
            timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
        )
        assert ws.protocol == "sip"
        return cls(ws, account)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.ws.close()
        await asyncio.wait({self._reading})

    def request(self, method: str, *, user: str | None = None, uri: str = "sip:pbx.invalid") -> Request:
        """A request outside of a dialog by *user* (None: this phone itself)."""
        self._cseq += 1
        own = f"sip:{user or self.account.endpoint}@pbx.invalid"
        return Request(
            method=method,
            uri=uri,
            headers=[
                ("Via", self._via()),
                ("Max-Forwards", "69"),
                ("To", f"<{own if method == 'REGISTER' else uri}>"),
                ("From", f"<{own}>;tag={secrets.token_hex(5)}"),
                ("Call-ID", self._call_id),
                ("CSeq", f"{self._cseq} {method}"),
                ("Contact", f"<sip:{secrets.token_hex(4)}@{self._host};transport=ws>"),
            ],
        )

    async def register(self, *, password: str | None = None, expires: int = 120) -> int:
        """Register with the digest of *password* (None: the account's); the status of the last answer."""
        request = self.request("REGISTER")
        request.replace("Expires", str(expires))
        answer = await self.ask(request)
        if answer.status != 401:
            return answer.status
        self._cseq += 1
        again = request.again(self._via(), self._cseq)
        assert authorize(again, answer, Credentials(self.account.endpoint, password or self.account.password))
        return (await self.ask(again)).status

    async def ask(self, request: Request) -> Response:
        """Send *request*; its final answer."""
        await self.say(request)
        async with asyncio.timeout(WAIT_S):
            while True:
                answer = await self._answers.get()
                if answer.cseq == request.cseq and answer.status >= 200:
                    return answer

    async def say(self, message: Request | Response) -> None:
        """Send one message in one frame."""
        await self.ws.send_str(message.to_bytes().decode())

    async def refuse(self, invite: Request, status: int = 486) -> None:
        """Turn a call away."""
        await self.say(reply(invite, status, tag=secrets.token_hex(5)))

    def hang(self) -> None:
        """Read nothing that comes from now on."""
        self._awake.clear()

    def wake(self) -> None:
        """Read what came meanwhile, and go on."""
        self._awake.set()

    async def closed(self, within: float = WAIT_S) -> int:
        """Wait for the web to close the socket; the close code."""
        async with asyncio.timeout(within):
            return await asyncio.shield(self.ended)

    def _via(self) -> str:
        return f"SIP/2.0/WS {self._host};branch=z9hG4bK{secrets.token_hex(7)}"

    async def _read(self) -> None:
        async for frame in self.ws:
            assert frame.type is WSMsgType.TEXT
            await self._awake.wait()
            message = parse(frame.data.encode())
            if isinstance(message, Response):
                self._answers.put_nowait(message)
            else:
                await self._take(message)
        self.ended.set_result(self.ws.close_code or 1006)

    async def _take(self, request: Request) -> None:
        self.requests.append(request.method)
        if request.method == "INVITE":
            ringing = reply(request, 180, tag=secrets.token_hex(5))
            ringing.replace("Contact", f"<{uri_of(request.uri)}>")
            await self.say(ringing)
            self.invites.put_nowait(request)
        elif request.method != "ACK":
            await self.say(reply(request, 200, tag=secrets.token_hex(5)))
