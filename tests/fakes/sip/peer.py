"""The user agent: one socket, many calls."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine
from typing import Any, Self

from tests.fakes.sip.call import Call, Extra
from tests.fakes.sip.digest import Credentials, DigestGuard, authorize
from tests.fakes.sip.legs import IncomingCall, OutgoingCall
from tests.fakes.sip.message import Address, Request, Response, address_of, parameter, reply
from tests.fakes.sip.sdp import Codec
from tests.fakes.sip.transaction import ServerTransaction, SipTransport, new_branch

METHODS = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "UPDATE", "REFER", "NOTIFY")
_INCOMING_LIMIT = 100_000  # next_invite() readers may come late, never this late


class SipPeer:
    """A SIP user agent on one UDP address: a carrier's trunk side, or the base of a phone.

    Every call keeps its own times on `time.monotonic()`; with callers and phones in one process both
    ends of a call are on one clock.
    """

    allow = ", ".join(METHODS)

    def __init__(
        self, host: str, user: str, codec: Codec, tone: int | None, guard: DigestGuard | None
    ) -> None:
        self.host, self.user, self.codec, self.tone, self.guard = host, user, codec, tone, guard
        self.port = 0
        self.on_invite: Callable[[IncomingCall], None] | None = None
        self.answers_options = True
        self.registrations: dict[str, str] = {}  # as a registrar: To → Contact
        self._transport = SipTransport(self._request, self._ack)
        self._calls: dict[tuple[str, str], Call] = {}
        self._early: dict[str, OutgoingCall] = {}
        self._incoming: asyncio.Queue[IncomingCall] = asyncio.Queue(_INCOMING_LIMIT)
        self._tasks: set[asyncio.Task[Any]] = set()

    @classmethod
    async def open(
        cls,
        host: str,
        *,
        port: int = 0,
        user: str = "peer",
        codec: Codec = Codec.PCMA,
        tone: int | None = 440,
        guard: DigestGuard | None = None,
    ) -> Self:
        """Bind *host*:*port* (0: any free port). *tone* (Hz; 0 silence, None no RTP) is what calls send.

        With a *guard* the peer challenges INVITE and REGISTER, as a switch does.
        """
        peer = cls(host, user, codec, tone, guard)
        await peer._bind(port)
        return peer

    async def _bind(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: self._transport, local_addr=(self.host, port)
        )
        self.port = transport.get_extra_info("sockname")[1]

    async def close(self) -> None:
        """Hang up what is up, end all tasks, free all ports."""
        calls = [*self._calls.values(), *self._early.values()]
        await asyncio.gather(*(call.hangup(2.0) for call in calls), return_exceptions=True)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for call in calls:
            call.finish("us")
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    # -- calls ---------------------------------------------------------------------------------

    async def invite(
        self,
        uri: str,
        *,
        from_number: str | None = None,
        from_name: str | None = None,
        from_header: str | None = None,
        headers: Extra = (),
        tone: int | None = -1,
        credentials: Credentials | None = None,
        to: Address | None = None,
    ) -> OutgoingCall:
        """Call *uri*; returns at once, the INVITE is on its way.

        *from_header* replaces the whole From value (hostile tests); *to* is the next hop when the
        URI's own address is not; *tone* overrides the peer's for this call.
        """
        name = f'"{from_name}" ' if from_name is not None else ""
        local = from_header or f"{name}<sip:{from_number or self.user}@{self.host}:{self.port}>"
        call = OutgoingCall(
            self,
            uri=uri,
            local=local,
            to=to or address_of(uri),
            tone=self.tone if tone == -1 else tone,
            credentials=credentials,
        )
        self._early[call.call_id] = call
        call.start(headers)
        return call

    async def next_invite(self, timeout: float = 20.0) -> IncomingCall:
        """The next incoming call, in order of arrival. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            return await self._incoming.get()

    def forget_invites(self) -> None:
        """Drop what `next_invite` has not handed out: a new test begins."""
        while not self._incoming.empty():
            self._incoming.get_nowait()

    @property
    def calls(self) -> list[Call]:
        """Legs that are not over."""
        return [*self._early.values(), *self._calls.values()]

    # -- raw ------------------------------------------------------------------------------------

    def send_raw(self, data: bytes, to: Address) -> None:
        """One datagram, exactly these bytes."""
        self._transport.send(data, to)

    async def ask_raw(self, data: bytes, to: Address, timeout: float = 20.0) -> Response:
        """Send exactly *data* (once) and return the final response with the same Call-ID.

        A refused INVITE is acknowledged. Raises TimeoutError when nothing final comes.
        """
        found = re.search(rb"^(?:Call-ID|i)\s*:\s*(\S+)", data, re.MULTILINE | re.IGNORECASE)
        wanted = found.group(1).decode("utf-8", "surrogateescape") if found else ""
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()

        def stray(response: Response) -> None:
            if response.call_id == wanted and response.status >= 200 and not answer.done():
                answer.set_result(response)

        self._transport.on_stray = stray
        try:
            self.send_raw(data, to)
            async with asyncio.timeout(timeout):
                response = await answer
        finally:
            self._transport.on_stray = None
        if response.cseq[1] == "INVITE":
            uri = data.split(b" ", 2)[1].decode("utf-8", "surrogateescape")
            kept = [(k, v) for k, v in response.headers if k.lower() in {"via", "from", "to", "call-id"}]
            ack = Request(method="ACK", uri=uri, headers=[*kept, ("CSeq", f"{response.cseq[0]} ACK")])
            self.send(ack, to)
        return response

    # -- what calls use -------------------------------------------------------------------------

    @property
    def contact(self) -> str:
        return f"<sip:{self.user}@{self.host}:{self.port}>"

    def via(self, branch: str) -> str:
        """A Via value of ours."""
        return f"SIP/2.0/UDP {self.host}:{self.port};rport;branch={branch}"

    def send(self, request: Request, to: Address) -> None:
        """Send outside any transaction (ACK, CANCEL)."""
        self._transport.send(request.to_bytes(), to)

    def transact(self, request: Request, to: Address, on_response: Callable[[Response | None], None]) -> None:
        """Send in a transaction; see `ClientTransaction`."""
        self._transport.request(request, to, on_response)

    async def ask(
        self, request: Request, to: Address, credentials: Credentials | None, timeout: float
    ) -> Response:
        """Send *request*, answer one challenge, return the final response. Raises TimeoutError."""
        response = await self._ask_once(request, to, timeout)
        if response.status in (401, 407) and credentials is not None:
            request = request.again(self.via(new_branch()), request.cseq[0] + 1)
            if authorize(request, response, credentials):
                response = await self._ask_once(request, to, timeout)
        return response

    async def _ask_once(self, request: Request, to: Address, timeout: float) -> Response:
        answer: asyncio.Future[Response | None] = asyncio.get_running_loop().create_future()

        def take(response: Response | None) -> None:
            if (response is None or response.status >= 200) and not answer.done():
                answer.set_result(response)

        self.transact(request, to, take)
        async with asyncio.timeout(timeout):
            response = await answer
        if response is None:
            raise TimeoutError(f"no answer to {request.method}")
        return response

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        """Run *work* as a task that ends with the peer at the latest."""
        task = asyncio.get_running_loop().create_task(work, name=f"{self.user}-{name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def adopt(self, call: Call) -> None:
        """The dialog of *call* is complete: requests inside it can come."""
        self._early.pop(call.call_id, None)
        self._calls[call.call_id, parameter(call.local, "tag")] = call

    def forget(self, call: Call) -> None:
        """The dialog is over."""
        self._early.pop(call.call_id, None)
        self._calls.pop((call.call_id, parameter(call.local, "tag")), None)

    # -- what comes in ----------------------------------------------------------------------------

    def _request(self, server: ServerTransaction) -> None:
        request = server.request
        if request.method == "CANCEL":
            self._cancel(server)
        elif tag := parameter(request.get("To"), "tag"):
            call = self._calls.get((request.call_id, tag))
            if call is None:
                server.answer(481)
            else:
                call.receive(server)
        elif request.method == "INVITE":
            if self._admits(server):
                self._invited(server)
        elif request.method == "REGISTER":
            if self._admits(server):
                self._registered(server)
        elif request.method == "OPTIONS":
            if self.answers_options:
                server.answer(200, tag=new_branch())
        else:
            server.answer(200 if request.method in METHODS else 405, tag=new_branch())

    def _admits(self, server: ServerTransaction) -> bool:
        if self.guard is None or self.guard.admits(server.request):
            return True
        response = reply(server.request, 401, tag=new_branch())
        response.headers += self.guard.challenges()
        server.respond(response)
        return False

    def _registered(self, server: ServerTransaction) -> None:
        request = server.request
        contact, expires = request.get("Contact"), request.get("Expires")
        if expires == "0":
            self.registrations.pop(request.get("To"), None)
        else:
            self.registrations[request.get("To")] = contact
        response = reply(request, 200, tag=new_branch())
        response.headers += [("Contact", contact), ("Expires", expires)]
        server.respond(response)

    def _invited(self, server: ServerTransaction) -> None:
        call = IncomingCall(self, server, tone=self.tone)
        self.adopt(call)
        self._incoming.put_nowait(call)
        if self.on_invite is not None:
            self.on_invite(call)
        else:
            call.trying()

    def _cancel(self, server: ServerTransaction) -> None:
        invite = self._transport.invite_of(server.request)
        call = next(
            (c for c in self._calls.values() if isinstance(c, IncomingCall) and invite and c.is_from(invite)),
            None,
        )
        if call is None:
            server.answer(481)
        else:
            call.receive(server)

    def _ack(self, request: Request) -> None:
        call = self._calls.get((request.call_id, parameter(request.get("To"), "tag")))
        if isinstance(call, IncomingCall):
            call.acknowledged(request)
