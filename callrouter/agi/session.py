"""One question of the dialplan: who asks, and what an answer may do."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from panoramisk.fast_agi import Request

from callrouter.agi.wire import AgiReader, Answer, CommandRefused, Environment, Hangup
from crm_core.errors import BadInput
from crm_core.i18n import N_

if TYPE_CHECKING:
    from callrouter.agi.server import FastAgiServer

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}")
_MAX_COMMAND: Final = 2000  # Asterisk reads a command into 2048 bytes


class AgiSession(Request):
    """What a route gets. Every call raises Hangup once the caller is gone.

    *args*: the arguments of `AGI()`, empty ones as ''. *headers*: `agi_callerid` and its like; texts in
    them are the caller's and not cleaned.
    """

    def __init__(
        self, app: FastAgiServer, environment: Environment, reader: AgiReader, writer: asyncio.StreamWriter
    ) -> None:
        super().__init__(app, environment.headers, reader, writer)
        self.headers: Mapping[str, str] = environment.headers
        self.args = environment.args
        self.uniqueid = environment.headers["agi_uniqueid"]
        self.channel = environment.headers["agi_channel"]
        self._unanswered = 0

    async def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable. Raises BadInput for what cannot be sent, Hangup, CommandRefused."""
        answer = await self.send_command(f"SET VARIABLE {_name(name)} {_quoted(value)}")
        if answer.result != 1:
            raise CommandRefused(name)

    async def finish(self, variables: Iterable[tuple[str, str]]) -> None:
        """Send the settings of *variables*, in this order, and our end of the conversation behind them.

        Asterisk goes on with the call the moment it has read them, and waits for us no more. Raises
        BadInput, Hangup or WireError before a byte is sent; follow with `finished`.
        """
        lines = [_line(f"SET VARIABLE {_name(name)} {_quoted(value)}") for name, value in variables]
        await self.reader.check_quiet()
        if self.reader.at_eof():
            raise Hangup
        self._unanswered = len(lines)
        self.writer.write(b"".join(lines))
        try:
            self.writer.write_eof()
        except OSError as error:  # the connection broke just now: there is nobody to read it
            raise Hangup from error

    async def finished(self) -> None:
        """Wait until all that `finish` sent was taken. Raises Hangup, CommandRefused, WireError."""
        while self._unanswered:
            answer = await self.reader.read_answer()
            if answer.result != 1:
                raise CommandRefused("SET VARIABLE")
            self._unanswered -= 1

    async def send_command(self, command: str) -> Answer:
        """Send one command line and return its answer; one command at a time."""
        line = _line(command)
        await self.reader.check_quiet()
        self.writer.write(line)
        await self.writer.drain()
        answer: Answer = await self.reader.read_answer()
        return answer


def _line(command: str) -> bytes:
    raw = command.encode()
    if any(end in raw for end in b"\r\n\0") or len(raw) > _MAX_COMMAND:
        raise BadInput(N_("A value for the telephone system may not hold line ends."))
    return raw + b"\n"


def _name(name: str) -> str:
    """A plain name: `SHELL(…)` would be a function call."""
    if _VARIABLE.fullmatch(name) is None:
        raise BadInput(N_("This is not the name of a variable."), field="name")
    return name


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
