"""One login on one TCP connection: panoramisk's protocol, action and manager, each made safe.

A session never reconnects and never replays: when it is lost, everything pending fails at once and a
fresh session begins. `link.py` decides when.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import secrets
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

import structlog
from panoramisk import Manager
from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol

from callrouter.ami.frames import Fields, FrameDecoder, StreamBroken
from crm_core.errors import BadInput, Unavailable
from crm_core.i18n import N_

log = structlog.get_logger(__name__)

Value = str | int | bool | Sequence[str]
"""What an action header may hold; a sequence is sent as one line each (`Variable`)."""

_HEADER: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*")
# Asterisk cuts lines at 1024 bytes and would take the rest for another line.
_MAX_LINE: Final = 1000
_ACCEPTED: Final = "Authentication accepted"
_IN_USE: Final = "Login Already In Use"


class LoginRefused(Exception):
    """The switch does not let us in: wrong secret, address not permitted, or the account is in use."""

    @property
    def in_use(self) -> bool:
        """The secret is right, but somebody else is logged in (`allowmultiplelogin=no`)."""
        return str(self) == _IN_USE


class OutcomeUnknown(Unavailable):
    """It was sent, but no answer came: look whether it happened, never send it again."""

    code = "outcome_unknown"


class Incomplete(Exception):
    """A list lacks rows (one was refused as forged): not to be taken for the whole truth."""


class _LinkAction(Action):
    """An action that knows when its answer is whole: by the list marks, where panoramisk guesses by texts."""

    def add_message(self, message: Fields) -> bool:
        """Take one frame; True when it was the last. An error ends a list too."""
        self.responses.append(message)
        more = message.get("EventList", "").lower() not in ("complete", "cancelled")
        if self.as_list and more and message.get("Response", "Success") == "Success":
            return False
        if not self.future.done():
            self.future.set_result(self.responses)
        return True


class _LinkProtocol(AMIProtocol):
    """Bytes to checked frames to whoever waits for them. `data_received` never raises."""

    def __init__(self, session: Session, decoder: FrameDecoder) -> None:
        self.session = session
        self.decoder = decoder
        self.received = 0

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        try:
            frames = self.decoder.feed(data)
        except StreamBroken as broken:
            self.session.drop(str(broken))
            return
        for fields in frames:
            self.handle_message(fields)
        self.session.on_read(self.decoder)

    def handle_message(self, message: Fields) -> None:
        action = self.responses.get(message.get("ActionID", ""))
        # Only list rows belong to an action; OriginateResponse and the like are news for everybody.
        if action is not None and (action.as_list or "Response" in message):
            if action.add_message(message):
                self.responses.pop(action.id, None)
        elif "Event" in message and not self.closed:
            self.session.on_event(message)

    def connection_lost(self, exc: Exception | None) -> None:
        self.session.drop(str(exc) if exc else "closed by the switch")

    def close(self) -> None:
        """Close for good and fail what is pending; panoramisk would keep it for a replay."""
        pending = self.responses
        self.responses: dict[str, _LinkAction] = {}
        for action in pending.values():
            if not action.future.done():
                action.future.set_exception(OutcomeUnknown())
                action.future.exception()  # its waiter may be gone: no "never retrieved" at exit
        super().close()


class Session(Manager):
    """A connection that is logged in, until it is lost. Make it inside the running loop.

    *on_event* gets each accepted event, *on_read* the decoder after each read; both must not block or raise.
    """

    def __init__(
        self,
        host: str,
        port: int,
        user: str,
        secret: str,
        *,
        systemname: str | None,
        wanted: Collection[str],
        on_event: Callable[[Fields], None],
        on_read: Callable[[FrameDecoder], None],
    ) -> None:
        super().__init__(
            host=host,
            port=port,
            username=user,
            secret=secret,
            events="on" if wanted else "off",
            loop=asyncio.get_running_loop(),
            protocol_factory=self._make_protocol,
        )
        self.on_event = on_event
        self.on_read = on_read
        self.reason = ""
        self.lost = asyncio.Event()
        self._prefix = secrets.token_hex(8) + "-"
        self._ids = itertools.count(1)
        self._systemname = systemname
        self._wanted = wanted
        self._greeting: asyncio.Future[list[Fields]] | None = None

    def _make_protocol(self) -> _LinkProtocol:
        decoder = FrameDecoder(wanted=self._wanted, systemname=self._systemname, reply_prefix=self._prefix)
        return _LinkProtocol(self, decoder)

    async def open(self, timeout: float) -> None:
        """Connect and log in. Raises LoginRefused, OSError, TimeoutError or OutcomeUnknown."""
        async with asyncio.timeout(timeout):
            await self.connect()
            assert self._greeting is not None  # connection_made ran: it is the task's first callback
            answer = (await self._greeting)[0]
        # An account in use elsewhere may also be told Success: only this sentence means that we are in.
        if answer.get("Message") != _ACCEPTED:
            raise LoginRefused(answer.get("Message", "no reason given"))
        self.authenticated = True

    async def action(self, name: str, /, *, timeout: float, **headers: Value) -> Fields:
        """Send and return the response, Error included. Raises BadInput, Unavailable, OutcomeUnknown."""
        return (await self._ask(name, False, timeout, headers))[0]

    async def list_action(self, name: str, /, *, timeout: float, **headers: Value) -> list[Fields]:
        """Send and return the rows. Raises Incomplete, BadInput, Unavailable (also when refused)."""
        first, *rows = await self._ask(name, True, timeout, headers)
        if first.get("Response") != "Success":
            raise Unavailable(first.get("Message", name))
        end = rows.pop() if rows else {}
        if end.get("EventList", "").lower() != "complete" or end.get("ListItems", "") != str(len(rows)):
            raise Incomplete(name)
        return rows

    @property
    def received(self) -> int:
        """Bytes read so far: a sign of life beside the answers to Ping."""
        return 0 if self.protocol is None else int(self.protocol.received)

    def drop(self, reason: str) -> None:
        """End the session at once; what is pending fails. Safe to call twice."""
        if not self.lost.is_set():
            self.reason = reason
            self.lost.set()
        self.authenticated = False
        if self.protocol is not None:
            self.protocol.transport.abort()  # a half-open peer would never let a close finish
        self.close()

    async def _ask(self, name: str, as_list: bool, timeout: float, headers: dict[str, Value]) -> list[Fields]:
        if not self.authenticated:
            raise Unavailable(N_("The telephone system is not connected."))
        action = self._submit({"Action": name, **headers}, as_list)
        try:
            async with asyncio.timeout(timeout):
                answer: list[Fields] = await action.future
        except TimeoutError as error:
            raise OutcomeUnknown() from error
        finally:
            self.protocol.responses.pop(action.id, None)
        return answer

    def _submit(self, headers: dict[str, Value], as_list: bool) -> _LinkAction:
        """Check every header, give our own ActionID, send. Raises BadInput before a byte is written."""
        checked = _checked(headers)
        checked["ActionID"] = f"{self._prefix}{next(self._ids)}"
        action = _LinkAction(checked, as_list=as_list)
        self.protocol.send(action, as_list=as_list)
        return action

    # --- what panoramisk calls ---

    def send_action(self, action: dict[str, Value], as_list: bool = False, **kwargs: Value) -> Any:
        """Panoramisk's own sends (the login) take the same checked way out."""
        return self._submit({**action, **kwargs}, as_list).future

    def connection_made(self, f: asyncio.Future[tuple[asyncio.Transport, _LinkProtocol]]) -> None:
        """Log in; failures to connect are `open`'s to report, not a reason to try again from here."""
        if f.cancelled() or f.exception() is not None:
            return
        if self.lost.is_set():
            f.result()[0].abort()
            return
        super().connection_made(f)
        self._greeting = self.authenticated_future

    def login(self, future: Any) -> None:
        """`open` awaits the answer itself."""

    def ping(self) -> None:
        """`link.py` pings and, unlike panoramisk, looks at the answers."""


def _checked(headers: dict[str, Value]) -> dict[str, str | list[str]]:
    return {header: _checked_value(header, value) for header, value in headers.items()}


def _checked_value(header: str, value: Value) -> str | list[str]:
    if _HEADER.fullmatch(header) is None or header == "ActionID":
        raise BadInput(N_("This is not a header of an AMI action."), field=header)
    if isinstance(value, str):
        text = value
    elif isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, int):
        text = str(value)
    else:
        return [str(_checked_value(header, item)) for item in value]
    # One stray line end is a second action of the sender's choice.
    if any(ch in text for ch in "\r\n\0") or len(header) + 2 + len(text.encode()) > _MAX_LINE:
        raise BadInput(N_("A value for the telephone system may not hold line ends."), field=header)
    return text
