"""Transactions over UDP (RFC 3261 section 17), with its timers: a lost datagram costs no call."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable
from typing import cast

from tests.fakes.sip.message import Address, BadMessage, Request, Response, parse, reply

T1 = 0.5
_T2 = 4.0
_LIFE = 64 * T1
_LINGER = 5.0  # a finished transaction still answers retransmissions (the RFC's 32 s are not needed here)


def new_branch() -> str:
    """A branch with the cookie of RFC 3261."""
    return "z9hG4bK" + secrets.token_hex(8)


class _Retransmitter:
    """Sends one datagram again with doubling pauses until stopped."""

    def __init__(self, send: Callable[[], None], cap: float | None) -> None:
        self._send, self._cap = send, cap
        self._pause = T1
        self._timer = asyncio.get_running_loop().call_later(T1, self._again)

    def _again(self) -> None:
        self._send()
        self._pause = self._pause * 2 if self._cap is None else min(self._pause * 2, self._cap)
        self._timer = asyncio.get_running_loop().call_later(self._pause, self._again)

    def stop(self) -> None:
        """No more."""
        self._timer.cancel()


class ClientTransaction:
    """One request of ours. *on_response* gets each new response; None means nobody answered in time."""

    def __init__(
        self,
        transport: SipTransport,
        request: Request,
        to: Address,
        on_response: Callable[[Response | None], None],
    ) -> None:
        self.request, self.to = request, to
        self._transport, self._on_response = transport, on_response
        self._final: int | None = None
        is_invite = request.method == "INVITE"
        self._resend = _Retransmitter(self._send, None if is_invite else _T2)
        self._expiry = asyncio.get_running_loop().call_later(_LIFE, self._expire)
        self._send()

    def _send(self) -> None:
        self._transport.send(self.request.to_bytes(), self.to)

    def receive(self, response: Response) -> None:
        """Take a response from the wire."""
        invite = self.request.method == "INVITE"
        if response.status < 200:
            if invite:
                self._resend.stop()
                self._expiry.cancel()  # a ringing phone may ring for ever
            if self._final is None:
                self._on_response(response)
            return
        if invite and response.status >= 300:
            self._transport.send(ack_of(self.request, response).to_bytes(), self.to)
        first = self._final is None
        self._final = response.status
        self._stop()
        if first:
            asyncio.get_running_loop().call_later(_LINGER, self._transport.forget_client, self.request.branch)
        if first or (invite and response.status < 300):  # a repeated 200 asks for our ACK again
            self._on_response(response)

    def _expire(self) -> None:
        self._stop()
        self._transport.forget_client(self.request.branch)
        if self._final is None:
            self._on_response(None)

    def _stop(self) -> None:
        self._resend.stop()
        self._expiry.cancel()

    def close(self) -> None:
        """Drop all timers."""
        self._stop()


class ServerTransaction:
    """One request of theirs, and our answer to its retransmissions."""

    def __init__(
        self, transport: SipTransport, request: Request, source: Address, received_at: float
    ) -> None:
        self.request, self.source, self.received_at = request, source, received_at
        self._transport = transport
        self._last: bytes | None = None
        self._resend: _Retransmitter | None = None

    def respond(self, response: Response) -> None:
        """Send *response*; a final one to INVITE is repeated until its ACK comes."""
        self._last = response.to_bytes()
        self._send()
        if response.status < 200:
            return
        if self.request.method == "INVITE":
            self._resend = _Retransmitter(self._send, _T2)
            asyncio.get_running_loop().call_later(_LIFE, self.acknowledged)
        asyncio.get_running_loop().call_later(_LIFE, self._transport.forget_server, self)

    def answer(self, status: int, *, tag: str = "") -> None:
        """Send a bare response."""
        self.respond(reply(self.request, status, tag=tag))

    def repeat(self) -> None:
        """The request came again."""
        if self._last is not None:
            self._send()

    def acknowledged(self) -> None:
        """ACK came (or will not come any more)."""
        if self._resend is not None:
            self._resend.stop()

    def _send(self) -> None:
        assert self._last is not None
        self._transport.send(self._last, self.source)


def ack_of(request: Request, response: Response) -> Request:
    """ACK of a non-2xx final response: same branch, To of the response (RFC 3261 17.1.1.3)."""
    return Request(
        method="ACK",
        uri=request.uri,
        headers=[
            ("Via", request.get("Via")),
            ("Max-Forwards", "70"),
            ("From", request.get("From")),
            ("To", response.get("To")),
            ("Call-ID", request.call_id),
            ("CSeq", f"{request.cseq[0]} ACK"),
        ],
    )


class SipTransport(asyncio.DatagramProtocol):
    """The socket: matches responses to our requests, absorbs repetitions, hands over the rest."""

    def __init__(
        self, on_request: Callable[[ServerTransaction], None], on_ack: Callable[[Request], None]
    ) -> None:
        self._on_request, self._on_ack = on_request, on_ack
        self._clients: dict[str, ClientTransaction] = {}
        self._servers: dict[tuple[str, str, str], ServerTransaction] = {}
        self._socket: asyncio.DatagramTransport | None = None
        self.strays: deque[Response] = deque(maxlen=1000)  # responses to nothing we know: raw requests
        self.on_stray: Callable[[Response], None] | None = None
        self.unreadable = 0
        self._closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not isinstance: CPython's own class implements DatagramTransport without inheriting from it.
        self._socket = cast(asyncio.DatagramTransport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed.set()

    def datagram_received(self, data: bytes, addr: Address) -> None:
        received_at = time.monotonic()
        if not data.strip():
            return  # keep-alive
        try:
            message = parse(data)
        except BadMessage:
            self.unreadable += 1
            return
        if isinstance(message, Response):
            self._response(message)
        else:
            self._request(message, addr, received_at)

    def _response(self, response: Response) -> None:
        client = self._clients.get(response.branch)
        if client is not None and client.request.method == response.cseq[1]:
            client.receive(response)
            return
        self.strays.append(response)
        if self.on_stray is not None:
            self.on_stray(response)

    def _request(self, request: Request, source: Address, received_at: float) -> None:
        if request.method == "ACK":
            of_failure = self._servers.get(_key(request, "INVITE"))
            if of_failure is not None:
                of_failure.acknowledged()
            else:
                self._on_ack(request)
            return
        known = self._servers.get(_key(request, request.method))
        if known is not None:
            known.repeat()
            return
        server = ServerTransaction(self, request, source, received_at)
        self._servers[_key(request, request.method)] = server
        self._on_request(server)

    def request(self, request: Request, to: Address, on_response: Callable[[Response | None], None]) -> None:
        """Send *request* in a transaction of its own (its Via must carry a fresh branch)."""
        self._clients[request.branch] = ClientTransaction(self, request, to, on_response)

    def invite_of(self, cancel: Request) -> ServerTransaction | None:
        """The INVITE that *cancel* means."""
        return self._servers.get(_key(cancel, "INVITE"))

    def send(self, data: bytes, to: Address) -> None:
        """One datagram, as it is."""
        if self._socket is not None and not self._socket.is_closing():
            self._socket.sendto(data, to)

    def forget_client(self, branch: str) -> None:
        """The transaction is over."""
        self._clients.pop(branch, None)

    def forget_server(self, server: ServerTransaction) -> None:
        """The transaction is over."""
        self._servers.pop(_key(server.request, server.request.method), None)

    async def close(self) -> None:
        """Drop all timers; close the socket and wait until it is."""
        for client in self._clients.values():
            client.close()
        for server in self._servers.values():
            server.acknowledged()
        if self._socket is not None:
            self._socket.close()
            await self._closed.wait()


def _key(request: Request, method: str) -> tuple[str, str, str]:
    return request.branch, request.call_id, method
