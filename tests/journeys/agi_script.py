"""A router made of a function: speaks FastAGI to a real Asterisk, so that a test says what it decides."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Self

TERM = "1"  # what tests put into GLOBAL(CC_TERM)


@dataclass(frozen=True)
class Ask:
    """One question as it arrived. *args* are agi_arg_1 … in order; *script* the path after the token."""

    env: dict[str, str]
    token: str
    script: str
    args: tuple[str, ...]

    @property
    def uniqueid(self) -> str:
        return self.env["agi_uniqueid"]

    @property
    def attempt(self) -> str:
        return self.args[3]

    @property
    def reason(self) -> str:
        return self.args[4]


class Conversation:
    """The channel of one ask: commands out, results in."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def set(self, name: str, value: str) -> str:
        """SET VARIABLE; the result line."""
        self._writer.write(f'SET VARIABLE {name} "{value}"\n'.encode())
        await self._writer.drain()
        async with asyncio.timeout(20):
            return (await self._reader.readline()).decode().strip()

    async def decide(self, ask: Ask, decision: str, *, term: str = TERM) -> None:
        """The whole answer: CC_DECISION, then the proof."""
        await self.set("CC_DECISION", decision)
        await self.set("ROUTE", f"ok:{ask.uniqueid}:{term}:{ask.attempt}")


Answerer = Callable[[Ask, Conversation], Awaitable[None]]


class ScriptedRouter:
    """A FastAGI server whose answers are *answer*; every ask is kept, and can be awaited."""

    def __init__(self, answer: Answerer) -> None:
        self.answer = answer
        self.asks: list[Ask] = []
        self._arrived: asyncio.Queue[Ask] = asyncio.Queue()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    @classmethod
    async def open(cls, answer: Answerer) -> Self:
        """Listen on a free port of 127.0.0.1."""
        router = cls(answer)
        router._server = await asyncio.start_server(router._serve, "127.0.0.1", 0)
        router.port = router._server.sockets[0].getsockname()[1]
        return router

    async def next_ask(self, timeout: float = 20.0) -> Ask:
        """The next ask in order of arrival. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            return await self._arrived.get()

    async def close(self) -> None:
        """Stop listening and drop every conversation."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            ask = await _read_ask(reader)
            self.asks.append(ask)
            self._arrived.put_nowait(ask)
            await self.answer(ask, Conversation(reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the caller hung up in the middle of the dialogue
        finally:
            writer.close()


async def _read_ask(reader: asyncio.StreamReader) -> Ask:
    env: dict[str, str] = {}
    async with asyncio.timeout(20):
        while line := (await reader.readline()).decode(errors="replace").rstrip("\n"):
            name, _, value = line.partition(": ")
            env.setdefault(name.rstrip(":"), value)
    token, _, script = env["agi_network_script"].partition("/")
    numbered = (f"agi_arg_{index}" for index in range(1, 20))
    args = tuple(env[name] for name in numbered if name in env)
    return Ask(env=env, token=token, script=script, args=args)


def always(decision: str) -> Answerer:
    """Decide *decision* for every ask."""

    async def answer(ask: Ask, conversation: Conversation) -> None:
        await conversation.decide(ask, decision)

    return answer


def in_turn(*decisions: str) -> Answerer:
    """Decide *decisions* one after another, the last one again and again."""
    left = list(decisions)

    async def answer(ask: Ask, conversation: Conversation) -> None:
        await conversation.decide(ask, left.pop(0) if len(left) > 1 else left[0])

    return answer
