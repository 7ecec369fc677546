"""The two beginnings of a call leg: ours (outgoing) and theirs (incoming)."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from tests.fakes.sip.call import Call, Extra, Step
from tests.fakes.sip.digest import Credentials, authorize
from tests.fakes.sip.message import Address, Request, Response, parameter, reply, user_of
from tests.fakes.sip.transaction import ServerTransaction, new_branch

if TYPE_CHECKING:
    from tests.fakes.sip.peer import SipPeer


class OutgoingCall(Call):
    """A call we make. `invited_at` is when the first INVITE left."""

    def __init__(
        self,
        peer: SipPeer,
        *,
        uri: str,
        local: str,
        to: Address,
        tone: int | None,
        credentials: Credentials | None,
    ) -> None:
        tagged = f"{local};tag={secrets.token_hex(6)}"
        super().__init__(peer, call_id=secrets.token_hex(12), local=tagged, remote=f"<{uri}>", tone=tone)
        self.remote_target, self.next_hop, self.credentials = uri, to, credentials
        self.invited_at = 0.0
        self.progress_at: float | None = None  # 183
        self.early_media = False
        self.warning = ""
        self._invite: Request | None = None
        self._challenged = False
        self._provisional = False
        self._cancel_wanted = False

    def start(self, headers: Extra) -> None:
        """Send the INVITE."""
        invite = self.request(
            "INVITE", [*headers, ("Allow", self.peer.allow), ("Content-Type", "application/sdp")]
        )
        invite.body = self.sdp()
        self._invite = invite
        self.invited_at = time.monotonic()
        self.peer.transact(invite, self.next_hop, self._response)

    async def hangup(self, timeout: float = 20.0) -> None:
        """CANCEL before the answer, BYE after it; waits until the leg is over."""
        if self.step in (Step.CALLING, Step.RINGING):
            self._cancel_wanted = True
            if self._provisional:  # RFC 3261 9.1: not before the first provisional response
                self._cancel()
            await self.ended(timeout)
        else:
            await super().hangup(timeout)

    def _cancel(self) -> None:
        assert self._invite is not None
        kept = {"via", "route", "max-forwards", "from", "to", "call-id"}
        headers = [(k, v) for k, v in self._invite.headers if k.lower() in kept]
        headers.append(("CSeq", f"{self._invite.cseq[0]} CANCEL"))
        self.peer.send(Request(method="CANCEL", uri=self._invite.uri, headers=headers), self.next_hop)

    def _response(self, response: Response | None) -> None:
        if response is None:
            self.status = 408
            self.finish("us")
        elif response.status < 200:
            self._provisional_response(response)
        elif response.status < 300:
            self._accepted(response)
        elif response.status in (401, 407) and self._retry(response):
            return
        else:
            self.status, self.warning = response.status, response.get("Warning")
            self.end_reason = response.get("Reason")
            self.finish("us" if self._cancel_wanted else "them")
        self.changed()

    def _provisional_response(self, response: Response) -> None:
        now = time.monotonic()
        self._provisional = True
        if parameter(response.get("To"), "tag"):
            self.remote = response.get("To")  # the early dialog (RFC 3261 12.1), which REFER may replace
        if self._cancel_wanted:
            self._cancel()
        if response.status == 180 and self.ringing_at is None:
            self.ringing_at, self.step = now, Step.RINGING
        elif response.status == 183 and self.progress_at is None:
            self.progress_at = now
        if response.body:
            self.early_media = True
            self.take_sdp(response.body)

    def _accepted(self, response: Response) -> None:
        if self.answered_at is None:
            self.status, self.answered_at = 200, time.monotonic()
            self.remote = response.get("To")
            self.route = list(reversed(response.all("Record-Route")))
            self.learn(response)
            self.peer.adopt(self)
            if self.step is not Step.ENDED:
                self.step = Step.UP
                self.take_sdp(response.body)
        self.acknowledge(response)
        self.confirmed_at = time.monotonic()
        if self._cancel_wanted and self.ended_at is None:  # the answer crossed our CANCEL
            self.peer.spawn(super().hangup(), "late-bye")

    def _retry(self, challenge: Response) -> bool:
        assert self._invite is not None
        if self._challenged or self.credentials is None or self._cancel_wanted:
            return False
        self._challenged = True
        self._sequence += 1
        self._invite = self._invite.again(self.peer.via(new_branch()), self._sequence)
        if not authorize(self._invite, challenge, self.credentials):
            return False
        self.peer.transact(self._invite, self.next_hop, self._response)
        return True


class IncomingCall(Call):
    """A call to us. `received_at` is when the INVITE's datagram was read."""

    def __init__(self, peer: SipPeer, server: ServerTransaction, *, tone: int | None) -> None:
        invite = server.request
        local = f"{invite.get('To')};tag={secrets.token_hex(6)}"
        super().__init__(peer, call_id=invite.call_id, local=local, remote=invite.get("From"), tone=tone)
        self.invite = invite
        self.received_at = server.received_at
        self.next_hop = server.source
        self.route = invite.all("Record-Route")
        self.remote_identity = invite.get("From")
        self._server = server
        self.learn(invite)

    @property
    def called(self) -> str:
        """User part of the request URI."""
        return user_of(self.invite.uri)

    def header(self, name: str) -> str:
        """A header of the INVITE, empty when absent."""
        return self.invite.get(name)

    def is_from(self, server: ServerTransaction) -> bool:
        """True when *server* is the transaction that made this call."""
        return self._server is server

    def trying(self) -> None:
        """Send 100."""
        self._server.answer(100)

    def ring(self) -> None:
        """Send 180. Nothing happens when the call is answered or over."""
        if self.step is Step.CALLING:
            self.step, self.ringing_at = Step.RINGING, time.monotonic()
            self._respond(180)
            self.changed()

    def answer(self) -> None:
        """Send 200 with our description. Nothing happens when the call is up or over."""
        if self.step in (Step.CALLING, Step.RINGING):
            self.step, self.answered_at, self.status = Step.UP, time.monotonic(), 200
            self._respond(200, self.sdp())
            self.take_sdp(self.invite.body)
            self.changed()

    def refuse(self, status: int = 486) -> None:
        """Send a final refusal. Nothing happens when the call is up or over."""
        if self.step in (Step.CALLING, Step.RINGING):
            self.status = status
            self._respond(status)
            self.finish("us")

    async def hangup(self, timeout: float = 20.0) -> None:
        """Refuse with 603 before the answer, BYE after it."""
        self.refuse(603)
        await super().hangup(timeout)

    def receive(self, server: ServerTransaction) -> None:
        """CANCEL ends an unanswered call; the rest is as in any dialog."""
        if server.request.method == "CANCEL" and self.step in (Step.CALLING, Step.RINGING):
            server.answer(200)
            self.status = 487
            self.end_reason = server.request.get("Reason")
            self._respond(487)
            self.finish("them")
            return
        super().receive(server)

    def acknowledged(self, ack: Request) -> None:
        """ACK of our 200."""
        self._server.acknowledged()
        if self.confirmed_at is None:
            self.confirmed_at = time.monotonic()
        self.take_sdp(ack.body)
        self.changed()

    def _respond(self, status: int, sdp: bytes = b"") -> None:
        response = reply(self.invite, status, tag=parameter(self.local, "tag"))
        response.headers.append(("Contact", self.peer.contact))
        if sdp:
            response.headers += [("Allow", self.peer.allow), ("Content-Type", "application/sdp")]
            response.body = sdp
        self._server.respond(response)
