"""The FastAGI wire, read with distrust: the environment, the answers, and `HANGUP` in between.

A caller can put line ends into what Asterisk writes here (see `callrouter/ami/frames.py`): add headers,
end the environment early, forge answers. Asterisk itself never repeats a header and never speaks unasked,
but for `HANGUP`; whatever else does ends the conversation, and the dialplan goes on to its net.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, SupportsIndex

from callrouter.reading.text import decode_text

MAX_ENVIRONMENT: Final = 64 * 1024
_MAX_VALUE: Final = 1024
_MAX_ARGUMENTS: Final = 32
_ANSWER: Final = re.compile(rb"(?P<code>[1-5]\d\d)(?:[ -](?P<text>.*))?", re.S)
_RESULT: Final = re.compile(r"result=(?P<result>-?\d*)(?: \((?P<data>.*)\))?(?: .*)?", re.S)
_HEADER: Final = re.compile(r"agi_[a-z0-9_]+")
_DEAD: Final = 511  # "Command Not Permitted on a dead channel"
_USAGE: Final = 520


class Hangup(Exception):
    """The caller is gone: whatever is answered now reaches nobody."""


class WireError(Exception):
    """What arrived is not what Asterisk sends there: the conversation must end unanswered."""


class CommandRefused(Exception):
    """Asterisk knows no such command, or not in this form."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer with code 200. *result* is an int where Asterisk gave one; *data* stood in parentheses."""

    result: int | None
    data: str | None


@dataclass(frozen=True, slots=True)
class Environment:
    """What Asterisk says of the channel that asks."""

    headers: Mapping[str, str]
    path: str
    args: tuple[str, ...]


class AgiReader(asyncio.StreamReader):
    """A stream that knows whether bytes wait that nobody asked for."""

    def __init__(self, *, limit: int = MAX_ENVIRONMENT) -> None:
        super().__init__(limit=limit)
        self._arrived = 0
        self._taken = 0

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        """Called by the transport."""
        chunk = bytes(data)
        self._arrived += len(chunk)
        super().feed_data(chunk)

    @property
    def waiting(self) -> bool:
        """True when something has arrived and was not read."""
        return self._arrived > self._taken

    async def read_environment(self) -> Environment:
        """Read up to the blank line. Raises WireError, also at the end of stream or of the size limit."""
        try:
            raw = await self.readuntil(b"\n\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError) as error:
            raise WireError("no environment") from error
        self._taken += len(raw)
        return parse_environment(raw)

    async def read_line(self) -> bytes:
        """Read one line without its end. Raises Hangup at the end of stream, WireError when too long."""
        try:
            raw = await self.readuntil(b"\n")
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise Hangup from error
        except asyncio.LimitOverrunError as error:
            raise WireError("line too long") from error
        self._taken += len(raw)
        return raw[:-1]

    async def check_quiet(self) -> None:
        """Before a command: nothing may wait but `HANGUP`. Raises Hangup or WireError."""
        if self.waiting:
            if await self.read_line() == b"HANGUP":
                raise Hangup
            raise WireError("unasked line")

    async def read_answer(self) -> Answer:
        """Read the answer to one command. Raises Hangup, CommandRefused or WireError."""
        hung_up = False
        while True:
            line = await self.read_line()
            if line == b"HANGUP":
                # Out of band: the command's own answer still follows and must not be left to the next one.
                hung_up = True
                continue
            match = _ANSWER.fullmatch(line)
            if match is None:
                raise WireError("not an answer")
            code, text = int(match["code"]), decode_text(match["text"] or b"")
            if code == 100:  # "Trying": the answer comes later
                continue
            if code == _USAGE and line[3:4] == b"-":
                await self._skip_usage()
            if hung_up or code == _DEAD:
                raise Hangup
            if code != 200:
                raise CommandRefused(f"{code} {text}"[:200])
            return parse_result(text)

    async def _skip_usage(self) -> None:
        """`520-` opens several lines of usage, closed by one that begins with `520 `."""
        while not (await self.read_line()).startswith(b"520 "):
            pass


def parse_result(text: str) -> Answer:
    """Read `result=1 (value)`. The value may hold anything, `hangup` and parentheses included."""
    match = _RESULT.fullmatch(text)
    if match is None:
        raise WireError("answer without result")
    return Answer(result=int(match["result"]) if match["result"].lstrip("-") else None, data=match["data"])


def parse_environment(raw: bytes) -> Environment:
    """Read `agi_name: value` lines. Raises WireError for anything else.

    A header that appears twice is refused, not resolved: before the caller's texts the first value would be
    Asterisk's own, but behind them, where the arguments are, the first would be the forged one.
    """
    headers: dict[str, str] = {}
    for line in raw[:-2].split(b"\n"):
        name, colon, value = decode_text(line).partition(": ")
        if not colon or _HEADER.fullmatch(name) is None or len(value) > _MAX_VALUE:
            raise WireError("not an environment")
        if name in headers:
            raise WireError("a header appears twice")
        headers[name] = value
    script = headers.get("agi_network_script")
    if script is None or not headers.get("agi_uniqueid") or not headers.get("agi_channel"):
        raise WireError("incomplete environment")
    return Environment(headers, script, _arguments(headers))


def _arguments(headers: Mapping[str, str]) -> tuple[str, ...]:
    """`agi_arg_1` … without a gap. Raises WireError: a gap means that something was cut out."""
    found = sum(name.startswith("agi_arg_") for name in headers)
    try:
        if found > _MAX_ARGUMENTS:
            raise WireError("too many arguments")
        return tuple(headers[f"agi_arg_{number}"] for number in range(1, found + 1))
    except KeyError as error:
        raise WireError("arguments with a gap") from error
