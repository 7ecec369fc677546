"""An agent's phone: registers (or has a fixed contact) and behaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from tests.fakes.sip.call import Extra
from tests.fakes.sip.digest import STRONGEST_FIRST, Credentials
from tests.fakes.sip.legs import IncomingCall, OutgoingCall
from tests.fakes.sip.message import Address, Request
from tests.fakes.sip.peer import SipPeer
from tests.fakes.sip.sdp import Codec
from tests.fakes.sip.transaction import new_branch


@dataclass(frozen=True, slots=True)
class Manual:
    """Says 100 and leaves the rest to the test."""


@dataclass(frozen=True, slots=True)
class Ring:
    """Rings and never answers."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Rings, answers after *after* seconds, hangs up after *talk* more seconds (None: never)."""

    after: float = 0.0
    talk: float | None = None


@dataclass(frozen=True, slots=True)
class Refuse:
    """Refuses with *status* after *after* seconds of ringing (0: at once, without ringing)."""

    status: int = 486
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class Silent:
    """Is gone: answers nothing at all, OPTIONS included."""


Behaviour = Manual | Ring | Answer | Refuse | Silent


class RegistrationFailed(Exception):
    """The switch did not accept the registration; *status* says how."""

    def __init__(self, status: int) -> None:
        super().__init__(f"REGISTER got {status}")
        self.status = status


class Phone(SipPeer):
    """A phone of endpoint *user*. Every INVITE is handed to `next_invite` whatever the behaviour."""

    server: Address = ("127.0.0.1", 5060)
    credentials: Credentials | None = None

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._behaviour: Behaviour = Manual()
        self._registration = (new_branch(), 0)
        self.registered = False
        self.on_invite = self._behave

    @classmethod
    async def open(  # type: ignore[override]  # a phone is opened by what it is, not by what it binds
        cls,
        host: str,
        *,
        endpoint: str,
        server: Address = ("127.0.0.1", 5060),
        password: str | None = None,
        algorithms: tuple[str, ...] = STRONGEST_FIRST,
        behaviour: Behaviour | None = None,
        port: int = 0,
        codec: Codec = Codec.PCMA,
        tone: int | None = 600,
    ) -> Self:
        """Bind and, when a *password* is given, register. Raises RegistrationFailed."""
        phone = cls(host, endpoint, codec, tone, None)
        phone.server = server
        phone.credentials = Credentials(endpoint, password, algorithms) if password is not None else None
        phone.behaviour = behaviour or Manual()
        await phone._bind(port)
        if phone.credentials is not None:
            try:
                await phone.register()
            except (RegistrationFailed, TimeoutError):
                await phone.close()
                raise
        return phone

    @property
    def behaviour(self) -> Behaviour:
        """What it does with the next INVITE; may be changed at any time."""
        return self._behaviour

    @behaviour.setter
    def behaviour(self, value: Behaviour) -> None:
        self._behaviour = value
        self.answers_options = not isinstance(value, Silent)

    async def register(self, expires: int = 300, timeout: float = 20.0) -> None:
        """Register our contact for *expires* seconds. Raises RegistrationFailed, TimeoutError."""
        host, port = self.server
        call_id, sequence = self._registration
        request = Request(
            method="REGISTER",
            uri=f"sip:{host}:{port}",
            headers=[
                ("Via", self.via(new_branch())),
                ("Max-Forwards", "70"),
                ("From", f"<sip:{self.user}@{host}>;tag={new_branch()}"),
                ("To", f"<sip:{self.user}@{host}>"),
                ("Call-ID", call_id),
                ("CSeq", f"{sequence + 1} REGISTER"),
                ("Contact", self.contact),
                ("Expires", str(expires)),
            ],
        )
        response = await self.ask(request, self.server, self.credentials, timeout)
        self._registration = (call_id, response.cseq[0])
        if response.status != 200:
            raise RegistrationFailed(response.status)
        self.registered = expires > 0

    async def unregister(self) -> None:
        """Take our contact away."""
        await self.register(expires=0)

    async def close(self) -> None:
        """Take the registration away (a silent phone is gone without a word) and end as any peer."""
        if self.registered and not isinstance(self._behaviour, Silent):
            try:
                await self.register(expires=0, timeout=1.0)
            except (RegistrationFailed, TimeoutError):
                pass  # the switch may be gone already: the test ends either way
        await super().close()

    async def dial(self, target: str, *, headers: Extra = (), tone: int | None = -1) -> OutgoingCall:
        """Call an extension or code at the switch."""
        host, port = self.server
        return await self.invite(
            f"sip:{target}@{host}:{port}", headers=headers, tone=tone, credentials=self.credentials
        )

    def _behave(self, call: IncomingCall) -> None:
        call.credentials = self.credentials
        match self._behaviour:
            case Manual():
                call.trying()
            case Ring():
                call.ring()
            case Answer(after=after, talk=talk):
                call.ring()
                self._later(after, call.answer)
                if talk is not None:
                    self._later(after + talk, lambda: self.spawn(call.hangup(), "hangup"))
            case Refuse(status=status, after=0.0):
                call.refuse(status)
            case Refuse(status=status, after=after):
                call.ring()
                self._later(after, lambda: call.refuse(status))
            case Silent():
                pass

    def _later(self, delay: float, what: Callable[[], None]) -> None:
        if delay <= 0:
            what()
        else:
            self.spawn(_after(delay, what), "behaviour")


async def _after(delay: float, what: Callable[[], None]) -> None:
    await asyncio.sleep(delay)
    what()
