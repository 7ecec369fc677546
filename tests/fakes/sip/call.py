"""One call leg: dialog, media and the moments of its life. Times are `time.monotonic()` seconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.fakes.sip.digest import Credentials
from tests.fakes.sip.message import (
    Address,
    Message,
    Request,
    Response,
    display_name,
    parameter,
    parse,
    reply,
    uri_of,
    user_of,
)
from tests.fakes.sip.rtp import RtpStream
from tests.fakes.sip.sdp import Codec, Media, Sdp, answer_media, parse_sdp
from tests.fakes.sip.transaction import ServerTransaction, new_branch

if TYPE_CHECKING:
    from tests.fakes.sip.peer import SipPeer

Extra = Sequence[tuple[str, str]]


class CallFailed(Exception):
    """The call got a final answer other than 200, or ended, while something else was awaited."""

    def __init__(self, call: Call) -> None:
        super().__init__(f"{call.step} with status {call.status}")
        self.status = call.status


class Step(StrEnum):
    """Where the leg stands; ENDED is final."""

    CALLING = "calling"
    RINGING = "ringing"
    UP = "up"
    ENDED = "ended"


class Call:
    """What outgoing and incoming legs share, from the answer on."""

    def __init__(self, peer: SipPeer, *, call_id: str, local: str, remote: str, tone: int | None) -> None:
        self.peer = peer
        self.call_id = call_id
        self.local, self.remote = local, remote  # From and To values as we say them, tags included
        self.remote_target = ""
        self.next_hop: Address = ("", 0)
        self.route: list[str] = []
        self.credentials: Credentials | None = None
        self.step = Step.CALLING
        self.status: int | None = None  # last final response to the INVITE
        self.ringing_at: float | None = None
        self.answered_at: float | None = None
        self.confirmed_at: float | None = None  # incoming: ACK seen; outgoing: ACK sent
        self.ended_at: float | None = None
        self.ended_by: str | None = None  # "us" or "them"
        self.end_reason = ""  # Reason header of BYE or CANCEL
        self.remote_media = Media.SENDRECV
        self.remote_identity = ""  # From or P-Asserted-Identity as last heard
        self.transfer_progress: list[int] = []  # statuses that NOTIFY told about our REFER
        self.refers: list[Request] = []  # REFERs they sent us
        self.rtp = RtpStream(peer.host, codec=peer.codec, frequency=tone or 0)
        self._wants_to_send = tone is not None
        self._media = Media.SENDRECV
        self._sequence = 1
        self._sdp_version = 1
        self._waiters: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    # -- waiting -------------------------------------------------------------------------------

    async def until(self, what: Callable[[], bool], timeout: float) -> None:
        """Wait until *what* holds. Raises TimeoutError, or CallFailed when the call ends before."""
        if what():
            return
        if self.step is Step.ENDED:
            raise CallFailed(self)
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (what, waiter)
        self._waiters.append(entry)
        try:
            async with asyncio.timeout(timeout):
                await waiter
        finally:
            self._waiters.remove(entry)

    async def ringing(self, timeout: float = 20.0) -> Call:
        """Wait for 180."""
        await self.until(lambda: self.ringing_at is not None, timeout)
        return self

    async def answered(self, timeout: float = 20.0) -> Call:
        """Wait until the call is up."""
        await self.until(lambda: self.answered_at is not None, timeout)
        return self

    async def ended(self, timeout: float = 20.0) -> Call:
        """Wait until the leg is over, however it ended."""
        await self.until(lambda: self.step is Step.ENDED, timeout)
        return self

    async def hears(self, candidates: Iterable[int], expected: int | None, timeout: float = 20.0) -> None:
        """Wait until *expected* (Hz) is what is heard among *candidates*.

        Raises TimeoutError, which tells what was heard instead.
        """
        candidates = tuple(candidates)
        self.rtp.forget()
        sent, received, looks = self.rtp.sent, self.rtp.received, 0
        try:
            async with asyncio.timeout(timeout):
                while True:
                    await asyncio.sleep(0.2)
                    looks += 1
                    if self.rtp.heard(candidates) == expected:
                        return
        except TimeoutError:
            raise TimeoutError(
                f"{expected} Hz not heard in {looks} looks: {self.rtp.strengths(candidates)} of the energy,"
                f" {self.rtp.received - received} packets came, {self.rtp.sent - sent} went, leg {self.step}"
            ) from None

    def changed(self) -> None:
        """Wake those whose moment has come."""
        for what, waiter in self._waiters:
            if waiter.done():
                continue
            if what():
                waiter.set_result(None)
            elif self.step is Step.ENDED:
                waiter.set_exception(CallFailed(self))

    # -- what the test does --------------------------------------------------------------------

    async def hangup(self, timeout: float = 20.0) -> None:
        """End the leg with BYE. Nothing happens when it is over already."""
        if self.step is not Step.UP:
            return
        bye = self.request("BYE")
        self.finish("us")
        await self.ask(bye, timeout)

    async def hold(self, media: Media = Media.SENDONLY, timeout: float = 20.0) -> int:
        """Put the other side on hold by re-INVITE; returns the status."""
        return await self._reinvite(media, timeout)

    async def resume(self, timeout: float = 20.0) -> int:
        """Take it back; returns the status."""
        return await self._reinvite(Media.SENDRECV, timeout)

    async def refer(self, target: str, timeout: float = 20.0) -> int:
        """Blind transfer of the other side to URI *target*; returns the status (202: taken)."""
        return await self._refer(f"<{target}>", timeout)

    async def refer_attended(self, consult: Call, timeout: float = 20.0) -> int:
        """Connect the other side with the party of *consult* (REFER with Replaces, RFC 3891)."""
        theirs, ours = parameter(consult.remote, "tag"), parameter(consult.local, "tag")
        tags = f"{consult.call_id};to-tag={theirs};from-tag={ours}"
        return await self._refer(f"<{uri_of(consult.remote)}?Replaces={quote(tags, safe='')}>", timeout)

    async def join(self, consult: Call, timeout: float = 20.0) -> None:
        """An attended transfer as phones do it: told that it worked, they hang up. Raises CallFailed.

        Not the consult call: the switch ends it once the other party stands in its place, some moments
        later (Asterisk moves that party after it has left its bridge). Ended before, it ends that one's call.
        """
        assert await self.refer_attended(consult, timeout) == 202
        assert await self.transferred(timeout) == 200
        await self.hangup()
        await consult.ended(timeout)

    async def transferred(self, timeout: float = 20.0) -> int:
        """Wait for the final NOTIFY about our REFER; returns the status it told."""
        try:
            await self.until(lambda: any(status >= 200 for status in self.transfer_progress), timeout)
        except CallFailed:  # the switch may end our leg before it tells
            if not any(status >= 200 for status in self.transfer_progress):
                raise
        return self.transfer_progress[-1]

    # -- requests inside the dialog ------------------------------------------------------------

    def request(self, method: str, extra: Extra = ()) -> Request:
        """A new request of this dialog."""
        self._sequence += 1
        return Request(
            method=method,
            uri=self.remote_target,
            headers=[
                ("Via", self.peer.via(new_branch())),
                *(("Route", hop) for hop in self.route),
                ("Max-Forwards", "70"),
                ("From", self.local),
                ("To", self.remote),
                ("Call-ID", self.call_id),
                ("CSeq", f"{self._sequence} {method}"),
                ("Contact", self.peer.contact),
                *extra,
            ],
        )

    async def ask(self, request: Request, timeout: float) -> Response:
        """Send *request*, answer a challenge, return the final response. Raises TimeoutError."""
        response = await self.peer.ask(request, self.next_hop, self.credentials, timeout)
        self._sequence = max(self._sequence, response.cseq[0])
        return response

    async def _reinvite(self, media: Media, timeout: float) -> int:
        request = self.request("INVITE", [("Content-Type", "application/sdp")])
        request.body = self.sdp(media)
        response = await self.ask(request, timeout)
        if response.status == 200:
            self.acknowledge(response)
            self._media = media
            self.take_sdp(response.body)
        return response.status

    async def _refer(self, refer_to: str, timeout: float) -> int:
        extra = [("Refer-To", refer_to), ("Referred-By", f"<{uri_of(self.local)}>")]
        response = await self.ask(self.request("REFER", extra), timeout)
        return response.status

    def acknowledge(self, response: Response) -> None:
        """ACK of a 2xx: a request of its own, outside any transaction."""
        ack = self.request("ACK")
        self._sequence -= 1
        ack.replace("CSeq", f"{response.cseq[0]} ACK")
        self.peer.send(ack, self.next_hop)

    # -- requests of the other side ------------------------------------------------------------

    def receive(self, server: ServerTransaction) -> None:
        """Answer a request inside the dialog."""
        request = server.request
        match request.method:
            case "BYE":
                server.answer(200)
                self.end_reason = request.get("Reason")
                self.finish("them")
            case "INVITE" | "UPDATE":
                self._renegotiate(server)
            case "NOTIFY":
                server.answer(200)
                self._notified(request)
            case "REFER":
                self.refers.append(request)
                server.answer(202)
                self.peer.spawn(self._tell_refer_done(), "refer-notify")
            case "CANCEL":
                server.answer(200)
            case _:
                server.answer(200)
        self.changed()

    def _renegotiate(self, server: ServerTransaction) -> None:
        request = server.request
        self.remote_identity = request.get("P-Asserted-Identity") or self.remote_identity
        response = reply(request, 200)
        response.headers.append(("Contact", self.peer.contact))
        if request.method == "INVITE" or request.body:
            response.headers.append(("Content-Type", "application/sdp"))
            offer = parse_sdp(request.body)
            response.body = self.sdp(answer_media(offer.media) if offer else self._media)
            self.take_sdp(request.body)
        server.respond(response)

    def _notified(self, request: Request) -> None:
        if "sipfrag" in request.get("Content-Type"):
            line = parse(request.body.strip() + b"\r\n\r\n")
            if isinstance(line, Response):
                self.transfer_progress.append(line.status)

    async def _tell_refer_done(self) -> None:
        notify = self.request(
            "NOTIFY",
            [
                ("Event", "refer"),
                ("Subscription-State", "terminated;reason=noresource"),
                ("Content-Type", "message/sipfrag;version=2.0"),
            ],
        )
        notify.body = b"SIP/2.0 200 OK\r\n"
        await self.ask(notify, 5.0)

    # -- media and ends ------------------------------------------------------------------------

    def sdp(self, media: Media = Media.SENDRECV) -> bytes:
        """Our side of the offer or answer."""
        codecs = (self.peer.codec, *(codec for codec in Codec if codec is not self.peer.codec))
        self._sdp_version += 1
        return Sdp(self.rtp.address, codecs, media, self._sdp_version).to_bytes()

    def take_sdp(self, body: bytes) -> None:
        """Follow the other side's description; nothing changes when there is none."""
        theirs = parse_sdp(body)
        if theirs is None:
            return
        self.remote_media = theirs.media
        codec = self.peer.codec if self.peer.codec in theirs.codecs else theirs.codecs[0]
        listening = theirs.media in (Media.SENDRECV, Media.RECVONLY)
        sending = self._wants_to_send and listening and self._media is Media.SENDRECV
        self.rtp.connect(theirs.address, codec, sending=sending)

    def learn(self, message: Message) -> None:
        """Dialog facts of the other side's INVITE or 2xx."""
        self.remote_identity = message.get("P-Asserted-Identity") or self.remote_identity
        if message.get("Contact"):
            self.remote_target = uri_of(message.get("Contact"))

    def finish(self, by: str) -> None:
        """The leg is over."""
        if self.step is Step.ENDED:
            return
        self.step, self.ended_by, self.ended_at = Step.ENDED, by, time.monotonic()
        self.rtp.close()
        self.peer.forget(self)
        self.changed()

    @property
    def remote_number(self) -> str:
        """User part of the identity heard last."""
        return user_of(uri_of(self.remote_identity))

    @property
    def remote_name(self) -> str:
        """Display name of the identity heard last."""
        return display_name(self.remote_identity)
